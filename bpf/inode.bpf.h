/* SPDX-License-Identifier: GPL-2.0 */
/* What kinds of inodes there are, and how one is called. */
#ifndef CS_INODE_BPF_H
#define CS_INODE_BPF_H

#include "bpf/compat.bpf.h"

#define S_IFSOCK 0140000
#define S_IFBLK 0060000
#define S_IFCHR 0020000
#define S_IFIFO 0010000

#define OVERLAYFS_MAGIC 0x794c7630
#define TMPFS_MAGIC 0x01021994
#define HUGETLBFS_MAGIC 0x958458f6
#define RAMFS_MAGIC 0x858458f6
#define BTRFS_MAGIC 0x9123683e

/* Of a file system without a disk: its pages are never written back. */
static __always_inline bool is_in_memory(u64 address)
{
	u64 magic = BPF_CORE_READ((struct inode *)address, i_sb, s_magic);

	return magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC || magic == RAMFS_MAGIC;
}

static __always_inline void inode_key(u64 address, struct cs_inode_key *key)
{
	struct inode *inode = (void *)address;

	key->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	key->generation = BPF_CORE_READ(inode, i_generation);
	key->ino = BPF_CORE_READ(inode, i_ino);
}

#endif
