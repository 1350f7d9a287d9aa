// SPDX-License-Identifier: MIT
/* Verdicts of parts, and which transfers are told as one. */
#include "tests/unit/check.h"

#include <math.h>

#include "model/group.h"
#include "tests/unit/world.h"

static void the_share_that_was_copied(void **state)
{
	const struct transfer *transfer;
	struct report *report;
	struct world w;

	(void)state;
	/* 16 KiB of 8 MiB were copied by sendfile, the rest was referenced. */
	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 8, 8 * MIB - 16384);
	ROW(w.p, w.file, w.tcp, CS_CACHE_TO_SOCKET, NR_SENDFILE, 0, 16384);
	report = report_of(&w.fixture);
	assert_int_equal(report->transfers[0].verdict, VERDICT_MIXED);
	assert_float_equal(report->transfers[0].copied_share, 16384.0 / (8 * MIB), 1e-6);
	report_free(report);

	/* All of it. */
	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_CACHE_TO_SOCKET, NR_SENDFILE, 8, 8 * MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->transfers[0].verdict, VERDICT_COPIED);
	assert_float_equal(report->transfers[0].copied_share, 1, 1e-6);
	report_free(report);

	/* A quarter by read and write, two copies of it, and the rest by sendfile. */
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, MIB);
	ROW(w.p, w.file, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 1, MIB);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, 3 * MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 1);
	assert_int_equal(report->transfers[0].verdict, VERDICT_MIXED);
	assert_float_equal(report->transfers[0].copied_share, 0.25, 1e-6);
	report_free(report);

	/* The head of what splice takes from a socket is copied, and goes on by reference. */
	begin(&w);
	ROW(w.p, w.tcp, w.pipe, CS_SOCKET_HELD_BY_PIPE, NR_SPLICE, 1, MIB - 100);
	ROW(w.p, w.tcp, w.pipe, CS_SOCKET_TO_PIPE, NR_SPLICE, 0, 100);
	ROW(w.p, w.pipe, w.tcp2, CS_PIPE_HELD_BY_SOCKET, NR_SPLICE, 1, MIB);
	report = report_of(&w.fixture);
	transfer = between(report, CS_KIND_TCP, CS_KIND_TCP);
	assert_int_equal(transfer->verdict, VERDICT_MIXED);
	assert_float_equal(transfer->copied_share, 100.0 / MIB, 1e-6);
	report_free(report);
}

static void copied_once_is_copied(void **state)
{
	struct report *report;
	struct world w;

	(void)state;
	/* Read once into a buffer that is sent ten times without a copy. */
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, MIB);
	ROW(w.p, w.file, w.tcp, CS_USER_PINNED_BY_SOCKET, NR_SENDTO, 10, 10 * MIB);
	w.fixture.recording.followed = true;
	report = report_of(&w.fixture);
	assert_int_equal(report->transfers[0].verdict, VERDICT_COPIED);
	report_free(report);

	/* Referenced, and then copied into packets, half of it. */
	for (uint64_t half = 1; half <= 2; half++) {
		begin(&w);
		ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, 2 * MIB);
		SIDE(0, CS_MEMORY, w.tcp, CS_SOCKET_TO_SOCKET, half * MIB);
		report = report_of(&w.fixture);
		assert_int_equal(report->transfers[0].verdict,
				 half == 1 ? VERDICT_MIXED : VERDICT_COPIED);
		assert_float_equal(report->transfers[0].copied_share, half == 1 ? 0.5 : 1, 1e-6);
		report_free(report);
	}

	/* Pages of the file that were mapped are no part of what was read. */
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, 832);
	SIDE(w.p, w.file, CS_MEMORY, CS_CACHE_TO_MAPPING, MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->transfers[0].verdict, VERDICT_COPIED);
	report_free(report);
}

static void a_part_that_nobody_saw(void **state)
{
	struct report *report;
	struct world w;

	(void)state;
	/* Of what was copied and what was not, together, a part is missing. */
	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, 2 * MIB)->bytes = MIB;
	ROW(w.p, w.file, w.tcp, CS_CACHE_TO_SOCKET, NR_SENDFILE, 0, 16384);
	report = report_of(&w.fixture);
	assert_int_equal(report->transfers[0].verdict, VERDICT_UNKNOWN);
	assert_true(isnan(report->transfers[0].copied_share));
	report_free(report);

	/* Nobody measured. */
	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB)->key.flags =
		CS_ROW_DERIVED;
	ROW(w.p, w.file, w.tcp, CS_CACHE_TO_SOCKET, NR_SENDFILE, 0, 16384);
	report = report_of(&w.fixture);
	assert_int_equal(report->transfers[0].verdict, VERDICT_UNKNOWN);
	report_free(report);
}

