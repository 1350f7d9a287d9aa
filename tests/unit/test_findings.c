// SPDX-License-Identifier: MIT
/* Verdicts, and what the report says by itself. */
#include "tests/unit/check.h"

#include <string.h>

#include "tests/unit/world.h"

static enum verdict verdict_of(struct fixture *fixture)
{
	struct report *report = report_of(fixture);
	enum verdict verdict;

	assert_int_equal(report->nr_transfers, 1);
	verdict = report->transfers[0].verdict;
	report_free(report);
	return verdict;
}

static void zero_copy_needs_all_to_be_seen(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB);
	assert_int_equal(verdict_of(&w.fixture), VERDICT_ZERO_COPY);

	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB)->key.flags =
		CS_ROW_DERIVED;
	assert_int_equal(verdict_of(&w.fixture), VERDICT_UNKNOWN);

	/* Half of what was delivered took a way that no hook saw. */
	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB)->bytes = MIB / 2;
	assert_int_equal(verdict_of(&w.fixture), VERDICT_UNKNOWN);

	/* Pinned pages may be copied after all. */
	begin(&w);
	ROW(w.p, CS_MEMORY, w.tcp, CS_USER_PINNED_BY_SOCKET, NR_SENDTO, 1, MIB);
	assert_int_equal(verdict_of(&w.fixture), VERDICT_UNKNOWN);
}

static void stores_to_a_mapping_are_told(void **state)
{
	const struct transfer *transfer;
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	SIDE(w.p, CS_MEMORY, w.file, CS_MAPPING_DIRTIED, MIB)->key.call = CS_CALL_FAULT;
	report = report_of(&w.fixture);
	transfer = between(report, CS_KIND_MEMORY, CS_KIND_FILE);
	assert_true(transfer_says(transfer, "mapped-write"));
	assert_int_equal(transfer->delivered_bytes, 0);
	assert_int_equal(transfer->cpu_copied_bytes, 0);
	assert_int_equal(transfer->verdict, VERDICT_UNKNOWN);
	assert_int_equal(report->totals.bytes[CS_DIRTY], MIB);
	report_free(report);

	/* They say nothing of how other bytes were delivered. */
	begin(&w);
	ROW(w.p, CS_MEMORY, w.file, CS_USER_TO_CACHE, NR_WRITE, 1, MIB)->bytes = 0;
	SIDE(w.p, CS_MEMORY, w.file, CS_MAPPING_DIRTIED, MIB)->key.call = CS_CALL_FAULT;
	assert_int_equal(verdict_of(&w.fixture), VERDICT_UNKNOWN);
}

static void direct_io_is_zero_copy_as_far_as_dma_was_seen(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_DISK_TO_USER, NR_READ, 1, MIB);
	assert_int_equal(verdict_of(&w.fixture), VERDICT_ZERO_COPY);

	begin(&w);
	ROW(w.p, CS_MEMORY, w.file, CS_USER_TO_DISK, NR_WRITE, 1, MIB);
	assert_int_equal(verdict_of(&w.fixture), VERDICT_ZERO_COPY);

	/* A hole is zeroed by the CPU. */
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_DISK_TO_USER, NR_READ, 1, MIB)->bytes = MIB / 2;
	assert_int_equal(verdict_of(&w.fixture), VERDICT_UNKNOWN);

	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_DISK_TO_USER, NR_READ, 1, MIB);
	ROW(w.p, w.file, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 1, MIB);
	assert_int_equal(verdict_of(&w.fixture), VERDICT_COPIED);
}

static void zero_copy_needs_nothing_to_be_lost(void **state)
{
	const struct cs_lost losses = { .rows = 1, .threads = 1, .segments = 1 };
	struct world w;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB);
	w.fixture.recording.lost = losses;
	w.fixture.processes[w.p].lost = 1;
	assert_int_equal(verdict_of(&w.fixture), VERDICT_UNKNOWN);
	/* What others did and lost, and ends that are not of this transfer. */
	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB);
	w.fixture.recording.lost = losses;
	w.fixture.processes[0].lost = 1;
	assert_int_equal(verdict_of(&w.fixture), VERDICT_ZERO_COPY);
	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB);
	w.fixture.recording.lost = (struct cs_lost){ .endpoints = 1, .processes = 1 };
	assert_int_equal(verdict_of(&w.fixture), VERDICT_ZERO_COPY);
	begin(&w);
	ROW(w.p, w.file, CS_LOST_ENDPOINT, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB);
	w.fixture.recording.lost.endpoints = 1;
	assert_int_equal(verdict_of(&w.fixture), VERDICT_UNKNOWN);
	/* A copy is a copy, whatever else was lost. */
	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_CACHE_TO_SOCKET, NR_SENDFILE, 1, 1);
	w.fixture.recording.lost = losses;
	w.fixture.processes[w.p].lost = 1;
	assert_int_equal(verdict_of(&w.fixture), VERDICT_COPIED);
}

