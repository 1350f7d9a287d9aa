// SPDX-License-Identifier: MIT
/* Pipes that bytes pass through: joined, shared out, or an end. */
#include "tests/unit/check.h"

#include "tests/unit/world.h"

static void requests_splice_through_a_pipe(void **state)
{
	const struct transfer *transfer;
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, w.pipe, CS_CACHE_HELD_BY_PIPE, REQUEST_SPLICE, 128, 8 * MIB);
	ROW(w.p, w.pipe, w.tcp, CS_PIPE_HELD_BY_SOCKET, REQUEST_SPLICE, 64, 8 * MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 1);
	transfer = &report->transfers[0];
	assert_int_equal(transfer->delivered_bytes, 8 * MIB);
	assert_int_equal(call_count(transfer, "io_uring:splice"), 192);
	assert_int_equal(transfer->verdict, VERDICT_ZERO_COPY);
	report_free(report);
}

static void a_pipe_for_splicing_is_a_place(void **state)
{
	struct world w;
	const struct transfer *transfer;
	struct report *report;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, w.pipe, CS_CACHE_HELD_BY_PIPE, NR_SPLICE, 128, 8 * MIB);
	ROW(w.p, w.pipe, w.tcp, CS_PIPE_HELD_BY_SOCKET, NR_SPLICE, 128, 8 * MIB);
	SIDE(0, w.file, CS_MEMORY, CS_DISK_TO_CACHE, 8 * MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 1);
	transfer = between(report, CS_KIND_FILE, CS_KIND_TCP);
	assert_int_equal(transfer->delivered_bytes, 8 * MIB);
	assert_int_equal(transfer->nr_hops, 3);
	assert_int_equal(transfer->hops[0].id, CS_DISK_TO_CACHE);
	assert_int_equal(transfer->hops[1].id, CS_CACHE_HELD_BY_PIPE);
	assert_int_equal(transfer->hops[2].id, CS_PIPE_HELD_BY_SOCKET);
	assert_int_equal(call_count(transfer, "splice"), 256);
	assert_int_equal(transfer->verdict, VERDICT_ZERO_COPY);
	report_free(report);
}

static void pipes_in_a_row_are_joined(void **state)
{
	struct world w;
	struct report *report;

	(void)state;
	begin(&w);
	ROW(w.p, w.pipe2, w.tcp, CS_PIPE_HELD_BY_SOCKET, NR_SPLICE, 1, MIB);
	ROW(w.p, w.pipe, w.pipe2, CS_PIPE_HELD_BY_PIPE, NR_SPLICE, 1, MIB);
	ROW(w.p, w.file, w.pipe, CS_CACHE_HELD_BY_PIPE, NR_SPLICE, 1, MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 1);
	assert_int_equal(report->transfers[0].nr_hops, 3);
	assert_int_equal(report->transfers[0].delivered_bytes, MIB);
	report_free(report);
}

/* A tee leaves the bytes in the first pipe: both destinations get all of them. */
static void a_tee_goes_to_both(void **state)
{
	struct world w;
	const struct transfer *sent, *kept;
	struct report *report;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, w.pipe, CS_CACHE_HELD_BY_PIPE, NR_SPLICE, 4, 8 * MIB);
	ROW(w.p, w.pipe, w.pipe2, CS_PIPE_HELD_BY_PIPE, NR_TEE, 4, 8 * MIB);
	ROW(w.p, w.pipe, w.other, CS_PIPE_TO_CACHE, NR_SPLICE, 4, 8 * MIB);
	ROW(w.p, w.pipe2, w.tcp, CS_PIPE_HELD_BY_SOCKET, NR_SPLICE, 4, 8 * MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 2);
	sent = between(report, CS_KIND_FILE, CS_KIND_TCP);
	kept = between(report, CS_KIND_FILE, CS_KIND_FILE);
	assert_int_equal(sent->delivered_bytes, 8 * MIB);
	assert_int_equal(kept->delivered_bytes, 8 * MIB);
	/* The splice into the first pipe was for both. */
	assert_int_equal(transfer_hop_bytes(sent, CS_CACHE_HELD_BY_PIPE), 4 * MIB);
	assert_int_equal(transfer_hop_bytes(kept, CS_CACHE_HELD_BY_PIPE), 4 * MIB);
	assert_int_equal(transfer_hop_bytes(sent, CS_PIPE_HELD_BY_PIPE), 8 * MIB);
	assert_int_equal(transfer_hop_bytes(kept, CS_PIPE_HELD_BY_PIPE), 0);
	assert_int_equal(call_count(sent, "tee"), 4);
	assert_int_equal(call_count(sent, "splice"), 6);
	assert_int_equal(call_count(kept, "splice"), 6);
	assert_int_equal(sent->verdict, VERDICT_ZERO_COPY);
	assert_int_equal(kept->verdict, VERDICT_COPIED);
	report_free(report);
}

