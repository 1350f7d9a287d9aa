/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Data shared between the eBPF programs and the tool: the ledger.
 *
 * A row counts what one call of one process did between one source and one
 * destination by one kind of hop.  Rows, endpoints and processes live in
 * arrays; a row names the others by index.
 *
 *   read row     source -> CS_MEMORY      bytes went into a user buffer
 *   write row    source -> destination    bytes left a user buffer; the source
 *                                         is what last filled that buffer, or
 *                                         the file mapped there
 *   direct row   source -> destination    no user buffer between (sendfile)
 *   side row     ops and delivered are 0  what devices, faults and write-back
 *                                         did for an endpoint: the source for
 *                                         DISK_TO_CACHE, CACHE_TO_MAPPING,
 *                                         SOCKET_DECRYPTED and SOCKET_GATHERED,
 *                                         the destination for CACHE_TO_DISK,
 *                                         SOCKET_TO_NIC, SOCKET_TO_SOCKET and
 *                                         SOCKET_ENCRYPTED
 *   copy-on-write source -> CS_MEMORY     ops and delivered are 0 as well; the
 *                                         source is the file that is mapped, or
 *                                         CS_MEMORY
 *   mapped write  CS_MEMORY -> destination  pages of a shared mapping that the
 *                                         process made dirty: ops are faults,
 *                                         delivered is 0
 *
 * In a CACHE_TO_DISK row process and call say who had the bytes written: a
 * traced process and its syscall, or process 0 and enum cs_call, or process 0
 * and the syscall of a process that is not traced.
 */
#ifndef CS_LEDGER_H
#define CS_LEDGER_H

#ifndef __KERNEL_TYPES__
#include <linux/types.h>
#endif

#define CS_COMM_BYTES 16
#define CS_PATH_BYTES 640
#define CS_FIRST_PATH 384 /* behind a path of a file that was renamed, if that is short */

/* Endpoint indices that are not in the table of endpoints. */
enum cs_endpoint_index {
	CS_MEMORY = 0, /* made by the process, or kept by it */
	CS_UNRESOLVED = 1, /* a buffer whose mapping or link was lost */
	CS_LOST_ENDPOINT = 2, /* the table of endpoints was full */
	CS_FIRST_ENDPOINT = 3,
};

enum cs_kind {
	CS_KIND_MEMORY,
	CS_KIND_FILE,
	CS_KIND_TCP,
	CS_KIND_UDP,
	CS_KIND_UNIX,
	CS_KIND_PIPE,
	CS_KIND_DEVICE,
	CS_KIND_OTHER, /* sockets of other families, anonymous inodes */
	CS_KIND_MAX,
};

enum cs_place {
	CS_PLACE_DISK,
	CS_PLACE_PAGE_CACHE,
	CS_PLACE_USER_BUFFER,
	CS_PLACE_MAPPING,
	CS_PLACE_ANON_MEMORY,
	CS_PLACE_PIPE_BUFFER,
	CS_PLACE_SOCKET_BUFFER,
	CS_PLACE_NIC,
	CS_PLACE_PEER,
	CS_PLACE_DEVICE,
	CS_PLACE_BOUNCE_BUFFER, /* pages of the kernel between a disk and O_DIRECT's buffer */
	CS_PLACE_MAX,
};

enum cs_how {
	CS_COPY,
	CS_REFERENCE,
	CS_MAP,
	CS_DMA,
	CS_TRANSFORM,
	CS_DIRTY, /* the process stored bytes there itself */
	CS_HOW_MAX,
};

