// SPDX-License-Identifier: MIT
/* Rows folded into transfers: links, and what devices and faults did. */
#include "tests/unit/check.h"

#include <math.h>

#include "tests/unit/world.h"

static void a_read_belongs_to_the_write_of_its_bytes(void **state)
{
	struct world w;
	const struct transfer *transfer;
	struct report *report;
	struct cs_row *row;

	(void)state;
	begin(&w);
	row = ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 128, 8 * MIB);
	row->voluntary = 3;
	row->major = 2;
	row = ROW(w.p, w.file, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 128, 8 * MIB);
	row->involuntary = 1;
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 1);
	transfer = between(report, CS_KIND_FILE, CS_KIND_TCP);
	assert_int_equal(transfer->delivered_bytes, 8 * MIB);
	assert_int_equal(transfer->cpu_copied_bytes, 16 * MIB);
	assert_int_equal(transfer->nr_hops, 2);
	assert_int_equal(transfer->hops[0].id, CS_CACHE_TO_USER);
	assert_int_equal(transfer->hops[1].id, CS_USER_TO_SOCKET);
	assert_int_equal(call_count(transfer, "read"), 128);
	assert_int_equal(call_count(transfer, "write"), 128);
	assert_int_equal(transfer->counters.mode_switches, 512);
	assert_int_equal(transfer->counters.voluntary, 3);
	assert_int_equal(transfer->counters.involuntary, 1);
	assert_int_equal(transfer->counters.major, 2);
	assert_int_equal(transfer->verdict, VERDICT_COPIED);
	assert_true(transfer_says(transfer, "read-write-loop"));
	report_free(report);
}

static void what_was_not_written_on_stays_in_memory(void **state)
{
	struct world w;
	const struct transfer *sent, *kept;
	struct report *report;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 128, 8 * MIB);
	ROW(w.p, w.file, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 32, 2 * MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 2);
	sent = between(report, CS_KIND_FILE, CS_KIND_TCP);
	kept = between(report, CS_KIND_FILE, CS_KIND_MEMORY);
	assert_int_equal(sent->delivered_bytes, 2 * MIB);
	assert_int_equal(sent->cpu_copied_bytes, 4 * MIB);
	assert_int_equal(call_count(sent, "read"), 32);
	assert_int_equal(kept->delivered_bytes, 6 * MIB);
	assert_int_equal(kept->cpu_copied_bytes, 6 * MIB);
	assert_int_equal(call_count(kept, "read"), 96);
	report_free(report);
}

static void a_read_can_fan_out(void **state)
{
	struct world w;
	const struct transfer *sent, *stored;
	struct report *report;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 99, 3 * MIB);
	ROW(w.p, w.file, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 99, 3 * MIB);
	ROW(w.p, w.file, w.other, CS_USER_TO_CACHE, NR_WRITE, 99, 3 * MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 2);
	sent = between(report, CS_KIND_FILE, CS_KIND_TCP);
	stored = between(report, CS_KIND_FILE, CS_KIND_FILE);
	assert_int_equal(sent->delivered_bytes, 3 * MIB);
	assert_int_equal(stored->delivered_bytes, 3 * MIB);
	assert_int_equal(sent->cpu_copied_bytes + stored->cpu_copied_bytes, 9 * MIB);
	/* 99 reads are no even number: nothing is lost or made up. */
	assert_int_equal(call_count(sent, "read") + call_count(stored, "read"), 99);
	report_free(report);
}

static void a_buffer_may_have_been_filled_before(void **state)
{
	struct world w;
	struct report *report;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, MIB);
	ROW(w.p, w.file, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 4, 4 * MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 1);
	assert_int_equal(report->transfers[0].delivered_bytes, 4 * MIB);
	assert_int_equal(report->transfers[0].cpu_copied_bytes, 5 * MIB);
	report_free(report);
}