/* A header from memory and a file, through one pipe to one socket. */
static void two_sources_of_a_pipe(void **state)
{
	struct world w;
	const struct transfer *header, *body;
	struct report *report;

	(void)state;
	begin(&w);
	ROW(w.p, CS_MEMORY, w.pipe, CS_USER_PINNED_BY_PIPE, NR_VMSPLICE, 8, MIB);
	ROW(w.p, w.file, w.pipe, CS_CACHE_HELD_BY_PIPE, NR_SPLICE, 8, 3 * MIB);
	ROW(w.p, w.pipe, w.tcp, CS_PIPE_HELD_BY_SOCKET, NR_SPLICE, 8, 4 * MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 2);
	header = between(report, CS_KIND_MEMORY, CS_KIND_TCP);
	body = between(report, CS_KIND_FILE, CS_KIND_TCP);
	assert_int_equal(header->delivered_bytes, MIB);
	assert_int_equal(body->delivered_bytes, 3 * MIB);
	assert_int_equal(transfer_hop_bytes(header, CS_PIPE_HELD_BY_SOCKET), MIB);
	assert_int_equal(transfer_hop_bytes(body, CS_PIPE_HELD_BY_SOCKET), 3 * MIB);
	assert_int_equal(call_count(header, "splice"), 2);
	assert_int_equal(call_count(body, "splice"), 14);
	assert_int_equal(header->verdict, VERDICT_ZERO_COPY);
	report_free(report);
}

/* What was read into a buffer goes on by vmsplice(), and what comes out of a pipe by it. */
static void vmsplice_is_no_end(void **state)
{
	struct world w;
	const struct transfer *transfer;
	struct report *report;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 8, MIB);
	ROW(w.p, w.file, w.pipe, CS_USER_PINNED_BY_PIPE, NR_VMSPLICE, 8, MIB);
	ROW(w.p, w.pipe, w.tcp, CS_PIPE_HELD_BY_SOCKET, NR_SPLICE, 8, MIB);
	ROW(w.p, w.other, w.pipe2, CS_CACHE_HELD_BY_PIPE, NR_SPLICE, 8, MIB);
	ROW(w.p, w.pipe2, CS_MEMORY, CS_PIPE_TO_USER, NR_VMSPLICE, 8, MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 2);
	transfer = between(report, CS_KIND_FILE, CS_KIND_TCP);
	assert_int_equal(transfer->cpu_copied_bytes, MIB);
	assert_int_equal(transfer->nr_hops, 3);
	transfer = between(report, CS_KIND_FILE, CS_KIND_MEMORY);
	assert_int_equal(transfer->cpu_copied_bytes, MIB);
	assert_true(transfer_says(transfer, "vmsplice-copies"));
	report_free(report);
}