/* Two connections by sendfile, two by read and write, one that had to wait. */
static void verdicts_are_never_merged(void **state)
{
	struct groups groups;
	struct report *report;
	struct world w;
	bool zero_copy = false, copied = false;
	uint32_t waits;

	(void)state;
	begin(&w);
	for (uint16_t i = 0; i < 4; i++) {
		uint32_t tcp = fixture_tcp(&w.fixture, "10.0.0.1", 80, "10.0.0.2", 100 + i);

		if (i % 2) {
			ROW(w.p, w.file, tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB);
		} else {
			ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, MIB);
			ROW(w.p, w.file, tcp, CS_USER_TO_SOCKET, NR_SENDTO, 1, MIB);
		}
	}
	waits = fixture_tcp(&w.fixture, "10.0.0.1", 80, "10.0.0.2", 99);
	ROW(w.p, w.file, waits, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, 0);
	report = report_of(&w.fixture);
	groups_make(&groups, report, false);
	assert_int_equal(groups.count, 2);
	for (size_t i = 0; i < groups.count; i++) {
		const struct group *group = &groups.groups[i];

		assert_int_equal(group->sum.delivered_bytes, 2 * MIB);
		zero_copy |= group->sum.verdict == VERDICT_ZERO_COPY;
		copied |= group->sum.verdict == VERDICT_COPIED;
		/* What moved nothing has no verdict that could be wrong. */
		assert_int_equal(group->transfers, group->sum.verdict == VERDICT_ZERO_COPY ? 3 : 2);
	}
	assert_true(zero_copy && copied);
	groups_free(&groups);
	groups_make(&groups, report, true);
	assert_int_equal(groups.count, 5);
	groups_free(&groups);
	report_free(report);
}

static void mixed_ones_are_mixed_together(void **state)
{
	struct groups groups;
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, 3 * MIB);
	ROW(w.p, w.file, w.tcp, CS_CACHE_TO_SOCKET, NR_SENDFILE, 1, MIB);
	ROW(w.p, w.file, w.tcp2, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, 2 * MIB);
	ROW(w.p, w.file, w.tcp2, CS_CACHE_TO_SOCKET, NR_SENDFILE, 1, 2 * MIB);
	report = report_of(&w.fixture);
	groups_make(&groups, report, false);
	assert_int_equal(groups.count, 1);
	assert_int_equal(groups.groups[0].to_sockets, 2);
	assert_int_equal(groups.groups[0].sum.verdict, VERDICT_MIXED);
	assert_float_equal(groups.groups[0].sum.copied_share, 3.0 / 8, 1e-6);
	groups_free(&groups);
	report_free(report);
}

static const struct transfer *from_path(const struct report *report, const char *path)
{
	for (size_t i = 0; i < report->nr_transfers; i++)
		if (report->transfers[i].from->path &&
		    !__builtin_strcmp(report->transfers[i].from->path, path))
			return &report->transfers[i];
	return NULL;
}

/* The loader's reads and maps are told in one line, the program's own files never. */
static void the_start_of_a_program(void **state)
{
	static const char *const start[] = {
		"/usr/bin/nginx",
		"/usr/lib/libc.so.6",
		"/usr/lib/libacl.so.1.1.2301",
		"/etc/ld.so.cache",
		"/usr/lib/locale/C.utf8/LC_CTYPE",
	};
	struct groups groups;
	struct report *report;
	struct world w;
	uint32_t file, copied, large;

	(void)state;
	begin(&w);
	for (size_t i = 0; i < 5; i++) {
		file = fixture_file(&w.fixture, start[i]);
		ROW(w.p, file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, 832);
		SIDE(w.p, file, CS_MEMORY, CS_CACHE_TO_MAPPING, 65536);
		SIDE(w.p, file, CS_MEMORY, CS_CACHE_TO_ANON, 8192);
	}
	/* Read as a whole, carried on, or of another kind. */
	large = fixture_file(&w.fixture, "/usr/lib/libread.so");
	copied = fixture_file(&w.fixture, "/usr/lib/libsent.so");
	ROW(w.p, large, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 2, 8192);
	ROW(w.p, copied, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, 832);
	ROW(w.p, copied, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 1, 100);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, 832);
	report = report_of(&w.fixture);
	for (size_t i = 0; i < 5; i++)
		assert_true(from_path(report, start[i])->program_start);
	assert_false(from_path(report, "/usr/lib/libread.so")->program_start);
	assert_false(from_path(report, "/usr/lib/libsent.so")->program_start);
	assert_false(from_path(report, "/srv/a")->program_start);
	groups_make(&groups, report, false);
	assert_int_equal(groups.start.files, 5);
	assert_int_equal(groups.start.mapped_bytes, 5 * 65536);
	assert_int_equal(groups.start.copied_bytes, 5 * (832 + 8192));
	assert_int_equal(groups.count, report->nr_transfers - 5);
	groups_free(&groups);
	groups_make(&groups, report, true);
	assert_int_equal(groups.start.files, 0);
	assert_int_equal(groups.count, report->nr_transfers);
	groups_free(&groups);
	report_free(report);
}

/* Weights whose sum takes more than 64 bits: nothing is lost, or told twice. */
static void large_weights_share_all(void **state)
{
	uint64_t copied = 0;
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, 1000);
	ROW(w.p, w.file, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 1, UINT64_MAX - 5)->bytes = 0;
	ROW(w.p, w.file, w.tcp2, CS_USER_TO_SOCKET, NR_WRITE, 1, UINT64_MAX / 2)->bytes = 0;
	report = report_of(&w.fixture);
	for (size_t i = 0; i < report->nr_transfers; i++)
		copied += report->transfers[i].cpu_copied_bytes;
	assert_int_equal(copied, 1000);
	report_free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_share_that_was_copied),
		cmocka_unit_test(copied_once_is_copied),
		cmocka_unit_test(a_part_that_nobody_saw),
		cmocka_unit_test(verdicts_are_never_merged),
		cmocka_unit_test(the_start_of_a_program),
		cmocka_unit_test(large_weights_share_all),
		cmocka_unit_test(mixed_ones_are_mixed_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
