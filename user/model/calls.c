// SPDX-License-Identifier: MIT
#include "model/names.h"

/* x86-64, whatever this is built on: recordings travel. What moves data or takes memory. */
static const struct {
	uint16_t number;
	const char *name;
} calls[] = {
	{ 0, "read" },
	{ 1, "write" },
	{ 3, "close" },
	{ 9, "mmap" },
	{ 10, "mprotect" },
	{ 11, "munmap" },
	{ 12, "brk" },
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

const char *name_call(uint16_t call, struct arena *arena)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].number == call)
			return calls[i].name;
	return arena_printf(arena, "syscall_%u", call);
}