/* The tracing began, or ended, with bytes in the pipe. */
static void a_pipe_may_hold_bytes(void **state)
{
	struct world w;
	const struct transfer *sent, *held;
	struct report *report;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, w.pipe, CS_CACHE_HELD_BY_PIPE, NR_SPLICE, 8, 8 * MIB);
	ROW(w.p, w.pipe, w.tcp, CS_PIPE_HELD_BY_SOCKET, NR_SPLICE, 6, 6 * MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 2);
	sent = between(report, CS_KIND_FILE, CS_KIND_TCP);
	held = between(report, CS_KIND_FILE, CS_KIND_PIPE);
	assert_int_equal(sent->delivered_bytes, 6 * MIB);
	assert_int_equal(transfer_hop_bytes(sent, CS_CACHE_HELD_BY_PIPE), 6 * MIB);
	assert_int_equal(call_count(sent, "splice"), 12);
	assert_int_equal(held->delivered_bytes, 2 * MIB);
	assert_int_equal(call_count(held, "splice"), 2);
	report_free(report);

	begin(&w);
	ROW(w.p, w.file, w.pipe, CS_CACHE_HELD_BY_PIPE, NR_SPLICE, 6, 6 * MIB);
	ROW(w.p, w.pipe, w.tcp, CS_PIPE_HELD_BY_SOCKET, NR_SPLICE, 8, 8 * MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 2);
	sent = between(report, CS_KIND_FILE, CS_KIND_TCP);
	held = between(report, CS_KIND_PIPE, CS_KIND_TCP);
	assert_int_equal(sent->delivered_bytes, 6 * MIB);
	assert_int_equal(transfer_hop_bytes(sent, CS_PIPE_HELD_BY_SOCKET), 6 * MIB);
	assert_int_equal(call_count(sent, "splice"), 12);
	assert_int_equal(held->delivered_bytes, 2 * MIB);
	report_free(report);
}

/* Each of these keeps the pipe an endpoint. */
static void other_pipes_are_not_joined(void **state)
{
	struct world w;
	struct report *report;

	(void)state;
	for (int variant = 0; variant < 6; variant++) {
		uint32_t q = fixture_process(&begin(&w)->fixture, 813, "cat");
		bool other_reader = variant == 0;

		ROW(w.p, w.file, w.pipe, CS_CACHE_HELD_BY_PIPE, NR_SPLICE, 1, MIB);
		ROW(other_reader ? q : w.p, w.pipe, w.tcp, CS_PIPE_HELD_BY_SOCKET, NR_SPLICE, 1,
		    variant == 1 ? MIB / 2 : MIB);
		if (variant == 2)
			ROW(w.p, w.other, w.pipe, CS_CACHE_HELD_BY_PIPE, NR_SPLICE, 1, MIB);
		if (variant == 3)
			ROW(w.p, w.pipe, w.tcp2, CS_PIPE_HELD_BY_SOCKET, NR_SPLICE, 1, MIB);
		if (variant == 4)
			ROW(w.p, w.pipe, CS_MEMORY, CS_PIPE_TO_USER, NR_READ, 1, MIB);
		if (variant == 5)
			ROW(w.p, w.file, w.pipe, CS_USER_TO_PIPE, NR_WRITE, 1, MIB);
		report = report_of(&w.fixture);
		assert_int_equal(report->nr_transfers, variant < 2 || variant == 5 ? 2 : 3);
		report_free(report);
	}
}

static void a_pipe_that_feeds_itself_ends(void **state)
{
	struct world w;
	struct report *report;

	(void)state;
	begin(&w);
	ROW(w.p, w.pipe, w.pipe2, CS_PIPE_HELD_BY_PIPE, NR_TEE, 1, MIB);
	ROW(w.p, w.pipe2, w.pipe, CS_PIPE_HELD_BY_PIPE, NR_TEE, 1, MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 2);
	report_free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_splice_through_a_pipe),
		cmocka_unit_test(a_pipe_for_splicing_is_a_place),
		cmocka_unit_test(pipes_in_a_row_are_joined),
		cmocka_unit_test(a_tee_goes_to_both),
		cmocka_unit_test(two_sources_of_a_pipe),
		cmocka_unit_test(vmsplice_is_no_end),
		cmocka_unit_test(a_pipe_may_hold_bytes),
		cmocka_unit_test(other_pipes_are_not_joined),
		cmocka_unit_test(a_pipe_that_feeds_itself_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
