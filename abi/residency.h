/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What the module tells about the page cache: its files below
 * /proc/copyscope. copyscope(4) is the same for people.
 *
 * Pages are those of getpagesize(), on hugetlbfs, too. Offsets and lengths are
 * in bytes and whole pages of the file.
 *
 *
 * /proc/copyscope/inodes  (0400, and CAP_SYS_ADMIN in the initial namespace)
 *
 * Every inode that owns cached pages, one a line, in no order. The first read
 * takes the snapshot that all reads of this opening get. The first line is
 *
 *	# copyscope/inodes/1 device inode generation size resident dirty
 *	  writeback evicted links opens type
 *
 * in one piece: names and order of the columns. Columns are separated by one
 * blank.
 *
 *	device		MAJOR:MINOR, decimal, of the superblock; of a block
 *			device, its own. (btrfs tells stat() another one.)
 *	inode		its number; 0 for a block device
 *	generation	tells apart files that had the number one after another
 *	size		of the file, in bytes
 *	resident	pages in the page cache
 *	dirty		of these, pages that wait to be written; never on
 *			file systems that write to nothing, such as tmpfs
 *	writeback	of these, pages that are being written
 *	evicted		shadow entries, pages that were here not long ago; on
 *			tmpfs, pages in swap
 *	links		names of the inode: 0 for an unlinked file
 *	opens		open file descriptions, and what else holds on to a name:
 *			working directories, an overlay, of a folder the names
 *			in it; openers of a block device
 *	type		of the file system ("bdev" for block devices)
 *
 * If there were more inodes than the module has room for (its parameter
 * inodes_max), those with the fewest pages are left out, and the last line is
 *
 *	# left out INODES inodes with less than PAGES pages each, TOTAL pages
 *
 * Not covered: file systems of the kernel's own that are not registered (AIO
 * rings, secretmem, guest memory, files of devtmpfs) and DAX.
 *
 *
 * /proc/copyscope/file  (0600; 0666 with the module's parameter everyone=1)
 *
 * One write() is one command and sets the file in question for this opening.
 * A final newline may be there.
 *
 *	fd N		a descriptor of the process that writes
 *	path P		a regular file or directory; all after the blank is P
 *
 * EINVAL: neither. EBADF, ENOENT, …: as open() would have it. EOPNOTSUPP: it
 * has no page cache (socket, pipe, character device). EPERM: the opener neither
 * owns the file nor may write it, which is mincore(2)'s rule. After an error
 * there is no file in question. Reading, from offset 0, walks the page cache
 * anew and tells
 *
 *	inode MAJOR:MINOR INODE SIZE FACTS	FACTS: "real-inode", "swap",
 *						"not-covered", "block-device", joined by
 *						commas, or "-"; see below
 *	extent OFFSET LENGTH ORDER STATES	one per run; STATES: "dirty",
 *						"writeback", "active", "referenced",
 *						"mapped", "filling", joined by commas,
 *						or "clean"; see below
 *	total RESIDENT DIRTY WRITEBACK MAPPED EVICTED FILLING	the last line; bytes,
 *						but pages for EVICTED
 *
 * or one line of help, which begins with "#", if there is no file in question.
 *
 *
 * CS_RESIDENCY, an ioctl on /proc/copyscope/file: the same for programs.
 *
 * EINVAL: size, reserved, capacity or the range are not as said below. EFAULT:
 * an address. EBADF: fd. EOPNOTSUPP: it has no page cache. EPERM: the caller
 * neither opened the file for writing, nor owns it, nor may write it, which is
 * cachestat(2)'s rule. EINTR: a fatal signal. A descriptor of O_PATH will do
 * for regular files and directories.
 */
#ifndef ABI_RESIDENCY_H
#define ABI_RESIDENCY_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define CS_RESIDENCY_PATH "/proc/copyscope/file"
#define CS_INODES_PATH "/proc/copyscope/inodes"

/* Bits of the state of resident folios. A folio with none is clean. */
enum cs_folio_state {
	CS_FOLIO_DIRTY = 1u << 0, /* waits to be written */
	CS_FOLIO_WRITEBACK = 1u << 1, /* is being written */
	CS_FOLIO_ACTIVE = 1u << 2, /* on the list of those to be kept, if there is one */
	CS_FOLIO_REFERENCED = 1u << 3, /* used since reclaim looked */
	CS_FOLIO_MAPPED = 1u << 4, /* a page of it is in a page table */
	CS_FOLIO_FILLING = 1u << 5, /* not up to date: not read, or not as a whole */
};

/* A run of resident folios of one state and one order. */
struct cs_extent {
	__u64 offset;
	__u64 length; /* that lies in the range: not always a whole folio */
	__u32 state; /* enum cs_folio_state */
	__u32 order; /* a folio is 1 << order pages */
};

/* Facts about the answer. */
enum cs_residency_fact {
	CS_RESIDENCY_REAL_INODE = 1u << 0, /* of the file below an overlay */
	CS_RESIDENCY_NOT_COVERED = 1u << 1, /* DAX: no page cache to see */
	CS_RESIDENCY_SWAP = 1u << 2, /* evicted counts pages in swap */
	CS_RESIDENCY_BLOCK_DEVICE = 1u << 3, /* dev is its number, ino 0 */
};

#define CS_EXTENTS_MAX 65536u

/*
 * One question. What is above the line is set by the caller, the rest by
 * the module. The range is widened to whole pages. Totals are of the range that
 * was walked: from offset up to next, or to the end of the range if next is 0.
 */
struct cs_residency {
	__u32 size; /* of this structure */
	__s32 fd; /* of the caller */
	__u64 offset;
	__u64 length; /* 0: to the end of the file */
	__u64 extents; /* address of struct cs_extent[capacity] */
	__u32 capacity; /* 0: totals only; at most CS_EXTENTS_MAX */
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
	__u64 filling; /* resident, and not up to date: mincore(2) leaves these out */
};

#define CS_RESIDENCY _IOWR('c', 0xc5, struct cs_residency)

#endif
