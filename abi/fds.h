/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What the iterator over descriptors writes: one such record for each. */
#ifndef CS_FDS_H
#define CS_FDS_H

#include <linux/types.h>

#define CS_FD_COMM_BYTES 16

struct cs_fd {
	__u64 file; /* address of the open file description: tells them apart, never shown */
	__u64 ino;
	__u32 dev; /* as the kernel has it: 12 bits of major, 20 of minor */
	__u32 pid; /* of the process, in the first namespace */
	__u32 fd;
	__u32 flags; /* O_... */
	__u32 mode; /* of the inode */
	__u32 unused;
	char comm[CS_FD_COMM_BYTES]; /* of the thread that leads the process */
};

#endif
