// SPDX-License-Identifier: MIT
/* Rows folded into transfers: links, pipes, and what devices and faults did. */
#include "tests/unit/check.h"

#include <math.h>
#include <string.h>

struct world {
	struct fixture fixture;
	uint32_t p, file, other, tcp, tcp2, pipe, pipe2;
};

static struct world *begin(struct world *world)
{
	struct fixture *f = &world->fixture;

	fixture_begin(f);
	world->p = fixture_process(f, 812, "nginx");
	world->file = fixture_file(f, "/srv/a");
	world->other = fixture_file(f, "/srv/b");
	world->tcp = fixture_tcp(f, "10.0.0.1", 80, "10.0.0.2", 1);
	world->tcp2 = fixture_tcp(f, "10.0.0.1", 80, "10.0.0.2", 2);
	world->pipe = fixture_other(f, CS_KIND_PIPE, NULL);
	world->pipe2 = fixture_other(f, CS_KIND_PIPE, NULL);
	return world;
}

#define ROW(...) fixture_row(&w.fixture, __VA_ARGS__)
#define SIDE(...) fixture_side(&w.fixture, __VA_ARGS__)

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_read_belongs_to_the_write_of_its_bytes),
		cmocka_unit_test(what_was_not_written_on_stays_in_memory),
		cmocka_unit_test(a_read_can_fan_out),
		cmocka_unit_test(a_buffer_may_have_been_filled_before),
		cmocka_unit_test(requests_are_operations),
		cmocka_unit_test(requests_splice_through_a_pipe),
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
		cmocka_unit_test(a_pipe_for_splicing_is_a_place),
		cmocka_unit_test(pipes_in_a_row_are_joined),
		cmocka_unit_test(a_tee_goes_to_both),
		cmocka_unit_test(two_sources_of_a_pipe),
		cmocka_unit_test(vmsplice_is_no_end),
		cmocka_unit_test(a_pipe_may_hold_bytes),
		cmocka_unit_test(other_pipes_are_not_joined),
		cmocka_unit_test(a_pipe_that_feeds_itself_ends),
		cmocka_unit_test(indices_of_nothing_do_no_harm),
		cmocka_unit_test(an_empty_recording),
		cmocka_unit_test(options_leave_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