static enum verdict sent_with_skipped(enum cs_kind from, enum cs_kind to)
{
	struct world w;

	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB);
	w.fixture.recording.lost.runs = 2;
	w.fixture.recording.skipped_from[from] = 1;
	w.fixture.recording.skipped_to[to] = 1;
	return verdict_of(&w.fixture);
}

/* The kernel skips a run of one hook: of a receive from a socket, say. */
static void skipped_runs_touch_what_they_may_have_told_of(void **state)
{
	(void)state;
	assert_int_equal(sent_with_skipped(CS_KIND_TCP, CS_KIND_UDP), VERDICT_ZERO_COPY);
	assert_int_equal(sent_with_skipped(CS_KIND_FILE, CS_KIND_UDP), VERDICT_UNKNOWN);
	assert_int_equal(sent_with_skipped(CS_KIND_TCP, CS_KIND_TCP), VERDICT_UNKNOWN);
}

static void derived_and_measured_make_derived(void **state)
{
	struct world w;
	struct report *report;
	const struct transfer *transfer;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, MIB);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, MIB)->key.flags = CS_ROW_DERIVED;
	report = report_of(&w.fixture);
	transfer = &report->transfers[0];
	assert_int_equal(transfer->nr_hops, 1);
	assert_int_equal(transfer->hops[0].bytes, 2 * MIB);
	assert_int_equal(transfer->hops[0].provenance, PROVENANCE_DERIVED);
	assert_true(transfer_says(transfer, "derived"));
	report_free(report);
}

static void small_operations(void **state)
{
	struct world w;
	struct report *report;

	(void)state;
	begin(&w);
	/* Reads and writes of 4096 bytes are not small, though two per 4096 bytes. */
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 256, MIB);
	ROW(w.p, w.file, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 256, MIB);
	ROW(w.p, CS_MEMORY, w.file, CS_USER_TO_CACHE, NR_WRITE, 64, 64 * 4092);
	ROW(w.p, CS_MEMORY, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 64, 64 * 3583);
	report = report_of(&w.fixture);
	assert_false(transfer_says(between(report, CS_KIND_FILE, CS_KIND_TCP), "small-operations"));
	assert_false(transfer_says(between(report, CS_KIND_MEMORY, CS_KIND_FILE), "small-"
										  "operations"));
	assert_true(transfer_says(between(report, CS_KIND_MEMORY, CS_KIND_TCP), "small-"
										"operations"));
	report_free(report);
}

static bool sends_say(const char *code, bool from_tcp, enum cs_hop in, enum cs_hop out)
{
	struct report *report;
	struct world w;
	uint32_t from;
	bool says;

	begin(&w);
	from = from_tcp ? w.tcp2 : w.file;
	if (in != out)
		ROW(w.p, from, CS_MEMORY, in, NR_READ, 1, MIB);
	ROW(w.p, from, w.tcp, out, NR_WRITE, 1, MIB);
	report = report_of(&w.fixture);
	says = transfer_says(&report->transfers[0], code);
	report_free(report);
	return says;
}

static void what_would_spare_copies_to_a_socket(void **state)
{
	(void)state;
	assert_true(sends_say("relay-loop", true, CS_SOCKET_TO_USER, CS_USER_TO_SOCKET));
	assert_false(sends_say("relay-loop", false, CS_CACHE_TO_USER, CS_USER_TO_SOCKET));
	assert_false(sends_say("relay-loop", true, CS_PIPE_HELD_BY_SOCKET, CS_PIPE_HELD_BY_SOCKET));
	assert_true(sends_say("mapped-send", false, CS_MAPPING_TO_SOCKET, CS_MAPPING_TO_SOCKET));
	assert_false(sends_say("mapped-send", false, CS_CACHE_TO_USER, CS_USER_TO_SOCKET));
	assert_false(sends_say("mapped-send", false, CS_MAPPING_PINNED_BY_SOCKET,
			       CS_MAPPING_PINNED_BY_SOCKET));
}

