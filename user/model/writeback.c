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

uint32_t *written_endpoints(const struct recording *recording, size_t *ret)
{
	uint32_t *indices = zalloc(recording->nr_rows, sizeof(*indices));
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < recording->nr_rows; i++)
		if (is_written_to(recording, &recording->rows[i]))
			indices[count++] = recording->rows[i].key.destination;
	if (count)
		qsort(indices, count, sizeof(*indices), compare_indices);
	for (size_t i = 0; i < count; i++)
		if (!kept || indices[kept - 1] != indices[i])
			indices[kept++] = indices[i];
	*ret = kept;
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

static bool is_written_back(const struct cs_row *row, uint32_t endpoint)
{
	return row->key.hop == CS_CACHE_TO_DISK && row->key.destination == endpoint && row->bytes;
}

static void list_parts(const struct recording *recording, uint32_t endpoint,
		       const struct report_process *processes, struct written_file *ret,
		       struct arena *arena)
{
	struct written_back *parts;
	size_t count = 0;

	for (size_t i = 0; i < recording->nr_rows; i++)
		count += is_written_back(&recording->rows[i], endpoint);
	parts = arena_alloc(arena, count * sizeof(*parts));
	count = 0;
	for (size_t i = 0; i < recording->nr_rows; i++) {
		const struct cs_row *row = &recording->rows[i];
		uint32_t process = row->key.process;

		if (!is_written_back(row, endpoint))
			continue;
		ret->written_back_bytes += row->bytes;
		add_part(parts, &count,
			 (struct written_back){
				 .process = process && process < recording->nr_processes ?
						    &processes[process] :
						    NULL,
				 .by = name_call(row->key.call, arena),
				 .bytes = row->bytes,
			 });
	}
	if (count)
		qsort(parts, count, sizeof(*parts), compare_parts);
	ret->parts = parts;
	ret->nr_parts = count;
}

void describe_written(const struct recording *recording, uint32_t endpoint,
		      const struct report_process *processes, struct written_file *ret,
		      struct arena *arena)
{
	ret->source = RESIDENCY_BY_NONE;
	list_parts(recording, endpoint, processes, ret, arena);
	for (size_t i = 0; i < recording->nr_dirty; i++) {
		const struct recorded_dirty *dirty = &recording->dirty[i];

		if (dirty->endpoint != endpoint)
			continue;
		ret->source = dirty->source;
		ret->dirty_bytes = dirty->dirty_bytes;
		ret->under_writeback_bytes = dirty->under_writeback_bytes;
	}
}
