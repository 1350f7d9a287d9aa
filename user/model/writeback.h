/* SPDX-License-Identifier: MIT */
/*
 * What became of the pages of written files: who had them written to the
 * disk, and what still waits in the page cache.
 */
#ifndef MODEL_WRITEBACK_H
#define MODEL_WRITEBACK_H

#include "model/report.h"
#include "util/memory.h"

/*
 * Indices of the files that were written to, by whatever way; those in memory
 * are none, as they are never written back.  The caller frees the array.
 */
uint32_t *written_endpoints(const struct recording *recording, size_t *ret);
/* These and the files used by RWF_DONTCACHE, each once, sorted; the caller frees the array. */
uint32_t *asked_endpoints(const struct recording *recording, size_t *ret);

/* The file that the row used by RWF_DONTCACHE, or CS_MEMORY if it used none so. */
uint32_t uncached_endpoint(const struct cs_row *row);
/* Says of such a file, whose endpoint has that index, what of it is in the page cache. */
void describe_uncached(const struct recording *recording, uint32_t endpoint,
		       struct report_endpoint *ret);

/* Rows of write-back by their file, so that each file finds its own at once. */
struct writeback {
	const struct recording *recording;
	const struct cs_row **rows;
	size_t nr_rows;
};

void writeback_begin(struct writeback *writeback, const struct recording *recording);
void writeback_end(struct writeback *writeback);

/* Fills in all but the file of @ret, whose endpoint has that index. */
void describe_written(const struct writeback *writeback, uint32_t endpoint,
		      const struct report_process *processes, struct written_file *ret,
		      struct arena *arena);

#endif
