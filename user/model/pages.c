// SPDX-License-Identifier: MIT
#include "model/pages.h"

#include <stdlib.h>
#include <string.h>

#include "util/memory.h"

struct pages_file *pages_add(struct pages *pages)
{
	struct pages_file *file;

	pages->files =
		grow(pages->files, &pages->capacity, pages->count + 1, sizeof(*pages->files));
	file = &pages->files[pages->count++];
	*file = (struct pages_file){
		.entered_bytes = RESIDENCY_UNKNOWN,
		.left_bytes = RESIDENCY_UNKNOWN,
	};
	residency_init(&file->residency);
	return file;
}

void pages_release(struct pages *pages)
{
	for (size_t i = 0; i < pages->count; i++) {
		free(pages->files[i].path);
		residency_release(&pages->files[i].residency);
	}
	free(pages->files);
	*pages = (struct pages){ 0 };
}

static void add_known(uint64_t *sum, uint64_t value)
{
	if (*sum == RESIDENCY_UNKNOWN || value == RESIDENCY_UNKNOWN)
		*sum = RESIDENCY_UNKNOWN;
	else
		*sum += value;
}

void pages_finish(struct pages *pages, enum residency_source first)
{
	struct pages_totals *totals = &pages->totals;
	bool answered = false;

	*totals = (struct pages_totals){ 0 };
	pages->source = RESIDENCY_BY_MODULE;
	for (size_t i = 0; i < pages->count; i++) {
		const struct residency *r = &pages->files[i].residency;

		if (r->source == RESIDENCY_BY_NONE) {
			totals->unknown_files++;
			continue;
		}
		add_known(&totals->size_bytes, r->size_bytes);
		add_known(&totals->resident_bytes, r->resident_bytes);
		add_known(&totals->dirty_bytes, r->dirty_bytes);
		add_known(&totals->writeback_bytes, r->writeback_bytes);
		add_known(&totals->mapped_bytes, r->mapped_bytes);
		add_known(&totals->filling_bytes, r->filling_bytes);
		add_known(&totals->evicted_pages, r->evicted_pages);
		totals->seen_bytes += pages_seen_bytes(r);
		answered = true;
		if (r->source > pages->source)
			pages->source = r->source;
	}
	if (!answered)
		pages->source = first;
}

static int by_inode(const void *one, const void *other)
{
	const struct residency *a = &(*(const struct pages_file *const *)one)->residency;
	const struct residency *b = &(*(const struct pages_file *const *)other)->residency;

	if (a->dev_major != b->dev_major)
		return a->dev_major < b->dev_major ? -1 : 1;
	if (a->dev_minor != b->dev_minor)
		return a->dev_minor < b->dev_minor ? -1 : 1;
	return (a->ino > b->ino) - (a->ino < b->ino);
}

static void compare_file(struct pages_file *file, const struct pages_file *before)
{
	const struct residency *now = &file->residency, *then = before ? &before->residency : NULL;

	/* Its pages may have been there long before it was opened, renamed or one of the top. */
	file->is_new = !then;
	if (!then || !now->has_extents || now->unseen_bytes || !then->has_extents ||
	    then->unseen_bytes)
		return;
	file->entered_bytes = extents_bytes_not_in(&now->extents, &then->extents);
	file->left_bytes = extents_bytes_not_in(&then->extents, &now->extents);
}

void pages_compare(struct pages *pages, const struct pages *before)
{
	const struct pages_file **sorted = zalloc(before->count, sizeof(*sorted));
	bool *met = zalloc(before->count, sizeof(*met));

	for (size_t i = 0; i < before->count; i++)
		sorted[i] = &before->files[i];
	qsort(sorted, before->count, sizeof(*sorted), by_inode);
	for (size_t i = 0; i < pages->count; i++) {
		const struct pages_file *file = &pages->files[i];
		const struct pages_file **found =
			bsearch(&file, sorted, before->count, sizeof(*sorted), by_inode);

		if (found)
			met[*found - before->files] = true;
		compare_file(&pages->files[i], found ? *found : NULL);
	}
	pages->gone = 0;
	pages->gone_bytes = 0;
	for (size_t i = 0; i < before->count; i++) {
		if (met[i])
			continue;
		pages->gone++;
		pages->gone_bytes += pages_seen_bytes(&before->files[i].residency);
	}
	free(sorted);
	free(met);
}

uint64_t pages_seen_bytes(const struct residency *residency)
{
	if (residency->resident_bytes != RESIDENCY_UNKNOWN)
		return residency->resident_bytes;
	return extents_bytes(&residency->extents);
}