static void what_would_spare_copies_to_a_file(void **state)
{
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	ROW(w.p, w.tcp, CS_MEMORY, CS_SOCKET_TO_USER, NR_RECVFROM, 1, MIB);
	ROW(w.p, w.tcp, w.file, CS_USER_TO_CACHE, NR_WRITE, 1, MIB);
	ROW(w.p, w.pipe, CS_MEMORY, CS_PIPE_TO_USER, NR_READ, 1, MIB);
	ROW(w.p, w.pipe, w.other, CS_USER_TO_CACHE, NR_WRITE, 1, MIB);
	report = report_of(&w.fixture);
	assert_true(transfer_says(between(report, CS_KIND_TCP, CS_KIND_FILE), "receive-loop"));
	assert_false(transfer_says(between(report, CS_KIND_PIPE, CS_KIND_FILE), "receive-loop"));
	report_free(report);
}

/* copy_file_range() to a socket fails, sendfile() works: each time, or once. */
static void calls_that_fail_before_others(void **state)
{
	struct report *report;
	struct world w;

	(void)state;
	for (uint64_t failing = 1; failing <= 8; failing += 7) {
		begin(&w);
		ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_COPY_FILE_RANGE, failing, 0);
		ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 8, MIB);
		report = report_of(&w.fixture);
		assert_int_equal(transfer_says(&report->transfers[0], "failed-offload-attempt"),
				 failing == 8);
		report_free(report);
	}
	/* What it moved in part did not fail. */
	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 8, MIB);
	report = report_of(&w.fixture);
	assert_false(transfer_says(&report->transfers[0], "failed-offload-attempt"));
	report_free(report);
}

/* More findings than there are must not be written behind their place. */
static void all_findings_at_once(void **state)
{
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	for (int hop = 0; hop < CS_HOP_MAX; hop++) {
		ROW(w.p, w.tcp, CS_MEMORY, (enum cs_hop)hop, NR_VMSPLICE, 64, MIB)->key.flags =
			CS_ROW_BUFFERED | CS_ROW_NOT_PINNED | CS_ROW_DERIVED;
		ROW(w.p, w.file, w.other, (enum cs_hop)hop, NR_GETSOCKOPT, 64, MIB)->key.flags =
			CS_ROW_BUFFERED | CS_ROW_NOT_PINNED | CS_ROW_DERIVED;
	}
	report = report_of(&w.fixture);
	for (size_t i = 0; i < report->nr_transfers; i++)
		assert_true(report->transfers[i].nr_findings <= FINDINGS_MAX);
	report_free(report);
}

static void user_copies_are_possible_never_asserted(void **state)
{
	struct world w;
	struct report *report;
	const struct finding *finding;
	const struct transfer *transfer;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, MIB);
	ROW(w.p, CS_MEMORY, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 1, MIB + 200);
	report = report_of(&w.fixture);
	transfer = between(report, CS_KIND_FILE, CS_KIND_MEMORY);
	finding = find_code(transfer->findings, transfer->nr_findings, "user-copy-possible");
	assert_non_null(finding);
	assert_non_null(strstr(finding->text, "possible"));
	report_free(report);

	/* Not by another process, and not of another size. */
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, MIB);
	ROW(w.p, CS_MEMORY, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 1, MIB / 4);
	ROW(fixture_process(&w.fixture, 1, "x"), CS_MEMORY, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 1,
	    MIB);
	report = report_of(&w.fixture);
	transfer = between(report, CS_KIND_FILE, CS_KIND_MEMORY);
	assert_false(transfer_says(transfer, "user-copy-possible"));
	report_free(report);
}

static void what_could_be_better(void **state)
{
	struct world w;
	struct report *report;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, w.other, CS_CACHE_TO_CACHE, NR_COPY_FILE_RANGE, 1, MIB);
	SIDE(w.p, w.file, CS_MEMORY, CS_DISK_TO_CACHE, MIB);
	ROW(w.p, CS_UNRESOLVED, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 1, MIB);
	report = report_of(&w.fixture);
	assert_true(transfer_says(between(report, CS_KIND_FILE, CS_KIND_FILE), "file-copy-by-cpu"));
	assert_true(transfer_says(between(report, CS_KIND_FILE, CS_KIND_FILE), "cold-cache"));
	assert_true(transfer_says(between(report, CS_KIND_MEMORY, CS_KIND_TCP), "unresolved-"
										"source"));
	report_free(report);
}

