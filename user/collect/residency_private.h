/* SPDX-License-Identifier: MIT */
/* What the sources without the module share. */
#ifndef COLLECT_RESIDENCY_PRIVATE_H
#define COLLECT_RESIDENCY_PRIVATE_H

#include "collect/residency.h"

#define BATCH_EXTENTS 65536 /* the most that the module gives at once */
#define VECTOR_PAGES 65536 /* looked at by one mincore(2) */

/* A part of a file that is mapped without access, for mincore(2) only. */
struct window {
	int fd;
	void *start;
	uint64_t offset, bytes; /* 0 bytes: not mapped yet */
};

void window_close(struct window *window);
/* The bits of pages from @offset on into reader->vector: at most VECTOR_PAGES. */
int window_look(struct residency_reader *reader, struct window *window, uint64_t offset,
		size_t pages);

/*
 * @fd is open for reading and no one else's: its offset is moved.  Both need
 * ret->size_bytes.  Return 0, or a negative errno and leave no extents.
 */
int residency_by_cachestat(struct residency_reader *reader, int fd, bool extents,
			   struct residency *ret);
int residency_by_mincore(struct residency_reader *reader, int fd, bool extents,
			 struct residency *ret);

#endif
