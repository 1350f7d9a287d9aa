// SPDX-License-Identifier: MIT
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#include "model/pages.h"
#include "util/memory.h"

#define PAGE RESIDENCY_PAGE

static void put(struct extents *extents, uint64_t page, uint64_t pages, uint32_t state)
{
	struct cs_extent one = { page * PAGE, pages * PAGE, state, 0 };

	extents_add(extents, &one);
}

static void extents_merge_what_is_alike(void **state)
{
	struct extents e = { 0 };
	struct cs_extent huge = { 8 * PAGE, 512 * PAGE, 0, 9 };

	(void)state;
	put(&e, 0, 2, 0);
	put(&e, 2, 1, 0); /* touches, alike */
	assert_int_equal(e.count, 1);
	assert_int_equal(e.list[0].length, 3 * PAGE);
	put(&e, 3, 1, CS_FOLIO_DIRTY); /* touches, another state */
	put(&e, 6, 2, CS_FOLIO_DIRTY); /* a gap */
	assert_int_equal(e.count, 3);
	put(&e, 8, 0, 0); /* nothing */
	assert_int_equal(e.count, 3);
	huge.state = CS_FOLIO_DIRTY;
	extents_add(&e, &huge); /* touches, another order */
	assert_int_equal(e.count, 4);
	assert_int_equal(extents_bytes(&e), (3 + 1 + 2 + 512) * PAGE);
	extents_release(&e);
	assert_int_equal(extents_bytes(&e), 0);
}

static void difference_ignores_states(void **state)
{
	struct extents before = { 0 }, after = { 0 }, none = { 0 };

	(void)state;
	put(&before, 0, 10, 0);
	put(&before, 20, 10, CS_FOLIO_DIRTY);
	put(&before, 40, 1, 0);
	put(&after, 5, 20, CS_FOLIO_WRITEBACK); /* 10..20 are new */
	put(&after, 25, 2, 0);
	put(&after, 28, 13, 0); /* 30..40 are new */
	assert_int_equal(extents_bytes_not_in(&after, &before), (10 + 10) * PAGE);
	assert_int_equal(extents_bytes_not_in(&before, &after), (5 + 1) * PAGE);
	assert_int_equal(extents_bytes_not_in(&before, &before), 0);
	assert_int_equal(extents_bytes_not_in(&before, &none), 21 * PAGE);
	assert_int_equal(extents_bytes_not_in(&none, &before), 0);
	extents_release(&before);
	extents_release(&after);
}

/* Bits of pages, an oracle without cleverness. */
static void random_differences(void **state)
{
	(void)state;
	srandom(1);
	for (int round = 0; round < 300; round++) {
		bool in[2][200] = { 0 };
		struct extents e[2] = { 0 };
		uint64_t expected = 0;

		for (int side = 0; side < 2; side++) {
			for (int page = 0; page < 200; page++) {
				in[side][page] = random() % 3 != 0;
				if (in[side][page])
					put(&e[side], page, 1, random() % 2);
			}
		}
		for (int page = 0; page < 200; page++)
			expected += in[0][page] && !in[1][page];
		assert_int_equal(extents_bytes_not_in(&e[0], &e[1]), expected * PAGE);
		extents_release(&e[0]);
		extents_release(&e[1]);
	}
}

static size_t fold(struct extents *extents, uint64_t size, struct strip_cell *cells, size_t width)
{
	struct residency r;

	residency_init(&r);
	r.size_bytes = size;
	r.has_extents = true;
	r.extents = *extents;
	return residency_fold(&r, cells, width);
}

static void strip_has_a_cell_for_a_page_at_most(void **state)
{
	struct strip_cell cells[80];
	struct extents e = { 0 };

	(void)state;
	put(&e, 1, 1, CS_FOLIO_DIRTY);
	assert_int_equal(fold(&e, 0, cells, 80), 0);
	assert_int_equal(fold(&e, 1, cells, 80), 1);
	assert_int_equal(fold(&e, 2 * PAGE + 1, cells, 80), 3);
	assert_int_equal(cells[0].resident_bytes, 0);
	assert_int_equal(cells[1].resident_bytes, PAGE);
	assert_int_equal(cells[1].dirty_bytes, PAGE);
	assert_int_equal(cells[1].writeback_bytes, 0);
	assert_int_equal(cells[2].bytes, PAGE);
	extents_release(&e);
}

static void strip_of_the_largest_file(void **state)
{
	uint64_t pages = ((uint64_t)INT64_MAX) / PAGE;
	struct strip_cell cells[77];
	struct extents e = { 0 };
	uint64_t covered = 0;

	(void)state;
	put(&e, pages - 1, 1, 0);
	assert_int_equal(fold(&e, pages * PAGE, cells, 77), 77);
	for (int i = 0; i < 77; i++)
		covered += cells[i].bytes;
	assert_int_equal(covered, pages * PAGE);
	assert_int_equal(cells[76].resident_bytes, PAGE);
	assert_int_equal(cells[75].resident_bytes, 0);
	extents_release(&e);
}