/* Their mode switches came with io_uring_enter(), one for many requests. */
static void requests_are_operations(void **state)
{
	const struct transfer *transfer;
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, REQUEST_READ, 128, 8 * MIB)->mode_switches =
		0;
	ROW(w.p, w.file, w.tcp, CS_USER_TO_SOCKET, REQUEST_SEND, 128, 8 * MIB)->mode_switches = 64;
	ROW(w.p, w.file, w.tcp, CS_USER_TO_SOCKET, NR_SENDTO, 1, MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 1);
	transfer = &report->transfers[0];
	assert_int_equal(transfer->operations, 257);
	assert_int_equal(call_count(transfer, "io_uring:read"), 128);
	assert_int_equal(call_count(transfer, "io_uring:send"), 128);
	assert_int_equal(call_count(transfer, "sendto"), 1);
	assert_int_equal(transfer->counters.mode_switches, 66);
	report_free(report);
}

static void sendfile_is_no_write_of_what_was_read(void **state)
{
	struct world w;
	struct report *report;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, 4096);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 4, 4 * MIB);
	report = report_of(&w.fixture);
	assert_int_equal(between(report, CS_KIND_FILE, CS_KIND_MEMORY)->delivered_bytes, 4096);
	assert_int_equal(between(report, CS_KIND_FILE, CS_KIND_TCP)->verdict, VERDICT_ZERO_COPY);
	report_free(report);
}

static void processes_are_kept_apart(void **state)
{
	struct world w;
	struct report *report;
	uint32_t q;

	(void)state;
	begin(&w);
	q = fixture_process(&w.fixture, 813, "nginx");
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, MIB);
	ROW(q, w.file, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 1, MIB);
	report = report_of(&w.fixture);
	assert_int_equal(between(report, CS_KIND_FILE, CS_KIND_MEMORY)->process->pid, 812);
	assert_int_equal(between(report, CS_KIND_FILE, CS_KIND_TCP)->process->pid, 813);
	report_free(report);
}

static void faults_go_with_the_mapping(void **state)
{
	struct world w;
	const struct transfer *transfer;
	struct report *report;
	struct cs_row *row;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_MAPPING_TO_SOCKET, NR_WRITE, 128, 8 * MIB);
	ROW(w.p, w.file, w.other, CS_CACHE_TO_CACHE, NR_COPY_FILE_RANGE, 1, MIB);
	row = SIDE(w.p, w.file, CS_MEMORY, CS_CACHE_TO_MAPPING, 8 * MIB);
	row->minor = 128;
	row->mode_switches = 256;
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 2);
	transfer = between(report, CS_KIND_FILE, CS_KIND_TCP);
	assert_int_equal(transfer->counters.minor, 128);
	assert_int_equal(transfer->counters.mode_switches, 512);
	assert_int_equal(transfer->nr_hops, 2);
	assert_int_equal(transfer->hops[0].id, CS_CACHE_TO_MAPPING);
	report_free(report);
}

static void a_mapping_that_is_only_looked_at(void **state)
{
	struct world w;
	const struct transfer *transfer;
	struct report *report;

	(void)state;
	begin(&w);
	SIDE(w.p, w.file, CS_MEMORY, CS_CACHE_TO_MAPPING, 8 * MIB);
	SIDE(w.p, w.file, CS_MEMORY, CS_DISK_TO_CACHE, 8 * MIB);
	report = report_of(&w.fixture);
	transfer = between(report, CS_KIND_FILE, CS_KIND_MEMORY);
	assert_int_equal(transfer->delivered_bytes, 0);
	assert_int_equal(transfer->nr_hops, 2);
	assert_int_equal(transfer->verdict, VERDICT_UNKNOWN);
	assert_true(isnan(copies_per_byte(0, transfer->delivered_bytes)));
	report_free(report);
}

static void the_disk_serves_all_who_read_the_file(void **state)
{
	struct world w;
	struct report *report;
	uint32_t q;

	(void)state;
	begin(&w);
	q = fixture_process(&w.fixture, 813, "curl");
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, 3 * MIB);
	ROW(w.p, w.file, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 1, 3 * MIB);
	ROW(q, w.file, w.tcp2, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB);
	SIDE(0, w.file, CS_MEMORY, CS_DISK_TO_CACHE, 4 * MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct transfer *transfer = &report->transfers[i];

		assert_int_equal(transfer_hop_bytes(transfer, CS_DISK_TO_CACHE),
				 transfer->process->pid == 812 ? 3 * MIB : MIB);
	}
	report_free(report);
}

