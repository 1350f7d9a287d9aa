/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the module share. */
#ifndef MODULE_COPYSCOPE_H
#define MODULE_COPYSCOPE_H

#include <linux/fs.h>
#include <linux/proc_fs.h>

#include "../abi/residency.h"

/*
 * A walk through the page cache of one inode, which the caller keeps alive.
 * What is above the line is the question; offsets are in pages of PAGE_SIZE.
 */
struct cs_walk {
	struct address_space *mapping;
	u64 first, last; /* pages, both included; nothing is seen if last < first */
	struct cs_extent *extents; /* room for @capacity, or NULL: totals only */
	u32 capacity;
	bool skip_mapped; /* is not asked for */
	/* --- */
	u32 count; /* extents */
	u64 next; /* page that the walk stopped before, as there was no room; or 0 */
	u64 resident, dirty, writeback, mapped, evicted, filling; /* pages */
};

/* Answers @walk, from zeros. Sleeps. Returns 0, or -EINTR after a fatal signal. */
int cs_walk(struct cs_walk *walk);

/* The same without sleep, if there is little to see: returns if that was all. */
bool cs_walk_briefly(struct cs_walk *walk);

extern const struct proc_ops cs_inodes_ops;
extern const struct proc_ops cs_file_ops;

/* Parameter: records that one opening of the listing may keep. */
extern unsigned int cs_inodes_max;

#endif