/* Every hop the hooks can see: name, from, to, how. */
#define CS_HOPS(X)                                                          \
	X(DISK_TO_CACHE, DISK, PAGE_CACHE, DMA)                             \
	X(CACHE_TO_DISK, PAGE_CACHE, DISK, DMA)                             \
	X(SOCKET_TO_NIC, SOCKET_BUFFER, NIC, DMA)                           \
	X(CACHE_TO_MAPPING, PAGE_CACHE, MAPPING, MAP)                       \
	X(CACHE_TO_USER, PAGE_CACHE, USER_BUFFER, COPY)                     \
	X(SOCKET_TO_USER, SOCKET_BUFFER, USER_BUFFER, COPY)                 \
	X(PIPE_TO_USER, PIPE_BUFFER, USER_BUFFER, COPY)                     \
	X(DEVICE_TO_USER, DEVICE, USER_BUFFER, COPY)                        \
	X(USER_TO_CACHE, USER_BUFFER, PAGE_CACHE, COPY)                     \
	X(USER_TO_SOCKET, USER_BUFFER, SOCKET_BUFFER, COPY)                 \
	X(USER_TO_PIPE, USER_BUFFER, PIPE_BUFFER, COPY)                     \
	X(USER_TO_DEVICE, USER_BUFFER, DEVICE, COPY)                        \
	X(MAPPING_TO_CACHE, MAPPING, PAGE_CACHE, COPY)                      \
	X(MAPPING_TO_SOCKET, MAPPING, SOCKET_BUFFER, COPY)                  \
	X(MAPPING_TO_PIPE, MAPPING, PIPE_BUFFER, COPY)                      \
	X(MAPPING_TO_DEVICE, MAPPING, DEVICE, COPY)                         \
	X(USER_PINNED_BY_SOCKET, USER_BUFFER, SOCKET_BUFFER, REFERENCE)     \
	X(MAPPING_PINNED_BY_SOCKET, MAPPING, SOCKET_BUFFER, REFERENCE)      \
	X(USER_PINNED_BY_PIPE, USER_BUFFER, PIPE_BUFFER, REFERENCE)         \
	X(MAPPING_PINNED_BY_PIPE, MAPPING, PIPE_BUFFER, REFERENCE)          \
	X(CACHE_HELD_BY_SOCKET, PAGE_CACHE, SOCKET_BUFFER, REFERENCE)       \
	X(CACHE_HELD_BY_PIPE, PAGE_CACHE, PIPE_BUFFER, REFERENCE)           \
	X(EXTENTS_SHARED, DISK, DISK, REFERENCE)                            \
	X(PIPE_HELD_BY_SOCKET, PIPE_BUFFER, SOCKET_BUFFER, REFERENCE)       \
	X(PIPE_HELD_BY_PIPE, PIPE_BUFFER, PIPE_BUFFER, REFERENCE)           \
	X(PIPE_HELD_BY_CACHE, PIPE_BUFFER, PAGE_CACHE, REFERENCE)           \
	X(PIPE_HELD_BY_DEVICE, PIPE_BUFFER, DEVICE, REFERENCE)              \
	X(SOCKET_HELD_BY_PIPE, SOCKET_BUFFER, PIPE_BUFFER, REFERENCE)       \
	X(DEVICE_TO_PIPE, DEVICE, PIPE_BUFFER, COPY)                        \
	X(CACHE_TO_CACHE, PAGE_CACHE, PAGE_CACHE, COPY)                     \
	X(CACHE_TO_SOCKET, PAGE_CACHE, SOCKET_BUFFER, COPY)                 \
	X(CACHE_TO_PIPE, PAGE_CACHE, PIPE_BUFFER, COPY)                     \
	X(PIPE_TO_CACHE, PIPE_BUFFER, PAGE_CACHE, COPY)                     \
	X(PIPE_TO_SOCKET, PIPE_BUFFER, SOCKET_BUFFER, COPY)                 \
	X(SOCKET_TO_CACHE, SOCKET_BUFFER, PAGE_CACHE, COPY)                 \
	X(SOCKET_TO_PIPE, SOCKET_BUFFER, PIPE_BUFFER, COPY)                 \
	X(CACHE_TO_DEVICE, PAGE_CACHE, DEVICE, COPY)                        \
	X(SOCKET_TO_SOCKET, SOCKET_BUFFER, SOCKET_BUFFER, COPY)             \
	X(USER_TO_DISK, USER_BUFFER, DISK, DMA)                             \
	X(DISK_TO_USER, DISK, USER_BUFFER, DMA)                             \
	X(MAPPING_TO_DISK, MAPPING, DISK, DMA)                              \
	X(DISK_TO_PIPE, DISK, PIPE_BUFFER, DMA)                             \
	X(PIPE_TO_DISK, PIPE_BUFFER, DISK, DMA)                             \
	X(CACHE_TO_ANON, PAGE_CACHE, ANON_MEMORY, COPY)                     \
	X(ANON_TO_ANON, ANON_MEMORY, ANON_MEMORY, COPY)                     \
	X(MAPPING_DIRTIED, MAPPING, PAGE_CACHE, DIRTY)                      \
	X(USER_TO_USER, USER_BUFFER, USER_BUFFER, COPY)                     \
	X(MAPPING_TO_USER, MAPPING, USER_BUFFER, COPY)                      \
	X(SOCKET_MAPPED, SOCKET_BUFFER, MAPPING, MAP)                       \
	X(USER_ENCRYPTED, USER_BUFFER, SOCKET_BUFFER, TRANSFORM)            \
	X(MAPPING_ENCRYPTED, MAPPING, SOCKET_BUFFER, TRANSFORM)             \
	X(SOCKET_ENCRYPTED, SOCKET_BUFFER, SOCKET_BUFFER, TRANSFORM)        \
	X(SOCKET_DECRYPTED, SOCKET_BUFFER, SOCKET_BUFFER, TRANSFORM)        \
	X(DECRYPTED_TO_USER, SOCKET_BUFFER, USER_BUFFER, TRANSFORM)         \
	X(SOCKET_GATHERED, SOCKET_BUFFER, SOCKET_BUFFER, COPY)              \
	X(SOCKET_HELD_BY_USER, SOCKET_BUFFER, USER_BUFFER, REFERENCE)       \
	/* Of rows with CS_ROW_BOUNCED only: no hook makes rows of them. */ \
	X(USER_TO_BOUNCE, USER_BUFFER, BOUNCE_BUFFER, COPY)                 \
	X(MAPPING_TO_BOUNCE, MAPPING, BOUNCE_BUFFER, COPY)                  \
	X(PIPE_TO_BOUNCE, PIPE_BUFFER, BOUNCE_BUFFER, COPY)                 \
	X(BOUNCE_TO_DISK, BOUNCE_BUFFER, DISK, DMA)                         \
	X(DISK_TO_BOUNCE, DISK, BOUNCE_BUFFER, DMA)                         \
	X(BOUNCE_TO_USER, BOUNCE_BUFFER, USER_BUFFER, COPY)                 \
	X(BOUNCE_TO_PIPE, BOUNCE_BUFFER, PIPE_BUFFER, COPY)

