/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Data shared between the eBPF programs and the tool: what to watch. */
#ifndef CS_SETTINGS_H
#define CS_SETTINGS_H

#include "abi/ledger.h"

#define CS_MAX_ROWS 65536
#define CS_MAX_ENDPOINTS 20480
#define CS_MAX_PROCESSES 16384
#define CS_MAX_THREADS 16384
#define CS_MAX_BUFFER_BLOCKS 45056
#define CS_MAX_ZEROED 65536
#define CS_MAX_PIDS (1 << 22) /* the kernel's PID_MAX_LIMIT */

/* Families of data-moving routines: a bit is set where they are derived. */
enum cs_family {
	CS_FAMILY_FILE_READ,
	CS_FAMILY_FILE_WRITE,
	CS_FAMILY_TCP,
	CS_FAMILY_UDP,
	CS_FAMILY_UNIX,
	CS_FAMILY_PIPE,
	CS_FAMILY_SPLICE, /* sendfile, splice, copy_file_range */
	CS_FAMILY_MAPPING, /* changes of mappings; not a number, but links depend on it */
	CS_FAMILY_DEVICE, /* character devices: seen in the derived tier only */
	CS_FAMILY_MAX,
};

/* Facts that a measured family may lack: bits beside those of the families. */
enum cs_unsure {
	CS_UNSURE_REFERENCES = 16, /* whether sockets copied or referenced spliced pages */
	CS_UNSURE_PINS, /* whether TCP pinned pages for MSG_ZEROCOPY or copied them */
	CS_UNSURE_UDP_PINS,
	CS_UNSURE_BOUNCES, /* whether O_DIRECT went through bounce buffers, which the CPU fills */
};

struct cs_settings {
	__u32 own_tgid; /* never traced */
	__u32 command_tgid; /* traced from its exec on; 0: none */
	__u8 all; /* every process */
	__u8 follow; /* children are traced, too */
	__u8 by_comm; /* programs that come to be called comm */
	__u8 by_cgroup; /* processes that move into cgroups[] */
	__u8 audit; /* the copy primitives are counted, too */
	__u8 unused[3];
	char comm[CS_COMM_BYTES];
};

#endif