/* Whatever the width: every byte of the file is in one cell. */
static void strips_conserve(void **state)
{
	struct strip_cell cells[120];

	(void)state;
	srandom(2);
	for (int round = 0; round < 500; round++) {
		uint64_t pages = 1 + random() % 1000, at = random() % 10;
		struct extents e = { 0 };
		uint64_t resident = 0, dirty = 0, cell_resident = 0, cell_dirty = 0, covered = 0;
		size_t count;

		while (at < pages) {
			uint64_t length = 1 + random() % 30;
			bool is_dirty = random() % 2;

			length = length < pages - at ? length : pages - at;
			put(&e, at, length, is_dirty ? CS_FOLIO_DIRTY : 0);
			resident += length;
			dirty += is_dirty ? length : 0;
			at += length + random() % 20;
		}
		count = fold(&e, pages * PAGE, cells, 1 + random() % 120);
		for (size_t i = 0; i < count; i++) {
			covered += cells[i].bytes;
			cell_resident += cells[i].resident_bytes;
			cell_dirty += cells[i].dirty_bytes;
			assert_true(cells[i].resident_bytes <= cells[i].bytes);
		}
		assert_int_equal(covered, pages * PAGE);
		assert_int_equal(cell_resident, resident * PAGE);
		assert_int_equal(cell_dirty, dirty * PAGE);
		extents_release(&e);
	}
}

/* A large folio may reach behind the end of the file. */
static void strip_ends_with_the_file(void **state)
{
	struct strip_cell cells[80];
	struct extents e = { 0 };

	(void)state;
	put(&e, 0, 512, 0);
	assert_int_equal(fold(&e, 3 * PAGE, cells, 80), 3);
	assert_int_equal(cells[2].resident_bytes, PAGE);
	extents_release(&e);
}

static struct residency *add(struct pages *pages, uint64_t ino, enum residency_source source)
{
	struct residency *r = &pages_add(pages)->residency;

	r->ino = ino;
	r->source = source;
	r->size_bytes = 10 * PAGE;
	r->resident_bytes = PAGE;
	r->dirty_bytes = source == RESIDENCY_BY_MINCORE ? RESIDENCY_UNKNOWN : PAGE;
	return r;
}

static void unknown_makes_sums_unknown(void **state)
{
	struct pages pages = { 0 };

	(void)state;
	pages_finish(&pages, RESIDENCY_BY_CACHESTAT);
	assert_int_equal(pages.source, RESIDENCY_BY_CACHESTAT);
	add(&pages, 1, RESIDENCY_BY_MODULE);
	pages_finish(&pages, RESIDENCY_BY_MODULE);
	assert_int_equal(pages.source, RESIDENCY_BY_MODULE);
	assert_int_equal(pages.totals.dirty_bytes, PAGE);
	assert_true(pages.totals.mapped_bytes == RESIDENCY_UNKNOWN);
	add(&pages, 2, RESIDENCY_BY_MINCORE);
	pages_add(&pages); /* nobody answered */
	pages_finish(&pages, RESIDENCY_BY_MODULE);
	assert_int_equal(pages.source, RESIDENCY_BY_MINCORE);
	assert_int_equal(pages.totals.resident_bytes, 2 * PAGE);
	assert_true(pages.totals.dirty_bytes == RESIDENCY_UNKNOWN);
	assert_int_equal(pages.totals.unknown_files, 1);
	pages_release(&pages);
}

static void files_are_compared_by_inode(void **state)
{
	struct pages before = { 0 }, now = { 0 };
	struct residency *r;

	(void)state;
	r = add(&before, 7, RESIDENCY_BY_MODULE);
	r->has_extents = true;
	put(&r->extents, 0, 4, 0);
	add(&before, 8, RESIDENCY_BY_MODULE); /* goes */
	r = add(&now, 9, RESIDENCY_BY_MODULE); /* comes */
	r->has_extents = true;
	put(&r->extents, 1, 1, 0);
	r = add(&now, 7, RESIDENCY_BY_MODULE);
	r->has_extents = true;
	put(&r->extents, 3, 2, 0);
	add(&now, 10, RESIDENCY_BY_MODULE); /* comes, without extents */
	pages_compare(&now, &before);
	/* Nobody knows since when its page is there. */
	assert_true(now.files[0].is_new);
	assert_true(now.files[0].entered_bytes == RESIDENCY_UNKNOWN);
	assert_true(now.files[0].left_bytes == RESIDENCY_UNKNOWN);
	assert_false(now.files[1].is_new);
	assert_int_equal(now.files[1].entered_bytes, PAGE);
	assert_int_equal(now.files[1].left_bytes, 3 * PAGE);
	assert_true(now.files[2].entered_bytes == RESIDENCY_UNKNOWN);
	assert_int_equal(now.gone, 1);
	assert_int_equal(now.gone_bytes, PAGE);
	pages_release(&before);
	pages_release(&now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extents_merge_what_is_alike),
		cmocka_unit_test(difference_ignores_states),
		cmocka_unit_test(random_differences),
		cmocka_unit_test(strip_has_a_cell_for_a_page_at_most),
		cmocka_unit_test(strip_of_the_largest_file),
		cmocka_unit_test(strips_conserve),
		cmocka_unit_test(strip_ends_with_the_file),
		cmocka_unit_test(unknown_makes_sums_unknown),
		cmocka_unit_test(files_are_compared_by_inode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