static void the_disk_serves_the_process_that_it_is_said_to(void **state)
{
	struct world w;
	struct report *report;
	uint32_t q;

	(void)state;
	begin(&w);
	q = fixture_process(&w.fixture, 813, "curl");
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, 3 * MIB);
	ROW(q, w.file, w.tcp2, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB);
	SIDE(q, w.file, CS_MEMORY, CS_DISK_TO_CACHE, 4 * MIB);
	report = report_of(&w.fixture);
	for (size_t i = 0; i < report->nr_transfers; i++) {
		const struct transfer *transfer = &report->transfers[i];

		assert_int_equal(transfer_hop_bytes(transfer, CS_DISK_TO_CACHE),
				 transfer->process->pid == 812 ? 0 : 4 * MIB);
	}
	report_free(report);
}

static void write_back_goes_to_who_wrote(void **state)
{
	struct world w;
	struct report *report;
	uint32_t syncer;

	(void)state;
	begin(&w);
	syncer = fixture_process(&w.fixture, 1, "sync");
	ROW(w.p, CS_MEMORY, w.other, CS_USER_TO_CACHE, NR_WRITE, 1, MIB);
	SIDE(0, CS_MEMORY, w.other, CS_CACHE_TO_DISK, 700000);
	SIDE(syncer, CS_MEMORY, w.other, CS_CACHE_TO_DISK, 300000);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 1);
	assert_int_equal(transfer_hop_bytes(&report->transfers[0], CS_CACHE_TO_DISK), 1000000);
	report_free(report);
}

static void write_back_is_not_of_direct_writes(void **state)
{
	struct world w;
	const struct transfer *direct, *buffered;
	struct report *report;

	(void)state;
	begin(&w);
	ROW(w.p, CS_MEMORY, w.other, CS_USER_TO_DISK, NR_WRITE, 1, MIB);
	ROW(w.p, w.file, w.other, CS_USER_TO_CACHE, NR_WRITE, 1, MIB);
	SIDE(0, CS_MEMORY, w.other, CS_CACHE_TO_DISK, MIB);
	report = report_of(&w.fixture);
	direct = between(report, CS_KIND_MEMORY, CS_KIND_FILE);
	buffered = between(report, CS_KIND_FILE, CS_KIND_FILE);
	assert_int_equal(transfer_hop_bytes(direct, CS_CACHE_TO_DISK), 0);
	assert_int_equal(transfer_hop_bytes(buffered, CS_CACHE_TO_DISK), MIB);
	report_free(report);
}

static void write_back_of_what_nobody_was_seen_to_write(void **state)
{
	struct world w;
	const struct transfer *transfer;
	struct report *report;

	(void)state;
	begin(&w);
	SIDE(w.p, CS_MEMORY, w.other, CS_CACHE_TO_DISK, MIB);
	report = report_of(&w.fixture);
	transfer = between(report, CS_KIND_MEMORY, CS_KIND_FILE);
	assert_int_equal(transfer->process->pid, 812);
	assert_int_equal(transfer->delivered_bytes, 0);
	report_free(report);
}

static void the_nic_sends_by_what_was_delivered(void **state)
{
	struct world w;
	struct report *report;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, 3 * MIB);
	ROW(w.p, CS_MEMORY, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 1, MIB);
	SIDE(0, CS_MEMORY, w.tcp, CS_SOCKET_TO_NIC, 4 * MIB + 3);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 2);
	assert_int_equal(report->totals.bytes[CS_DMA], 4 * MIB + 3);
	/* Who gets the odd bytes does not matter, that someone does, does. */
	assert_in_range(transfer_hop_bytes(between(report, CS_KIND_FILE, CS_KIND_TCP),
					   CS_SOCKET_TO_NIC),
			3 * MIB, 3 * MIB + 3);
	report_free(report);
}

static void indices_of_nothing_do_no_harm(void **state)
{
	struct world w;
	struct report *report;
	struct cs_row *row;

	(void)state;
	begin(&w);
	row = ROW(99999, 88888, 77777, CS_CACHE_TO_SOCKET, NR_READ, 1, MIB);
	row = ROW(w.p, w.file, w.tcp, CS_CACHE_TO_SOCKET, NR_READ, 1, MIB);
	row->key.hop = 255;
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 2);
	report_free(report);
}

static void an_empty_recording(void **state)
{
	struct recording recording = { 0 };
	struct report *report = report_build(&recording, NULL);

	(void)state;
	assert_int_equal(report->nr_transfers, 0);
	report_free(report);
	report_free(NULL);
}

