/* SPDX-License-Identifier: MIT */
/* What copyscope pages tells: files and their parts of the page cache. */
#ifndef MODEL_PAGES_H
#define MODEL_PAGES_H

#include "model/residency.h"

struct pages_file {
	char *path; /* NULL: not known; any bytes */
	bool deleted; /* no name leads to it any more */
	bool named; /* by the user, not found on the way */
	char type[16]; /* of the file system; empty: not asked for */
	struct residency residency;
	bool is_new; /* not among those of the look before */
	/* Against the look before; RESIDENCY_UNKNOWN if it is new, or without extents. */
	uint64_t entered_bytes, left_bytes;
};

/* Sums over the files that have an answer; RESIDENCY_UNKNOWN as soon as one part is. */
struct pages_totals {
	uint64_t size_bytes;
	uint64_t resident_bytes;
	uint64_t dirty_bytes;
	uint64_t writeback_bytes;
	uint64_t mapped_bytes;
	uint64_t filling_bytes;
	uint64_t evicted_pages;
	uint64_t seen_bytes; /* resident at least */
	size_t unknown_files; /* that have none: they have an error */
};

struct pages {
	struct pages_file *files;
	size_t count, capacity;
	/* The one that knows least of those that answered. */
	enum residency_source source;
	struct pages_totals totals;

	bool is_top; /* the largest of all inodes of the machine */
	uint64_t listed_inodes, listed_pages; /* all of them */
	uint64_t left_out_inodes; /* that the module had no room for */

	bool is_watch; /* one of several looks */
	uint64_t elapsed_ns; /* since the first of them */
	size_t gone; /* files of the look before that this one did not meet */
	uint64_t gone_bytes; /* that were resident in them then */
};

/* A new file at the end, of which nothing is known. */
struct pages_file *pages_add(struct pages *pages);
void pages_release(struct pages *pages);

/* Sums up and chooses the source: @first unless others answered. */
void pages_finish(struct pages *pages, enum residency_source first);

/* Tells what entered and left since @before, file by file. */
void pages_compare(struct pages *pages, const struct pages *before);

/* Bytes that are resident, or those seen where not all was looked at. */
uint64_t pages_seen_bytes(const struct residency *residency);

#endif
