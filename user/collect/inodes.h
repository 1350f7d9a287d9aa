/* SPDX-License-Identifier: MIT */
/* The module's listing of all inodes that own cached pages. */
#ifndef COLLECT_INODES_H
#define COLLECT_INODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* File handles that end with the generation. */
#define HANDLE_INO32_GEN 1 /* enum fid_type of the kernel's <linux/exportfs.h> */
#define HANDLE_XFS_INO64_GEN 0x81 /* fs/xfs/xfs_export.h */

struct listed_inode {
	uint32_t major, minor; /* of the superblock, or the block device itself */
	uint64_t ino; /* 0: a block device */
	uint32_t generation;
	uint64_t size_bytes;
	uint64_t resident, dirty, writeback, evicted; /* pages */
	uint64_t links;
	char type[16]; /* of the file system */
	int fd; /* O_PATH, or -1: see inodes_reach() */
};

struct listed_inodes {
	struct listed_inode *list; /* the largest first */
	size_t count, capacity;
	/* Of all that were listed. */
	uint64_t inodes, pages, left_out;
};

/*
 * The @count inodes with the most pages.  Returns 0, or a negative errno after
 * why was filled: one line with the mend.
 */
int inodes_read(struct listed_inodes *inodes, size_t count, char *why, size_t why_size);
void inodes_release(struct listed_inodes *inodes);

/* Opens what file handles lead to: what ext4, XFS and the like have. */
void inodes_reach_by_handle(struct listed_inodes *inodes);

/* Opens what can be reached without looking at every file of the machine. */
void inodes_reach(struct listed_inodes *inodes);

#endif
