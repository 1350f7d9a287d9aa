// SPDX-License-Identifier: MIT
#include "collect/table.h"

#define FEXIT(fact, family, need, program, target, loses)              \
	{                                                              \
		fact, family, need, HOOK_FEXIT, program, target, loses \
	}
#define FENTRY(fact, program, target, loses)                               \
	{                                                                  \
		fact, -1, NEED_SELDOM, HOOK_FENTRY, program, target, loses \
	}
#define TRACEPOINT(fact, program, target, loses)                               \
	{                                                                      \
		fact, -1, NEED_SELDOM, HOOK_TRACEPOINT, program, target, loses \
	}

const char *const family_names[] = {
	[CS_FAMILY_FILE_READ] = "file reads",
	[CS_FAMILY_FILE_WRITE] = "file writes",
	[CS_FAMILY_TCP] = "tcp",
	[CS_FAMILY_UDP] = "udp",
	[CS_FAMILY_UNIX] = "unix",
	[CS_FAMILY_PIPE] = "pipes",
	[CS_FAMILY_SPLICE] = "splices",
	[CS_FAMILY_MAPPING] = "mappings",
	[CS_FAMILY_DEVICE] = "devices",
};

_Static_assert(sizeof(family_names) / sizeof(family_names[0]) == CS_FAMILY_MAX, "a family has no "
										"name");