static const struct transfer *file_copy(struct fixture *fixture, struct report **report)
{
	*report = report_of(fixture);
	return between(*report, CS_KIND_FILE, CS_KIND_FILE);
}

static void clones_and_refusals(void **state)
{
	const uint16_t changes[] = { 257, 260, 264 };
	const struct transfer *transfer;
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, w.other, CS_EXTENTS_SHARED, NR_COPY_FILE_RANGE, 1, MIB);
	transfer = file_copy(&w.fixture, &report);
	assert_int_equal(transfer->verdict, VERDICT_ZERO_COPY);
	assert_int_equal(transfer->cpu_copied_bytes, 0);
	assert_true(transfer_says(transfer, "extents-shared"));
	assert_false(transfer_says(transfer, "file-copy-by-cpu"));
	report_free(report);

	/* EXDEV, then by hand: no advice to call what was refused. */
	begin(&w);
	ROW(w.p, w.file, w.other, CS_EXTENTS_SHARED, NR_COPY_FILE_RANGE, 1, 0);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, MIB);
	ROW(w.p, w.file, w.other, CS_USER_TO_CACHE, NR_WRITE, 1, MIB);
	transfer = file_copy(&w.fixture, &report);
	assert_true(transfer_says(transfer, "copy-range-refused"));
	assert_false(transfer_says(transfer, "read-write-loop"));
	report_free(report);

	/* overlayfs, in an open(), a chown() and a rename(). */
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		begin(&w);
		ROW(w.p, w.file, w.other, CS_CACHE_TO_CACHE, changes[i], 1, MIB);
		transfer = file_copy(&w.fixture, &report);
		assert_true(transfer_says(transfer, "overlay-copy-up"));
		assert_false(transfer_says(transfer, "file-copy-by-cpu"));
		report_free(report);
	}

	/* sendfile() never shares extents: file systems that could do not help. */
	begin(&w);
	ROW(w.p, w.file, w.other, CS_CACHE_TO_CACHE, NR_SENDFILE, 1, MIB);
	transfer = file_copy(&w.fixture, &report);
	assert_false(transfer_says(transfer, "overlay-copy-up"));
	assert_non_null(strstr(
		find_code(transfer->findings, transfer->nr_findings, "file-copy-by-cpu")->text,
		"copy_file_range"));
	report_free(report);

	/* From /proc, which has no extents and no pages. */
	begin(&w);
	ROW(w.p, w.file, w.other, CS_EXTENTS_SHARED, NR_COPY_FILE_RANGE, 1, 0);
	ROW(w.p, w.file, CS_MEMORY, CS_DEVICE_TO_USER, NR_READ, 1, MIB);
	ROW(w.p, w.file, w.other, CS_USER_TO_CACHE, NR_WRITE, 1, MIB);
	transfer = file_copy(&w.fixture, &report);
	assert_non_null(strstr(
		find_code(transfer->findings, transfer->nr_findings, "copy-range-refused")->text,
		"/proc"));
	report_free(report);
}

static void direct_io_that_is_buffered(void **state)
{
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, MIB)->key.flags = CS_ROW_BUFFERED;
	ROW(w.p, w.file, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 1, MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 1);
	assert_int_equal(report->transfers[0].buffered_bytes, MIB);
	assert_true(transfer_says(&report->transfers[0], "direct-io-fallback"));
	report_free(report);

	/* From the disk to a pipe, and on by reference. */
	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_PIPE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB);
	ROW(w.p, w.file, w.tcp, CS_DISK_TO_PIPE, NR_SENDFILE, 0, MIB)->delivered = 0;
	report = report_of(&w.fixture);
	assert_int_equal(report->transfers[0].verdict, VERDICT_ZERO_COPY);
	assert_int_equal(report->transfers[0].hops[0].id, CS_DISK_TO_PIPE);
	assert_false(transfer_says(&report->transfers[0], "direct-io-fallback"));
	report_free(report);
}

