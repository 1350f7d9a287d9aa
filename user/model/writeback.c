// SPDX-License-Identifier: MIT
#include "model/writeback.h"

#include <stdlib.h>
#include <string.h>

#include "model/names.h"

static bool is_written_to(const struct recording *recording, const struct cs_row *row)
{
	const struct cs_endpoint *endpoint;
	uint32_t index = row->key.destination;

	if (!row->bytes || index < CS_FIRST_ENDPOINT || index >= recording->nr_endpoints)
		return false;
	endpoint = &recording->endpoints[index];
	return endpoint->kind == CS_KIND_FILE && !(endpoint->flags & CS_ENDPOINT_IN_MEMORY);
}

static int compare_indices(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

/* Sorts them and drops those that are there twice; returns how many are left. */
static size_t sort_out(uint32_t *indices, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(indices, count, sizeof(*indices), compare_indices);
	for (size_t i = 0; i < count; i++)
		if (!kept || indices[kept - 1] != indices[i])
			indices[kept++] = indices[i];
	return kept;
}

uint32_t *written_endpoints(const struct recording *recording, size_t *ret)
{
	uint32_t *indices = zalloc(recording->nr_rows, sizeof(*indices));
	size_t count = 0;

	for (size_t i = 0; i < recording->nr_rows; i++)
		if (is_written_to(recording, &recording->rows[i]))
			indices[count++] = recording->rows[i].key.destination;
	*ret = sort_out(indices, count);
	return indices;
}

uint32_t uncached_endpoint(const struct cs_row *row)
{
	if (!(row->key.flags & CS_ROW_UNCACHED) || !row->bytes || row->key.hop >= CS_HOP_MAX)
		return CS_MEMORY;
	return hop_from(row->key.hop) == CS_PLACE_PAGE_CACHE ? row->key.source :
							       row->key.destination;
}

uint32_t *asked_endpoints(const struct recording *recording, size_t *ret)
{
	uint32_t *indices = zalloc(2 * recording->nr_rows, sizeof(*indices));
	size_t count = 0;

	for (size_t i = 0; i < recording->nr_rows; i++) {
		uint32_t uncached = uncached_endpoint(&recording->rows[i]);

		if (is_written_to(recording, &recording->rows[i]))
			indices[count++] = recording->rows[i].key.destination;
		if (uncached >= CS_FIRST_ENDPOINT && uncached < recording->nr_endpoints)
			indices[count++] = uncached;
	}
	*ret = sort_out(indices, count);
	return indices;
}

/* Most bytes first. */
static int compare_parts(const void *left, const void *right)
{
	const struct written_back *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	if (a->process != b->process)
		return a->process < b->process ? -1 : 1;
	return strcmp(a->by, b->by);
}

static void add_part(struct written_back *parts, size_t *count, struct written_back part)
{
	for (size_t i = 0; i < *count; i++) {
		if (parts[i].process != part.process || strcmp(parts[i].by, part.by))
			continue;
		parts[i].bytes += part.bytes;
		return;
	}
	parts[(*count)++] = part;
}

static int compare_rows(const void *left, const void *right)
{
	const struct cs_row *a = *(const struct cs_row *const *)left;
	const struct cs_row *b = *(const struct cs_row *const *)right;

	if (a->key.destination != b->key.destination)
		return a->key.destination < b->key.destination ? -1 : 1;
	return a < b ? -1 : a > b;
}

void writeback_begin(struct writeback *writeback, const struct recording *recording)
{
	const struct cs_row **rows = zalloc(recording->nr_rows, sizeof(*rows));
	size_t count = 0;

	for (size_t i = 0; i < recording->nr_rows; i++)
		if (recording->rows[i].key.hop == CS_CACHE_TO_DISK && recording->rows[i].bytes)
			rows[count++] = &recording->rows[i];
	if (count)
		qsort(rows, count, sizeof(*rows), compare_rows);
	*writeback = (struct writeback){ recording, rows, count };
}

void writeback_end(struct writeback *writeback)
{
	free(writeback->rows);
}

/* The first row of the file, or of one behind it. */
static size_t first_row(const struct writeback *writeback, uint32_t endpoint)
{
	size_t low = 0, high = writeback->nr_rows;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (writeback->rows[middle]->key.destination < endpoint)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void list_parts(const struct writeback *writeback, uint32_t endpoint,
		       const struct report_process *processes, struct written_file *ret,
		       struct arena *arena)
{
	size_t start = first_row(writeback, endpoint), end = start, count = 0;
	struct written_back *parts;

	while (end < writeback->nr_rows && writeback->rows[end]->key.destination == endpoint)
		end++;
	parts = arena_alloc(arena, (end - start) * sizeof(*parts));
	for (size_t i = start; i < end; i++) {
		const struct cs_row *row = writeback->rows[i];
		uint32_t process = row->key.process;
		bool is_known = process && process < writeback->recording->nr_processes;

		ret->written_back_bytes += row->bytes;
		add_part(parts, &count,
			 (struct written_back){
				 .process = is_known ? &processes[process] : NULL,
				 .by = name_call(row->key.call, arena),
				 .bytes = row->bytes,
			 });
	}
	if (count)
		qsort(parts, count, sizeof(*parts), compare_parts);
	ret->parts = parts;
	ret->nr_parts = count;
}

static int compare_dirty(const void *left, const void *right)
{
	return compare_indices(&((const struct recorded_dirty *)left)->endpoint,
			       &((const struct recorded_dirty *)right)->endpoint);
}

static const struct recorded_dirty *dirty_of(const struct recording *recording, uint32_t endpoint)
{
	const struct recorded_dirty wanted = { .endpoint = endpoint };

	if (!recording->nr_dirty)
		return NULL;
	return bsearch(&wanted, recording->dirty, recording->nr_dirty, sizeof(wanted),
		       compare_dirty);
}

void describe_uncached(const struct recording *recording, uint32_t endpoint,
		       struct report_endpoint *ret)
{
	const struct recorded_dirty *dirty = dirty_of(recording, endpoint);

	ret->uncached = true;
	ret->resident_source = dirty ? dirty->source : RESIDENCY_BY_NONE;
	ret->resident_bytes = dirty ? dirty->resident_bytes : 0;
}

void describe_written(const struct writeback *writeback, uint32_t endpoint,
		      const struct report_process *processes, struct written_file *ret,
		      struct arena *arena)
{
	const struct recording *recording = writeback->recording;
	const struct recorded_dirty *dirty = dirty_of(recording, endpoint);

	ret->source = RESIDENCY_BY_NONE;
	list_parts(writeback, endpoint, processes, ret, arena);
	if (!dirty)
		return;
	ret->source = dirty->source;
	ret->dirty_bytes = dirty->dirty_bytes;
	ret->under_writeback_bytes = dirty->under_writeback_bytes;
}
