/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs by kernel, newest first, each with the commit it follows.  Which form
 * a kernel has is asked of its type information (CO-RE), never of its version.  What
 * differs by the name of a routine is a row of the table (user/collect/table.c).
 */
#ifndef CS_COMPAT_BPF_H
#define CS_COMPAT_BPF_H

#include "bpf/ledger.bpf.h"

#define S_IFMT 0170000
#define S_IFREG 0100000

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* compound_head became compound_info: see folio_of(). */
struct page___v71 {
	unsigned long compound_info;
};

/* flags became a struct: Linux kernel commit 53fbef56e07d (in v6.18). */
struct folio___v618 {
	struct {
		unsigned long f;
	} flags;
};

/* Before ops were a struct: Linux kernel commit 7ab4f16f9e24 (in v6.10). */
struct ubuf_info___v61 {
	const void *callback;
};

/* The order is in _flags_1 since Linux kernel commit ebc1baf5c9b4 (in v6.6). */
struct folio___v66 {
	unsigned long _flags_1;
};

struct folio___v61 {
	unsigned char _folio_order;
};

/* See iter_iov(). */
struct iov_iter___v61 {
	const struct iovec *iov;
};

/* See first_mount(). */
struct super_block___v618 {
	struct mount *s_mounts;
};

struct mount___v618 {
	struct mount *mnt_next_for_sb;
};

struct super_block___v617 {
	struct list_head s_mounts;
};

struct mount___v617 {
	struct list_head mnt_instance;
};

#pragma clang attribute pop

/*
 * v7.1: what names the head of a compound page became a mask of addresses where the
 * size of struct page is a power of two, in Linux kernel commit 8c846c879e22 "mm: rework
 * compound_head() for power-of-2 sizeof(struct page)".  No page lies in the last 4 GiB of
 * addresses, and no mask out of them.  A tail has bit 0 set, before and after.
 */
static __always_inline struct folio *folio_of(struct page *page)
{
	struct page___v71 *newer = (void *)page;
	u64 head, at;

	if (!bpf_core_field_exists(newer->compound_info)) {
		head = BPF_CORE_READ(page, compound_head);
		return (void *)(head & 1 ? head - 1 : (u64)page);
	}
	/* The address as a number: a pointer that the verifier knows cannot be masked. */
	bpf_probe_read_kernel(&at, sizeof(at), &page);
	head = BPF_CORE_READ(newer, compound_info);
	if (!(head & 1))
		return (void *)at;
	return (void *)(head >> 32 == 0xffffffff ? at & head & ~1ULL : head - 1);
}

/*
 * v6.18: a fault maps all of the folio that it finds, since Linux kernel commit
 * 19773df031bc "mm/fault: try to map the entire file folio in finish_fault()" and
 * 357b92761d94 "mm/filemap: map entire large folio faultaround".  They came with the same
 * release as the struct of flags.
 */
static __always_inline bool faults_map_folios(void)
{
	return bpf_core_field_exists(((struct folio___v618 *)0)->flags.f);
}

/*
 * v6.15: a write copies before it faults in what it copies from, since Linux kernel commit
 * 665575cff098 "filemap: move prefaulting out of hot write path".  Types do not tell it:
 * v6.18 is the first release with it that is maintained for long.
 */
static __always_inline bool writes_before_faults(void)
{
	return faults_map_folios();
}

static __always_inline u64 folio_flags(struct folio *folio)
{
	if (bpf_core_field_exists(((struct folio___v618 *)folio)->flags.f))
		return BPF_CORE_READ((struct folio___v618 *)folio, flags.f);
	return BPF_CORE_READ(folio, flags);
}

/*
 * v6.18: the mounts of a file system are linked without a list head, since Linux kernel
 * commit 09a1b33c080f "preparations to taking MNT_WRITE_HOLD out of ->mnt_flags".
 */
static __always_inline u64 mount_linked(u64 sb, struct list_head *link)
{
	u64 head = sb + bpf_core_field_offset(struct super_block___v617, s_mounts);

	if ((u64)link == head)
		return 0;
	return (u64)link - bpf_core_field_offset(struct mount___v617, mnt_instance);
}

/* The first struct mount of a file system, or 0. */
static __always_inline u64 first_mount(u64 sb)
{
	if (bpf_core_field_exists(((struct mount___v618 *)0)->mnt_next_for_sb))
		return (u64)BPF_CORE_READ((struct super_block___v618 *)sb, s_mounts);
	return mount_linked(sb, BPF_CORE_READ((struct super_block___v617 *)sb, s_mounts.next));
}

/* The one behind it, or 0. */
static __always_inline u64 next_mount(u64 sb, u64 mount)
{
	if (bpf_core_field_exists(((struct mount___v618 *)0)->mnt_next_for_sb))
		return (u64)BPF_CORE_READ((struct mount___v618 *)mount, mnt_next_for_sb);
	return mount_linked(sb, BPF_CORE_READ((struct mount___v617 *)mount, mnt_instance.next));
}