static void options_leave_out(void **state)
{
	struct world w;
	struct filter tcp;
	struct report_options options = { .to = &tcp, .min_bytes = MIB };
	struct report *report;

	(void)state;
	begin(&w);
	assert_null(filter_parse(&tcp, "tcp"));
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB);
	ROW(w.p, w.file, w.tcp2, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB - 1);
	ROW(w.p, w.file, w.other, CS_CACHE_TO_CACHE, NR_COPY_FILE_RANGE, 1, MIB);
	report = report_build(&w.fixture.recording, &options);
	fixture_end(&w.fixture);
	assert_int_equal(report->nr_transfers, 1);
	assert_int_equal(report->nr_left_out, 2);
	assert_int_equal(report->totals.delivered_bytes, MIB);
	assert_int_equal(report->totals.bytes[CS_COPY], 0);
	report_free(report);
}

/* Sent again from the buffer that a read had filled once. */
static void possible_bytes_are_from_memory(void **state)
{
	struct world w;
	const struct transfer *certain, *possible;
	struct report *report;
	struct cs_row *row;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, MIB);
	ROW(w.p, w.file, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 1, MIB);
	row = ROW(w.p, w.file, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 127, 127 * MIB);
	row->key.flags = CS_ROW_POSSIBLE;
	row = ROW(w.p, CS_MEMORY, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 2, 2 * MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 2);
	certain = between(report, CS_KIND_FILE, CS_KIND_TCP);
	assert_int_equal(certain->delivered_bytes, MIB);
	assert_int_equal(certain->cpu_copied_bytes, 2 * MIB);
	assert_int_equal(certain->nr_may_be_from, 0);
	possible = between(report, CS_KIND_MEMORY, CS_KIND_TCP);
	assert_int_equal(possible->delivered_bytes, 129 * MIB);
	assert_int_equal(possible->cpu_copied_bytes, 129 * MIB);
	assert_int_equal(possible->nr_may_be_from, 1);
	assert_ptr_equal(possible->may_be_from[0].endpoint, certain->from);
	assert_int_equal(possible->may_be_from[0].bytes, 127 * MIB);
	assert_false(transfer_says(possible, "read-write-loop"));
	report_free(report);
}

/* The CPU copied none of what is sent, but a read may have copied it before. */
static void possible_and_lost_sources_are_never_zero_copy(void **state)
{
	struct world w;
	struct report *report;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_USER_PINNED_BY_SOCKET, NR_WRITE, 1, MIB)->key.flags =
		CS_ROW_POSSIBLE;
	report = report_of(&w.fixture);
	assert_int_equal(report->transfers[0].verdict, VERDICT_UNKNOWN);
	report_free(report);
	begin(&w);
	ROW(w.p, CS_UNRESOLVED, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 1, MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->transfers[0].verdict, VERDICT_UNKNOWN);
	report_free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(possible_bytes_are_from_memory),
		cmocka_unit_test(possible_and_lost_sources_are_never_zero_copy),
		cmocka_unit_test(a_read_belongs_to_the_write_of_its_bytes),
		cmocka_unit_test(what_was_not_written_on_stays_in_memory),
		cmocka_unit_test(a_read_can_fan_out),
		cmocka_unit_test(a_buffer_may_have_been_filled_before),
		cmocka_unit_test(requests_are_operations),
		cmocka_unit_test(sendfile_is_no_write_of_what_was_read),
		cmocka_unit_test(processes_are_kept_apart),
		cmocka_unit_test(faults_go_with_the_mapping),
		cmocka_unit_test(a_mapping_that_is_only_looked_at),
		cmocka_unit_test(the_disk_serves_all_who_read_the_file),
		cmocka_unit_test(the_disk_serves_the_process_that_it_is_said_to),
		cmocka_unit_test(write_back_goes_to_who_wrote),
		cmocka_unit_test(write_back_is_not_of_direct_writes),
		cmocka_unit_test(write_back_of_what_nobody_was_seen_to_write),
		cmocka_unit_test(the_nic_sends_by_what_was_delivered),
		cmocka_unit_test(indices_of_nothing_do_no_harm),
		cmocka_unit_test(an_empty_recording),
		cmocka_unit_test(options_leave_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
