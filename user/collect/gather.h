/* SPDX-License-Identifier: MIT */
/* Finds the files to tell about: by path, below folders, of processes, the largest. */
#ifndef COLLECT_GATHER_H
#define COLLECT_GATHER_H

#include <sys/types.h>

#include "collect/residency.h"
#include "model/pages.h"

/* Folders whose path is longer are not gone into. */
#define GATHER_PATH_MAX (32 * 1024)

struct gather {
	struct residency_reader *reader;
	struct pages *pages; /* what was found is added here */
	bool extents;
	/* Each file has an entry once, however many names lead to it. */
	void *seen; /* tsearch(3)'s tree */

	/* After each file; returns false to end the search. */
	bool (*on_file)(struct gather *gather);
	/* What could not be looked at, and why.  @named: by the user, not on the way. */
	void (*on_problem)(struct gather *gather, const char *path, bool named, const char *why);
	void *context;
};

void gather_end(struct gather *gather);

/* A file, or all regular files below a folder.  A link is followed if it is @path itself. */
void gather_path(struct gather *gather, const char *path);

/* Open and mapped files of a process. */
void gather_process(struct gather *gather, pid_t pid);

/*
 * The inodes that own the most pages, up to @count, from the module's listing.
 * Returns 0, or a negative errno after why was filled: one line with the mend.
 */
int gather_top(struct gather *gather, size_t count, char *why, size_t why_size);

/* For the parts of gathering: whether the inode is new. */
bool gather_is_new(struct gather *gather, uint32_t major, uint32_t minor, uint64_t ino);
/*
 * Adds the answer about one file, which it takes over, and a copy of the path.
 * Returns whether to go on.
 */
bool gather_add(struct gather *gather, const char *path, bool named, struct residency *residency);

#endif
