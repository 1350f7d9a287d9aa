// SPDX-License-Identifier: MIT
/* Ways of data that newer kernels have: bounce buffers, uncached I/O, references in an area. */
#include "tests/unit/check.h"
#include "tests/unit/world.h"

enum { NR_PWRITEV2 = 328, REQUEST_RECV_ZC = CS_CALL_REQUEST | 58 };

static void a_bounce_buffer_is_a_copy(void **state)
{
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	ROW(w.p, CS_MEMORY, w.file, CS_USER_TO_DISK, NR_WRITE, 1, MIB)->key.flags = CS_ROW_BOUNCED;
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 1);
	assert_int_equal(report->transfers[0].verdict, VERDICT_COPIED);
	assert_int_equal(report->transfers[0].cpu_copied_bytes, MIB);
	assert_int_equal(report->transfers[0].delivered_bytes, MIB);
	assert_int_equal(transfer_hop_bytes(&report->transfers[0], CS_USER_TO_BOUNCE), MIB);
	assert_int_equal(transfer_hop_bytes(&report->transfers[0], CS_BOUNCE_TO_DISK), MIB);
	assert_int_equal(transfer_hop_bytes(&report->transfers[0], CS_USER_TO_DISK), 0);
	assert_true(transfer_says(&report->transfers[0], "direct-io-bounced"));
	report_free(report);

	/* Back from a disk, and on to a socket. */
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_DISK_TO_USER, NR_READ, 1, MIB)->key.flags = CS_ROW_BOUNCED;
	ROW(w.p, w.file, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 1, MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 1);
	assert_int_equal(transfer_hop_bytes(&report->transfers[0], CS_DISK_TO_BOUNCE), MIB);
	assert_int_equal(transfer_hop_bytes(&report->transfers[0], CS_BOUNCE_TO_USER), MIB);
	assert_int_equal(report->transfers[0].cpu_copied_bytes, 2 * MIB);
	report_free(report);
}

/* Where the hook that tells is missing, direct I/O is implied. */
static void unsure_bounces_have_no_verdict(void **state)
{
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	ROW(w.p, CS_MEMORY, w.file, CS_USER_TO_DISK, NR_WRITE, 1, MIB)->key.flags = CS_ROW_DERIVED;
	report = report_of(&w.fixture);
	assert_int_equal(report->transfers[0].verdict, VERDICT_UNKNOWN);
	report_free(report);
}

static void uncached_files_tell_what_stays(void **state)
{
	struct recorded_dirty dirty = { .source = RESIDENCY_BY_CACHESTAT, .resident_bytes = 8192 };
	const struct transfer *transfer;
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	ROW(w.p, CS_MEMORY, w.file, CS_USER_TO_CACHE, NR_PWRITEV2, 1, MIB)->key.flags =
		CS_ROW_UNCACHED;
	dirty.endpoint = w.file;
	w.fixture.recording.dirty = &dirty;
	w.fixture.recording.nr_dirty = 1;
	report = report_of(&w.fixture);
	transfer = &report->transfers[0];
	assert_int_equal(transfer->uncached_bytes, MIB);
	assert_true(transfer->to->uncached);
	assert_int_equal(transfer->to->resident_bytes, 8192);
	assert_true(transfer_says(transfer, "uncached-io"));
	report_free(report);

	/* Nobody could be asked: that is not 0. */
	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, MIB)->key.flags = CS_ROW_UNCACHED;
	report = report_of(&w.fixture);
	transfer = &report->transfers[0];
	assert_true(transfer->from->uncached);
	assert_int_equal(transfer->from->resident_source, RESIDENCY_BY_NONE);
	report_free(report);

	begin(&w);
	ROW(w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, MIB);
	report = report_of(&w.fixture);
	assert_false(report->transfers[0].from->uncached);
	assert_false(transfer_says(&report->transfers[0], "uncached-io"));
	report_free(report);
}

static void what_stays_in_a_device_is_no_copy(void **state)
{
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	ROW(w.p, w.tcp, CS_MEMORY, CS_SOCKET_HELD_BY_USER, REQUEST_RECV_ZC, 1, MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->transfers[0].cpu_copied_bytes, 0);
	assert_int_equal(report->transfers[0].verdict, VERDICT_ZERO_COPY);
	assert_string_equal(report->transfers[0].calls[0].name, "io_uring:recv_zc");
	report_free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bounce_buffer_is_a_copy),
		cmocka_unit_test(unsure_bounces_have_no_verdict),
		cmocka_unit_test(uncached_files_tell_what_stays),
		cmocka_unit_test(what_stays_in_a_device_is_no_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
