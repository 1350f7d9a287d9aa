/* SPDX-License-Identifier: MIT */
/* Transfers as a reader wants them: alike ones in one, small ones apart. */
#ifndef MODEL_GROUP_H
#define MODEL_GROUP_H

#include "model/report.h"
#include "util/memory.h"

/* One transfer or more, told as one; all have the verdict of the sum. */
struct group {
	struct transfer sum; /* names are those of the first */
	size_t transfers;
	size_t processes;
	size_t from_sockets, to_sockets; /* how many are behind the one that is named */
};

/* What the loader did, of all programs together. */
struct program_start {
	size_t transfers, files;
	uint64_t delivered_bytes, mapped_bytes, copied_bytes;
};

struct groups {
	struct group *groups; /* those that copy most first */
	size_t count;
	size_t shown; /* the first ones; the rest is small */
	struct program_start start; /* of transfers that are in no group */
	struct arena arena;
};

/*
 * Fills @groups, which the caller frees, from a report that must outlive them;
 * each transfer is a group of its own, and shown, when @each is set; else the
 * start of programs is summed up.
 */
void groups_make(struct groups *groups, const struct report *report, bool each);
void groups_free(struct groups *groups);

#endif
