/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What the module tells about the page cache: /proc/copyscope/file, by
 * ioctl. Offsets and lengths are in bytes, whole pages of the file.
 */
#ifndef ABI_RESIDENCY_H
#define ABI_RESIDENCY_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Bits of the state of resident folios. A folio with none is clean. */
enum cs_folio_state {
	CS_FOLIO_DIRTY = 1u << 0,
	CS_FOLIO_WRITEBACK = 1u << 1,
	CS_FOLIO_ACTIVE = 1u << 2,
	CS_FOLIO_REFERENCED = 1u << 3,
	CS_FOLIO_MAPPED = 1u << 4,
};

/* A run of resident folios of one state and one order. */
struct cs_extent {
	__u64 offset;
	__u64 length;
	__u32 state; /* enum cs_folio_state */
	__u32 order; /* a folio is 1 << order pages */
};

/* Facts about the answer. */
enum cs_residency_fact {
	CS_RESIDENCY_REAL_INODE = 1u << 0, /* of the file below an overlay */
	CS_RESIDENCY_NOT_COVERED = 1u << 1, /* DAX: no page cache to see */
	CS_RESIDENCY_SWAP = 1u << 2, /* evicted counts pages in swap */
};

/*
 * One question. What is above the line is set by the caller, the rest by
 * the module. Totals are of the range that was walked: from offset up to
 * next, or to the end of the range if next is 0.
 */
struct cs_residency {
	__u32 size; /* of this structure */
	__s32 fd; /* of the caller */
	__u64 offset;
	__u64 length; /* 0: to the end of the file */
	__u64 extents; /* address of struct cs_extent[capacity] */
	__u32 capacity; /* 0: totals only; at most 65,536 */
	__u32 reserved; /* must be 0 */
	/* --- */
	__u32 count; /* extents written */
	__u32 facts; /* enum cs_residency_fact */
	__u64 next; /* where to go on, 0: done */
	__u64 dev; /* of the inode that owns the pages, as in st_dev */
	__u64 ino;
	__u64 file_size;
	__u64 resident;
	__u64 dirty;
	__u64 writeback;
	__u64 mapped;
	__u64 evicted; /* pages, not bytes: a shadow entry has no size */
};

#define CS_RESIDENCY _IOWR('c', 0xc5, struct cs_residency)

#endif
