// SPDX-License-Identifier: MIT
/* What became of the pages of written files. */
#include "tests/unit/check.h"

struct world {
	struct fixture fixture;
	uint32_t p, q, file, memory;
};

enum { NR_FSYNC = 74, NR_SYNC = 162 };

static void begin(struct world *w)
{
	fixture_begin(&w->fixture);
	w->p = fixture_process(&w->fixture, 812, "db");
	w->q = fixture_process(&w->fixture, 813, "sync");
	w->file = fixture_file(&w->fixture, "/srv/a");
	w->memory = fixture_file(&w->fixture, "/dev/shm/a");
	fixture_endpoint(&w->fixture, w->memory)->flags |= CS_ENDPOINT_IN_MEMORY;
}

static void written(struct world *w, uint32_t process, uint32_t file, uint64_t bytes)
{
	fixture_row(&w->fixture, process, CS_MEMORY, file, CS_USER_TO_CACHE, NR_WRITE, 1, bytes);
}

static void written_back(struct world *w, uint32_t process, uint16_t call, uint64_t bytes)
{
	fixture_side(&w->fixture, process, CS_MEMORY, w->file, CS_CACHE_TO_DISK, bytes)->key.call =
		call;
}

static void triggers_are_told_apart(void **state)
{
	const struct written_file *file;
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	written(&w, w.p, w.file, 8 * MIB);
	written_back(&w, w.p, NR_FSYNC, MIB);
	written_back(&w, w.p, NR_FSYNC, MIB);
	written_back(&w, w.q, NR_SYNC, 3 * MIB);
	written_back(&w, 0, CS_CALL_FLUSH_PERIODIC, MIB);
	written_back(&w, 0, NR_FSYNC, 4096);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_written, 1);
	file = report->written;
	assert_string_equal(file->file->path, "/srv/a");
	assert_int_equal(file->written_back_bytes, 6 * MIB + 4096);
	assert_int_equal(file->nr_parts, 4);
	assert_string_equal(file->parts[0].by, "sync");
	assert_int_equal(file->parts[0].process->pid, 813);
	assert_int_equal(file->parts[0].bytes, 3 * MIB);
	assert_string_equal(file->parts[1].by, "fsync");
	assert_int_equal(file->parts[1].process->pid, 812);
	assert_int_equal(file->parts[1].bytes, 2 * MIB);
	assert_string_equal(file->parts[2].by, "flusher:periodic");
	assert_null(file->parts[2].process);
	assert_string_equal(file->parts[3].by, "fsync");
	assert_null(file->parts[3].process);
	/* Whoever had it done, it is part of the path of what was written. */
	assert_int_equal(report->nr_transfers, 1);
	assert_int_equal(transfer_hop_bytes(&report->transfers[0], CS_CACHE_TO_DISK),
			 6 * MIB + 4096);
	report_free(report);
}

static void files_in_memory_are_never_written_back(void **state)
{
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	written(&w, w.p, w.memory, MIB);
	fixture_row(&w.fixture, w.p, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_written, 0);
	report_free(report);
}

static void unknown_is_not_clean(void **state)
{
	struct recorded_dirty dirty = { .source = RESIDENCY_BY_CACHESTAT, .dirty_bytes = 4096 };
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	written(&w, w.p, w.file, MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->written[0].source, RESIDENCY_BY_NONE);
	report_free(report);

	begin(&w);
	written(&w, w.p, w.file, MIB);
	dirty.endpoint = w.file;
	w.fixture.recording.dirty = &dirty;
	w.fixture.recording.nr_dirty = 1;
	report = report_of(&w.fixture);
	assert_int_equal(report->written[0].source, RESIDENCY_BY_CACHESTAT);
	assert_int_equal(report->written[0].dirty_bytes, 4096);
	report_free(report);
}

/* Stores to a mapping deliver nothing, but what is written back is theirs. */
static void write_back_goes_to_stores_too(void **state)
{
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	written(&w, w.p, w.file, MIB);
	fixture_side(&w.fixture, w.q, CS_MEMORY, w.file, CS_MAPPING_DIRTIED, 3 * MIB);
	written_back(&w, 0, CS_CALL_FLUSH_BACKGROUND, 4 * MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 2);
	assert_int_equal(transfer_hop_bytes(&report->transfers[0], CS_CACHE_TO_DISK), MIB);
	assert_int_equal(transfer_hop_bytes(&report->transfers[1], CS_CACHE_TO_DISK), 3 * MIB);
	report_free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(triggers_are_told_apart),
		cmocka_unit_test(files_in_memory_are_never_written_back),
		cmocka_unit_test(unknown_is_not_clean),
		cmocka_unit_test(write_back_goes_to_stores_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