enum cs_hop {
#define CS_HOP_NAME(name, from, to, how) CS_##name,
	CS_HOPS(CS_HOP_NAME)
#undef CS_HOP_NAME
		CS_HOP_MAX,
};

/* Calls are x86-64 syscall numbers; these are what is none. */
enum cs_call {
	CS_CALL_NO_SYSCALL = 0xfe00, /* from here on */
	CS_CALL_REQUEST = 0xfe00, /* | enum io_uring_op: a request of io_uring */
	CS_CALL_FAULT = 0xff00, /* a page fault on a file mapping */
	CS_CALL_KERNEL = 0xff01, /* no syscall of the process: write-back, softirq */
	CS_CALL_COMPAT = 0xff02, /* a 32-bit syscall */
	/* Write-back by threads of the kernel, of CACHE_TO_DISK rows. */
	CS_CALL_FLUSH_PERIODIC = 0xff10, /* pages were dirty for long enough */
	CS_CALL_FLUSH_BACKGROUND = 0xff11, /* too many pages were dirty */
	CS_CALL_FLUSH_SYNC = 0xff12, /* for a sync() of a process that is not traced */
	CS_CALL_FLUSHER = 0xff13, /* for another reason */
	CS_CALL_RECLAIM = 0xff14, /* pages were evicted */
	CS_CALL_JOURNAL = 0xff15, /* the file system's journal wants data before metadata */
	CS_CALL_FLUSH_UNCACHED = 0xff16, /* RWF_DONTCACHE: the pages are to go at once */
};

enum cs_row_flags {
	CS_ROW_DERIVED = 1 << 0, /* implied by the syscall, not seen by a hook */
	CS_ROW_PINNED = 1 << 1, /* a side row of pinned pages (MSG_ZEROCOPY) only */
	CS_ROW_NOT_PINNED = 1 << 2, /* copied at once, though MSG_ZEROCOPY was asked for */
	CS_ROW_BUFFERED = 1 << 3, /* through the page cache in spite of O_DIRECT */
	CS_ROW_HANDED_ON = 1 << 4, /* a side row of what splices and sendfile moved only */
	/*
	 * A write row of memory that the source had filled, but whose bytes were
	 * carried on already or given up: they may be the source's, or others.
	 */
	CS_ROW_POSSIBLE = 1 << 5,
	/* Through pages that are to leave the page cache: RWF_DONTCACHE. */
	CS_ROW_UNCACHED = 1 << 6,
	/* Of a hop between a disk and a buffer: the CPU copied between that and a bounce buffer. */
	CS_ROW_BOUNCED = 1 << 7,
};

struct cs_row_key {
	__u32 process; /* index; 0 is the kernel itself */
	__u32 source; /* endpoint index */
	__u32 destination; /* endpoint index */
	__u16 call; /* syscall number or enum cs_call */
	__u8 hop; /* enum cs_hop */
	__u8 flags; /* enum cs_row_flags */
};

struct cs_row {
	struct cs_row_key key;
	__u64 ops; /* operations that moved bytes this way */
	__u64 bytes; /* bytes of this hop */
	__u64 delivered; /* bytes that reached the destination */
	__u64 mode_switches;
	__u64 voluntary; /* context switches */
	__u64 involuntary;
	__u64 minor; /* page faults */
	__u64 major;
};

/*
 * What an inode is called in all tables: unique while the system is up.  The
 * memory of a process has dev 0, which no inode has, its number and its start.
 */