static void copy_on_write(void **state)
{
	const uint64_t bytes[] = { MIB - 4096, MIB };
	struct world w;
	struct report *report;

	(void)state;
	for (int many = 0; many < 2; many++) {
		begin(&w);
		SIDE(w.p, w.file, CS_MEMORY, CS_CACHE_TO_ANON, bytes[many]);
		SIDE(w.p, CS_MEMORY, CS_MEMORY, CS_ANON_TO_ANON, bytes[many]);
		report = report_of(&w.fixture);
		assert_int_equal(report->nr_transfers, 2);
		for (size_t i = 0; i < 2; i++) {
			const struct transfer *transfer = &report->transfers[i];

			assert_int_equal(transfer->to->kind, CS_KIND_MEMORY);
			assert_int_equal(transfer->delivered_bytes, 0);
			assert_int_equal(transfer->cpu_copied_bytes, bytes[many]);
			assert_int_equal(transfer->verdict, VERDICT_COPIED);
			assert_int_equal(transfer_says(transfer, "copy-on-write"), many);
		}
		report_free(report);
	}
}

static void memory_of_other_processes(void **state)
{
	const struct transfer *from, *to;
	struct report *report;
	struct world w;
	uint32_t other;

	(void)state;
	begin(&w);
	other = fixture_memory(&w.fixture, 77, "a process of 16c");
	ROW(w.p, other, CS_MEMORY, CS_USER_TO_USER, NR_PROCESS_VM_READV, 2, 3 * MIB);
	ROW(w.p, other, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 1, MIB);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, MIB);
	ROW(w.p, w.file, other, CS_USER_TO_USER, NR_PROCESS_VM_WRITEV, 1, MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 3);
	from = between(report, CS_KIND_MEMORY, CS_KIND_TCP);
	assert_true(from->from->has_process);
	assert_int_equal(from->from->pid, 77);
	assert_string_equal(from->from->comm, "a process of 16c");
	assert_int_equal(from->cpu_copied_bytes, 2 * MIB);
	assert_true(transfer_says(from, "between-processes"));
	to = between(report, CS_KIND_FILE, CS_KIND_MEMORY);
	assert_true(to->to->has_process);
	assert_int_equal(to->delivered_bytes, MIB);
	assert_int_equal(to->cpu_copied_bytes, 2 * MIB);
	/* It did not stay in the process that wrote it. */
	assert_false(transfer_says(to, "user-copy-possible"));
	report_free(report);
}

static void the_report_tells_of_losses_and_tiers(void **state)
{
	static const struct recorded_hooks hooks[] = {
		{ .name = "file reads", .provenance = PROVENANCE_MEASURED },
		{ .name = "tcp", .provenance = PROVENANCE_DERIVED },
		{ .name = "devices", .provenance = PROVENANCE_UNKNOWN },
	};
	struct world w;
	struct report *report;

	(void)state;
	begin(&w);
	w.fixture.recording.lost = (struct cs_lost){ .rows = 1, .buffers = 2 };
	w.fixture.recording.hooks = hooks;
	w.fixture.recording.nr_hooks = 3;
	report = report_of(&w.fixture);
	assert_int_equal(report->copies, PROVENANCE_UNKNOWN);
	assert_non_null(find_code(report->findings, report->nr_findings, "losses"));
	assert_non_null(find_code(report->findings, report->nr_findings, "buffers-given-up"));
	assert_non_null(strstr(
		find_code(report->findings, report->nr_findings, "derived-hooks")->text, ": tcp;"));
	report_free(report);

	begin(&w);
	w.fixture.recording.hooks = hooks;
	w.fixture.recording.nr_hooks = 1;
	report = report_of(&w.fixture);
	assert_int_equal(report->copies, PROVENANCE_MEASURED);
	assert_int_equal(report->nr_findings, 0);
	report_free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zero_copy_needs_all_to_be_seen),
		cmocka_unit_test(stores_to_a_mapping_are_told),
		cmocka_unit_test(direct_io_is_zero_copy_as_far_as_dma_was_seen),
		cmocka_unit_test(zero_copy_needs_nothing_to_be_lost),
		cmocka_unit_test(skipped_runs_touch_what_they_may_have_told_of),
		cmocka_unit_test(derived_and_measured_make_derived),
		cmocka_unit_test(small_operations),
		cmocka_unit_test(what_would_spare_copies_to_a_socket),
		cmocka_unit_test(what_would_spare_copies_to_a_file),
		cmocka_unit_test(calls_that_fail_before_others),
		cmocka_unit_test(all_findings_at_once),
		cmocka_unit_test(user_copies_are_possible_never_asserted),
		cmocka_unit_test(what_could_be_better),
		cmocka_unit_test(clones_and_refusals),
		cmocka_unit_test(direct_io_that_is_buffered),
		cmocka_unit_test(copy_on_write),
		cmocka_unit_test(memory_of_other_processes),
		cmocka_unit_test(the_report_tells_of_losses_and_tiers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