/*
 * v6.17: a member that is a void * is memory of unknown size to the verifier, and no
 * number as before, since Linux kernel commit 2d5c91e1cc14 "bpf:
 * rdonly_untrusted_mem for btf id walk pointer leafs".  Global functions do not take
 * it: see address().
 */

/*
 * v6.14: a flag of preadv2() and pwritev2(), which the struct kiocb keeps, asks that the
 * pages go when they are used; they have a flag of their own for it.  Older kernels
 * refuse it, and the hooks on them spend nothing on it.
 */
#define RWF_DONTCACHE 0x80

static __always_inline bool is_uncached(struct kiocb *iocb)
{
	return bpf_core_enum_value_exists(enum pageflags, PG_dropbehind) &&
	       iocb->ki_flags & RWF_DONTCACHE;
}

/* A file that another one stands on: what is done to that is done to it as well. */
#define FMODE_NOACCOUNT 0x20000000

static __always_inline bool is_backing(struct file *file)
{
	return BPF_CORE_READ(file, f_mode) & FMODE_NOACCOUNT;
}

static __always_inline bool is_backing_file(struct file *file)
{
	return is_backing(file) && (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) == S_IFREG;
}

/*
 * v6.13: the private data of a file of overlayfs is a struct ovl_file, whose first
 * member is the file below, since Linux kernel commit 87a8a76c34a2 "ovl: allocate a
 * container struct ovl_file for ovl private context".  It was that file itself before,
 * and what that begins with is the address of no file.  The newer form is asked for
 * first: read as a file, two pointers can look like anything.
 */
static __always_inline struct file *file_below(struct file *file)
{
	struct file *data = BPF_CORE_READ(file, private_data), *real = NULL;

	bpf_probe_read_kernel(&real, sizeof(real), data);
	if (is_backing_file(real))
		return real;
	return is_backing_file(data) ? data : NULL;
}

/* Tells who made the struct ubuf_info at @uarg. */
static __always_inline u64 ubuf_kind(u64 uarg)
{
	struct ubuf_info *u = (void *)uarg;

	if (bpf_core_field_exists(u->ops))
		return (u64)BPF_CORE_READ(u, ops);
	return (u64)BPF_CORE_READ((struct ubuf_info___v61 *)uarg, callback);
}

/*
 * The struct path by which a process opened the file.  That of a file that a
 * file of overlayfs stands on follows it, since Linux kernel commit
 * def3ae83da02 "fs: store real path instead of fake path in backing file
 * f_path" (in v6.7).  Before it, f_path was of another inode than f_inode.
 */
static __always_inline u64 path_of(u64 file)
{
	struct file *f = (void *)file;
	u64 own = file + bpf_core_field_offset(struct file, f_path);
	struct path *user = (void *)(file + bpf_core_type_size(struct file));

	if (!is_backing(f) || BPF_CORE_READ(f, f_path.dentry, d_inode) != BPF_CORE_READ(f, f_inode))
		return own;
	/* Other files are uncounted, too: look whether there is such a path. */
	if ((BPF_CORE_READ(user, dentry, d_inode, i_mode) & S_IFMT) != S_IFREG)
		return own;
	return (u64)user;
}

/* How many bytes a folio has. */
static __always_inline u64 folio_bytes(struct folio *folio)
{
	u32 order = 0;

	if (!(folio_flags(folio) >> bpf_core_enum_value(enum pageflags, PG_head) & 1))
		return 1 << PAGE_SHIFT;
	if (bpf_core_field_exists(((struct folio___v61 *)folio)->_folio_order))
		order = BPF_CORE_READ((struct folio___v61 *)folio, _folio_order);
	else
		order = BPF_CORE_READ((struct folio___v66 *)folio, _flags_1) & 0xff;
	return 1ULL << (PAGE_SHIFT + (order & 31));
}

/*
 * v6.5: splice reads the page cache by a routine of its own, since Linux kernel commit
 * 2cb1e08985e3 "splice: Use filemap_splice_read() instead of
 * generic_file_splice_read()".  An ITER_PIPE took references of the page cache before.
 */
static __always_inline bool is_pipe(struct iov_iter *iter)
{
	return bpf_core_enum_value_exists(enum iter_type, ITER_PIPE) &&
	       iter->iter_type == bpf_core_enum_value(enum iter_type, ITER_PIPE);
}

/*
 * v6.4: iov became __iov, in Linux kernel commit de4f5fed3f23 "iov_iter: add
 * iter_iovec() helper".
 */
static __always_inline u64 iter_iov(struct thread *t, struct iov_iter *iter)
{
	if (bpf_core_field_exists(iter->__iov))
		return address(t, iter->__iov);
	return address(t, ((struct iov_iter___v61 *)iter)->iov);
}

#endif
