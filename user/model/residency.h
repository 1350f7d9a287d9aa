/* SPDX-License-Identifier: MIT */
/*
 * What is known about one inode's part of the page cache.  Sizes are in bytes;
 * what the source cannot know is RESIDENCY_UNKNOWN, never 0.
 */
#ifndef MODEL_RESIDENCY_H
#define MODEL_RESIDENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/residency.h"

#define RESIDENCY_UNKNOWN UINT64_MAX
#define RESIDENCY_PAGE ((uint64_t)4096) /* of x86-64 */

/* From the one that knows most to the one that knows least. */
enum residency_source {
	RESIDENCY_BY_MODULE, /* all */
	RESIDENCY_BY_CACHESTAT, /* not what is mapped, active, referenced, nor orders */
	RESIDENCY_BY_MINCORE, /* resident or not */
	RESIDENCY_BY_NONE, /* error says why */
};

const char *residency_source_word(enum residency_source source); /* NULL for none */

/* Beside enum cs_folio_state: only that it is resident is known. */
#define EXTENT_STATE_UNKNOWN (1u << 31)
#define EXTENT_ORDER_UNKNOWN UINT32_MAX

/* In the order of offsets, none over another. */
struct extents {
	struct cs_extent *list;
	size_t count, capacity;
};

/* Adds behind the others; makes one of two that touch and are alike. */
void extents_add(struct extents *extents, const struct cs_extent *extent);
void extents_release(struct extents *extents);
uint64_t extents_bytes(const struct extents *extents);
/* Bytes of @extents that are in no extent of @others, whatever their state. */
uint64_t extents_bytes_not_in(const struct extents *extents, const struct extents *others);

struct residency {
	enum residency_source source;
	int error; /* why there is no source, */
	const char *why; /* and in words; static */
	bool has_inode;
	uint32_t dev_major, dev_minor; /* as stat(2) tells them */
	uint64_t ino;
	uint64_t links;
	/* The inode that owns the pages, where that is another: below an overlay. */
	bool has_real_inode;
	uint32_t real_major, real_minor;
	uint64_t real_ino;

	uint64_t size_bytes;
	uint64_t resident_bytes; /* whole pages; without those filling, by mincore(2) */
	uint64_t filling_bytes; /* of these: not up to date */
	uint64_t dirty_bytes;
	uint64_t writeback_bytes;
	uint64_t mapped_bytes;
	uint64_t evicted_pages;
	bool evicted_to_swap; /* of tmpfs: evicted pages are in swap */
	uint64_t unseen_bytes; /* not looked at, as it would take too long */
	bool has_extents; /* they were asked for, and are known */
	struct extents extents;
};

/* Everything is unknown. */
void residency_init(struct residency *residency);
void residency_release(struct residency *residency);

/* What a cell of a strip covers, and what of that is resident. */
struct strip_cell {
	uint64_t bytes, resident_bytes, dirty_bytes, writeback_bytes;
};

/*
 * Folds the extents into at most @width cells, one page at least each.
 * Returns their number; 0 for an empty file or without extents.
 */
size_t residency_fold(const struct residency *residency, struct strip_cell *cells, size_t width);

#endif