struct cs_inode_key {
	__u32 dev;
	__u32 generation;
	__u64 ino;
};

enum cs_endpoint_flags {
	CS_ENDPOINT_DESCRIBED = 1 << 0,
	CS_ENDPOINT_PATH_CUT = 1 << 1, /* outermost folders did not fit */
	CS_ENDPOINT_DELETED = 1 << 2, /* had no name left at first sight */
	CS_ENDPOINT_FROM_MAPPING = 1 << 3,
	CS_ENDPOINT_IN_MEMORY = 1 << 4, /* tmpfs and the like: no disk below */
	CS_ENDPOINT_PROCESS = 1 << 5, /* the memory of another process */
	CS_ENDPOINT_TLS = 1 << 6, /* a socket that the kernel's TLS was put on */
	CS_ENDPOINT_TEXT = 1 << 7, /* a file that the kernel makes as it is spliced: /proc */
};

struct cs_endpoint {
	struct cs_inode_key inode;
	__u8 kind; /* enum cs_kind */
	__u8 flags; /* enum cs_endpoint_flags */
	__u16 family; /* AF_* of a socket */
	__u16 local_port; /* host byte order */
	__u16 peer_port;
	__u32 rdev; /* of a device: major << 20 | minor; of a process: its number */
	__u16 path_bytes; /* used in path[] */
	__u16 first_bytes; /* of the path that it had first, at CS_FIRST_PATH in path[]; 0 */
	__u8 local[16]; /* first 4 bytes when AF_INET */
	__u8 peer[16];
	__u64 filled_bytes; /* page cache bytes added while tracing */
	/*
	 * Names of the path from the leaf to the root, each ended by a NUL:
	 * "film.mp4\0srv\0".  A unix socket: the bytes of sun_path.  A process:
	 * its name.
	 */
	char path[CS_PATH_BYTES];
};

struct cs_process {
	__u64 start_ns; /* since boot */
	__u32 pid; /* thread group id */
	__u32 parent;
	__u32 exec_id; /* how many execs the program has seen */
	__u32 fill_epoch; /* names the generation of remembered buffers */
	__u64 fills; /* counts remembered buffers */
	__u64 maps; /* counts changed mappings */
	__u32 filler; /* slot of the thread that filled a buffer last */
	__u32 lost; /* an operation of it found no room, or had more pieces than are looked at */
	char comm[CS_COMM_BYTES];
};

/* The routines that copy between the kernel and an iterator, see bpf/audit.bpf.c. */
enum cs_primitive {
	CS_TO_ITER, /* _copy_to_iter() */
	CS_FROM_ITER, /* _copy_from_iter() */
	CS_PAGE_FROM_ITER, /* copy_page_from_iter_atomic(), copy_folio_from_iter_atomic() */
	CS_PRIMITIVE_MAX,
};

/* Of a process. */
struct cs_audit {
	__u64 copied[CS_PRIMITIVE_MAX]; /* bytes */
	/* Of these, the kernel's own: random bytes, what an exec reads of a program. */
	__u64 own[CS_PRIMITIVE_MAX];
};

/* Bytes that the kernel zeroed, by process and call. */
struct cs_zeroed_key {
	__u32 tgid;
	__u16 call; /* syscall number or enum cs_call */
	__u16 unused;
};

#define CS_KTHREAD_BYTES 32
#define CS_MAX_KTHREADS 128

/*
 * Threads of the kernel that move payload have no rows: no process stands behind
 * them, and no hop leads from or to the pages that they hold.  Their bytes are
 * counted by their names: of a kworker that of its workqueue ("loop0"), else the
 * thread's ("nfsd").
 */
struct cs_kthread_key {
	char name[CS_KTHREAD_BYTES]; /* any bytes up to a NUL; filled up with NULs */
};

enum cs_kthread_moved {
	CS_KTHREAD_READ, /* from files */
	CS_KTHREAD_WRITTEN, /* to files */
	CS_KTHREAD_SENT, /* by sockets */
	CS_KTHREAD_RECEIVED,
	CS_KTHREAD_MOVED_MAX,
};

struct cs_kthread {
	__u64 bytes[CS_KTHREAD_MOVED_MAX];
};

/* What could not be kept, since the start. */
struct cs_lost {
	__u64 rows; /* operations that found no room for their row */
	__u64 endpoints; /* endpoints not described: their rows say CS_LOST_ENDPOINT */
	__u64 processes;
	__u64 threads; /* operations of threads without room for their state */
	__u64 buffers; /* look-ups of buffers whose link had been given up for newer ones */
	__u64 segments; /* bytes of iovecs beyond the ones looked at */
	__u64 runs; /* of hooks, skipped by the kernel: user space asks it for them */
};

#endif