const struct hook hook_table[] = {
	FEXIT("file reads", CS_FAMILY_FILE_READ, NEED_ALWAYS, "on_filemap_read", "filemap_read",
	      "copies from the page cache to user buffers"),
	FEXIT("tmpfs reads", CS_FAMILY_FILE_READ, NEED_IF_PRESENT, "on_shmem_file_read_iter",
	      "shmem_file_read_iter", "copies from tmpfs files to user buffers"),
	FEXIT("file writes", CS_FAMILY_FILE_WRITE, NEED_ALWAYS, "on_generic_perform_write",
	      "generic_perform_write", "copies from user buffers to the page cache"),
	FEXIT("XFS writes", CS_FAMILY_FILE_WRITE, NEED_IF_PRESENT, "on_iomap_file_buffered_write",
	      "iomap_file_buffered_write", "writes to XFS and other iomap file systems"),
	FEXIT("btrfs writes", -1, NEED_SELDOM, "on_btrfs_buffered_write", "btrfs_buffered_write",
	      "writes to btrfs"),
	FEXIT("netfs writes", -1, NEED_SELDOM, "on_netfs_perform_write", "netfs_perform_write",
	      "writes to 9p and other network file systems"),
	FEXIT("FUSE writes", -1, NEED_SELDOM, "on_fuse_perform_write", "fuse_perform_write",
	      "writes to FUSE without a write-back cache"),
	FENTRY("direct reads and writes", "on_iomap_dio_complete", "iomap_dio_complete",
	       "O_DIRECT reads and writes"),
	FEXIT("tcp sends", CS_FAMILY_TCP, NEED_ALWAYS, "on_tcp_sendmsg_locked",
	      "tcp_sendmsg_locked", "copies from user buffers to TCP"),
	FEXIT("tcp receives", CS_FAMILY_TCP, NEED_ALWAYS, "on_tcp_recvmsg", "tcp_recvmsg",
	      "copies from TCP to user buffers"),
	FEXIT("page references by sockets", CS_FAMILY_TCP, NEED_IF_PRESENT,
	      "on_skb_splice_from_iter", "skb_splice_from_iter",
	      "whether spliced pages were copied or referenced"),
	FEXIT("pinned pages", CS_FAMILY_TCP, NEED_IF_PRESENT, "on_skb_zerocopy_iter_stream",
	      "skb_zerocopy_iter_stream", "whether MSG_ZEROCOPY pinned pages or copied"),
	FENTRY("pinned pages copied", "on_skb_copy_ubufs", "skb_copy_ubufs",
	       "whether pinned pages were copied after all"),
	FEXIT("segments copied", -1, NEED_SELDOM, "on_skb_segment", "skb_segment",
	      "copies into the segments of devices without scatter-gather"),
	FEXIT("packets copied", -1, NEED_SELDOM, "on_pskb_pull_tail", "__pskb_pull_tail",
	      "copies of single packets for devices without scatter-gather"),
	FEXIT("udp sends", CS_FAMILY_UDP, NEED_ALWAYS, "on_udp_sendmsg", "udp_sendmsg",
	      "copies from user buffers to UDP"),
	FEXIT("udp receives", CS_FAMILY_UDP, NEED_ALWAYS, "on_udp_recvmsg", "udp_recvmsg",
	      "copies from UDP to user buffers"),
	FEXIT("udp sends, IPv6", CS_FAMILY_UDP, NEED_IF_PRESENT, "on_udpv6_sendmsg",
	      "udpv6_sendmsg", "copies from user buffers to UDP over IPv6"),
	FEXIT("udp receives, IPv6", CS_FAMILY_UDP, NEED_IF_PRESENT, "on_udpv6_recvmsg",
	      "udpv6_recvmsg", "copies from UDP over IPv6 to user buffers"),
	FEXIT("unix sends", CS_FAMILY_UNIX, NEED_ALWAYS, "on_unix_stream_sendmsg",
	      "unix_stream_sendmsg", "copies from user buffers to unix sockets"),
	FEXIT("unix receives", CS_FAMILY_UNIX, NEED_ALWAYS, "on_unix_stream_recvmsg",
	      "unix_stream_recvmsg", "copies from unix sockets to user buffers"),
	FEXIT("unix datagrams sent", CS_FAMILY_UNIX, NEED_ALWAYS, "on_unix_dgram_sendmsg",
	      "unix_dgram_sendmsg", "copies from user buffers to unix datagram sockets"),
	FEXIT("unix datagrams received", CS_FAMILY_UNIX, NEED_ALWAYS, "on_unix_dgram_recvmsg",
	      "__unix_dgram_recvmsg", "copies from unix datagram sockets to user buffers"),
	FEXIT("sendmmsg", -1, NEED_SELDOM, "on_sendmmsg", "__sys_sendmmsg",
	      "calls and mode switches of sendmmsg"),
	FEXIT("recvmmsg", -1, NEED_SELDOM, "on_recvmmsg", "__x64_sys_recvmmsg",
	      "calls and mode switches of recvmmsg"),
	FEXIT("pipe reads", CS_FAMILY_PIPE, NEED_ALWAYS, "on_anon_pipe_read", "anon_pipe_read",
	      "copies from pipes to user buffers"),
	FEXIT("pipe reads", CS_FAMILY_PIPE, NEED_ALWAYS, "on_pipe_read", "pipe_read",
	      "copies from pipes to user buffers"),
	FEXIT("pipe writes", CS_FAMILY_PIPE, NEED_ALWAYS, "on_anon_pipe_write", "anon_pipe_write",
	      "copies from user buffers to pipes"),
	FEXIT("pipe writes", CS_FAMILY_PIPE, NEED_ALWAYS, "on_pipe_write", "pipe_write",
	      "copies from user buffers to pipes"),
	FEXIT("sendfile", CS_FAMILY_SPLICE, NEED_ALWAYS, "on_splice_direct_to_actor",
	      "splice_direct_to_actor", "sendfile"),
	FEXIT("sendfile to a pipe", CS_FAMILY_SPLICE, NEED_IF_PRESENT, "on_splice_file_to_pipe",
	      "splice_file_to_pipe", "sendfile to a pipe"),
	FEXIT("splice", CS_FAMILY_SPLICE, NEED_ALWAYS, "on_do_splice", "do_splice", "splice"),
	FEXIT("tee", CS_FAMILY_SPLICE, NEED_IF_PRESENT, "on_do_tee", "do_tee", "tee"),
	FEXIT("copy_file_range", CS_FAMILY_SPLICE, NEED_ALWAYS, "on_copy_file_range",
	      "vfs_copy_file_range", "copy_file_range"),
	FEXIT("mapped pages", -1, NEED_SELDOM, "on_filemap_map_pages", "filemap_map_pages",
	      "bytes of files that faults map"),
	FEXIT("mapped single pages", -1, NEED_SELDOM, "on_filemap_fault", "filemap_fault",
	      "bytes of files that faults on a cold cache map"),
	FEXIT("copies on writing", -1, NEED_SELDOM, "on_copy_mc_to_kernel", "copy_mc_to_kernel",
	      "copy-on-write"),
	FEXIT("writes to shared pages", -1, NEED_SELDOM, "on_do_wp_page", "do_wp_page",
	      "copy-on-write of pages that were read before or shared by a fork"),
	FEXIT("first writes to private mappings", -1, NEED_SELDOM, "on_finish_fault",
	      "finish_fault", "copy-on-write of pages of a file that were not mapped yet"),
	FEXIT("new mappings", CS_FAMILY_MAPPING, NEED_ALWAYS, "on_perf_event_mmap",
	      "perf_event_mmap", "cheap look-ups of what is mapped at a buffer"),
	FEXIT("moved mappings", CS_FAMILY_MAPPING, NEED_IF_PRESENT, "on_copy_vma", "copy_vma",
	      "which mappings mremap moved"),
	FEXIT("ended mappings", CS_FAMILY_MAPPING, NEED_ALWAYS, "on_do_vmi_munmap", "do_vmi_munmap",
	      "which remembered buffers are gone"),
	FEXIT("ended mappings", CS_FAMILY_MAPPING, NEED_ALWAYS, "on_do_mas_munmap", "do_mas_munmap",
	      "which remembered buffers are gone"),
	TRACEPOINT("page cache fills", "on_add_to_page_cache", "mm_filemap_add_to_page_cache",
		   "bytes added to the page cache"),
	TRACEPOINT("disk DMA", "on_block_bio_queue", "block_bio_queue",
		   "bytes between disk and page cache"),
	TRACEPOINT("NIC DMA", "on_net_dev_start_xmit", "net_dev_start_xmit",
		   "bytes that a NIC fetched"),
	TRACEPOINT("children", "on_fork", "sched_process_fork", "children of traced processes"),
	TRACEPOINT("programs", "on_exec", "sched_process_exec",
		   "names of programs that traced processes become"),
	TRACEPOINT("names", "on_task_rename", "task_rename", "processes that take the name later"),
	TRACEPOINT("cgroups", "on_cgroup_attach", "cgroup_attach_task",
		   "processes that join the cgroup later"),
	TRACEPOINT("ends", "on_exit", "sched_process_exit", "which process numbers are free again"),
	TRACEPOINT("syscalls", "on_sys_exit", "sys_exit", "what no routine's hook sees"),
};

const size_t hook_table_size = sizeof(hook_table) / sizeof(hook_table[0]);
