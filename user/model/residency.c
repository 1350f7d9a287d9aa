// SPDX-License-Identifier: MIT
#include "model/residency.h"

#include <stdlib.h>
#include <string.h>

#include "util/memory.h"

const char *residency_source_word(enum residency_source source)
{
	static const char *const words[] = {
		[RESIDENCY_BY_MODULE] = "module",
		[RESIDENCY_BY_CACHESTAT] = "cachestat",
		[RESIDENCY_BY_MINCORE] = "mincore",
		[RESIDENCY_BY_NONE] = NULL,
	};

	return words[source];
}

void extents_add(struct extents *extents, const struct cs_extent *extent)
{
	struct cs_extent *last = extents->count ? &extents->list[extents->count - 1] : NULL;

	if (!extent->length)
		return;
	if (last && last->offset + last->length == extent->offset && last->state == extent->state &&
	    last->order == extent->order) {
		last->length += extent->length;
		return;
	}
	extents->list =
		grow(extents->list, &extents->capacity, extents->count + 1, sizeof(*extents->list));
	extents->list[extents->count++] = *extent;
}

void extents_release(struct extents *extents)
{
	free(extents->list);
	*extents = (struct extents){ 0 };
}

uint64_t extents_bytes(const struct extents *extents)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < extents->count; i++)
		bytes += extents->list[i].length;
	return bytes;
}

static uint64_t overlap(uint64_t start, uint64_t end, uint64_t other_start, uint64_t other_end)
{
	uint64_t from = start > other_start ? start : other_start;
	uint64_t to = end < other_end ? end : other_end;

	return from < to ? to - from : 0;
}

static uint64_t extent_end(const struct cs_extent *extent)
{
	return extent->offset + extent->length;
}

uint64_t extents_bytes_not_in(const struct extents *extents, const struct extents *others)
{
	uint64_t bytes = extents_bytes(extents);
	size_t first = 0;

	for (size_t i = 0; i < extents->count; i++) {
		const struct cs_extent *one = &extents->list[i];

		while (first < others->count && extent_end(&others->list[first]) <= one->offset)
			first++;
		for (size_t j = first;
		     j < others->count && others->list[j].offset < extent_end(one); j++)
			bytes -= overlap(one->offset, extent_end(one), others->list[j].offset,
					 extent_end(&others->list[j]));
	}
	return bytes;
}

void residency_init(struct residency *residency)
{
	*residency = (struct residency){
		.source = RESIDENCY_BY_NONE,
		.size_bytes = RESIDENCY_UNKNOWN,
		.resident_bytes = RESIDENCY_UNKNOWN,
		.dirty_bytes = RESIDENCY_UNKNOWN,
		.writeback_bytes = RESIDENCY_UNKNOWN,
		.mapped_bytes = RESIDENCY_UNKNOWN,
		.filling_bytes = RESIDENCY_UNKNOWN,
		.evicted_pages = RESIDENCY_UNKNOWN,
	};
}

void residency_release(struct residency *residency)
{
	extents_release(&residency->extents);
	residency_init(residency);
}

/* The first page of a cell, for large files without leaving 64 bits. */
static uint64_t cell_start(uint64_t pages, size_t cells, size_t cell)
{
	return pages / cells * cell + pages % cells * cell / cells;
}

static void fold_extent(const struct cs_extent *extent, struct strip_cell *cell, uint64_t start)
{
	uint64_t bytes = overlap(extent->offset, extent_end(extent), start, start + cell->bytes);

	cell->resident_bytes += bytes;
	if (extent->state & EXTENT_STATE_UNKNOWN)
		return;
	if (extent->state & CS_FOLIO_DIRTY)
		cell->dirty_bytes += bytes;
	if (extent->state & CS_FOLIO_WRITEBACK)
		cell->writeback_bytes += bytes;
}

size_t residency_fold(const struct residency *residency, struct strip_cell *cells, size_t width)
{
	const struct extents *extents = &residency->extents;
	uint64_t pages =
		residency->size_bytes / RESIDENCY_PAGE + !!(residency->size_bytes % RESIDENCY_PAGE);
	size_t count = pages < width ? pages : width, first = 0;

	if (!residency->has_extents || residency->size_bytes == RESIDENCY_UNKNOWN)
		return 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t start = cell_start(pages, count, i) * RESIDENCY_PAGE;
		uint64_t end = cell_start(pages, count, i + 1) * RESIDENCY_PAGE;

		cells[i] = (struct strip_cell){ .bytes = end - start };
		while (first < extents->count && extent_end(&extents->list[first]) <= start)
			first++;
		for (size_t j = first; j < extents->count && extents->list[j].offset < end; j++)
			fold_extent(&extents->list[j], &cells[i], start);
	}
	return count;
}
