// SPDX-License-Identifier: MIT
#include "model/names.h"

/* x86-64, whatever this is built on: recordings travel. What moves data or takes memory. */
static const struct {
	uint16_t number;
	const char *name;
} calls[] = {
	{ 0, "read" },
	{ 1, "write" },
	{ 2, "open" },
	{ 3, "close" },
	{ 9, "mmap" },
	{ 10, "mprotect" },
	{ 11, "munmap" },
	{ 12, "brk" },
	{ 16, "ioctl" },
	{ 17, "pread64" },
	{ 18, "pwrite64" },
	{ 19, "readv" },
	{ 20, "writev" },
	{ 25, "mremap" },
	{ 26, "msync" },
	{ 28, "madvise" },
	{ 40, "sendfile64" },
	{ 44, "sendto" },
	{ 45, "recvfrom" },
	{ 46, "sendmsg" },
	{ 47, "recvmsg" },
	{ 55, "getsockopt" },
	{ 56, "clone" },
	{ 59, "execve" },
	{ 74, "fsync" },
	{ 75, "fdatasync" },
	{ 76, "truncate" },
	{ 77, "ftruncate" },
	{ 82, "rename" },
	{ 162, "sync" },
	{ 166, "umount" },
	{ 187, "readahead" },
	{ 209, "io_submit" },
	{ 217, "getdents64" },
	{ 221, "fadvise64" },
	{ 231, "exit_group" },
	{ 257, "openat" },
	{ 262, "newfstatat" },
	{ 264, "renameat" },
	{ 275, "splice" },
	{ 276, "tee" },
	{ 277, "sync_file_range" },
	{ 278, "vmsplice" },
	{ 295, "preadv" },
	{ 296, "pwritev" },
	{ 285, "fallocate" },
	{ 299, "recvmmsg" },
	{ 306, "syncfs" },
	{ 307, "sendmmsg" },
	{ 310, "process_vm_readv" },
	{ 311, "process_vm_writev" },
	{ 316, "renameat2" },
	{ 322, "execveat" },
	{ 326, "copy_file_range" },
	{ 327, "preadv2" },
	{ 328, "pwritev2" },
	{ 426, "io_uring_enter" },
	{ 435, "clone3" },
	{ CS_CALL_FAULT, "fault" },
	{ CS_CALL_KERNEL, "kernel" },
	{ CS_CALL_COMPAT, "compat" },
	{ CS_CALL_FLUSH_PERIODIC, "flusher:periodic" },
	{ CS_CALL_FLUSH_BACKGROUND, "flusher:background" },
	{ CS_CALL_FLUSH_SYNC, "flusher:sync" },
	{ CS_CALL_FLUSHER, "flusher" },
	{ CS_CALL_RECLAIM, "reclaim" },
	{ CS_CALL_JOURNAL, "journal" },
};

/* By enum io_uring_op. */
static const char *const requests[] = {
	"nop",
	"readv",
	"writev",
	"fsync",
	"read_fixed",
	"write_fixed",
	"poll_add",
	"poll_remove",
	"sync_file_range",
	"sendmsg",
	"recvmsg",
	"timeout",
	"timeout_remove",
	"accept",
	"async_cancel",
	"link_timeout",
	"connect",
	"fallocate",
	"openat",
	"close",
	"files_update",
	"statx",
	"read",
	"write",
	"fadvise",
	"madvise",
	"send",
	"recv",
	"openat2",
	"epoll_ctl",
	"splice",
	"provide_buffers",
	"remove_buffers",
	"tee",
	"shutdown",
	"renameat",
	"unlinkat",
	"mkdirat",
	"symlinkat",
	"linkat",
	"msg_ring",
	"fsetxattr",
	"setxattr",
	"fgetxattr",
	"getxattr",
	"socket",
	"uring_cmd",
	"send_zc",
	"sendmsg_zc",
	"read_multishot",
	"waitid",
	"futex_wait",
	"futex_wake",
	"futex_waitv",
	"fixed_fd_install",
	"ftruncate",
	"bind",
	"listen",
	"recv_zc",
	"epoll_wait",
	"readv_fixed",
	"writev_fixed",
	"pipe",
};

static bool is_request(uint16_t call)
{
	return call >= CS_CALL_REQUEST && call < CS_CALL_FAULT;
}

const char *name_call(uint16_t call, struct arena *arena)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].number == call)
			return calls[i].name;
	if (is_request(call)) {
		call -= CS_CALL_REQUEST;
		if (call < sizeof(requests) / sizeof(requests[0]))
			return arena_printf(arena, "io_uring:%s", requests[call]);
		return arena_printf(arena, "io_uring:op_%u", call);
	}
	return arena_printf(arena, "syscall_%u", call);
}
