// SPDX-License-Identifier: GPL-2.0
/*
 * Who has dirty pages written when another task does it: a flusher thread (a
 * kworker), kswapd, the journal, a process that is not traced.  All of this runs
 * when something is written to a disk, and not for each page.
 */
#include "bpf/ledger.bpf.h"
#include "bpf/inode.bpf.h"

#define PF_KSWAPD 0x00020000
#define ALL 0 /* key of syncers: every file system */

/* Why a flusher thread writes at the moment, by thread. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u16); /* enum cs_call */
} flushers SEC(".maps");

struct syncer {
	u32 process;
	u16 call;
	u16 unused;
};

/*
 * Traced processes inside sync() or syncfs(), by superblock: they wait while
 * flusher threads write for them.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, struct syncer);
} syncers SEC(".maps");

#define IS(reason, name)                                     \
	(bpf_core_enum_value_exists(enum wb_reason, name) && \
	 (reason) == bpf_core_enum_value(enum wb_reason, name))

static __always_inline u16 call_of_reason(u32 reason)
{
	if (IS(reason, WB_REASON_SYNC))
		return CS_CALL_FLUSH_SYNC;
	if (IS(reason, WB_REASON_PERIODIC) || IS(reason, WB_REASON_LAPTOP_TIMER))
		return CS_CALL_FLUSH_PERIODIC;
	if (IS(reason, WB_REASON_BACKGROUND) || IS(reason, WB_REASON_FOREIGN_FLUSH))
		return CS_CALL_FLUSH_BACKGROUND;
	if (IS(reason, WB_REASON_DONTCACHE))
		return CS_CALL_FLUSH_UNCACHED;
	if (IS(reason, WB_REASON_VMSCAN))
		return CS_CALL_RECLAIM;
	return CS_CALL_FLUSHER;
}

SEC("?tp_btf/writeback_start")
int BPF_PROG(on_writeback_start, void *wb, struct wb_writeback_work *work)
{
	u32 pid = bpf_get_current_task_btf()->pid;
	u16 call = call_of_reason(work->reason);

	bpf_map_update_elem(&flushers, &pid, &call, BPF_ANY);
	return 0;
}

/* The same thread does other work now. */
SEC("?tp_btf/writeback_written")
int BPF_PROG(on_writeback_written)
{
	u32 pid = bpf_get_current_task_btf()->pid;

	bpf_map_delete_elem(&flushers, &pid);
	return 0;
}

static __always_inline int sync_begins(struct task_struct *task, u64 key)
{
	struct thread *t = thread_of(task);
	struct syncer s = {};

	if (!t)
		return 0;
	s.process = t->process;
	s.call = current_call(task);
	bpf_map_update_elem(&syncers, &key, &s, BPF_ANY);
	return 0;
}

SEC("?fentry/ksys_sync")
int TRACED_PROG(on_sync)
{
	return sync_begins(task, ALL);
}

SEC("?fexit/ksys_sync")
int TRACED_PROG(on_sync_end)
{
	u64 key = ALL;

	bpf_map_delete_elem(&syncers, &key);
	return 0;
}

SEC("?fentry/sync_filesystem")
int TRACED_PROG(on_syncfs, u64 sb)
{
	return sync_begins(task, sb);
}

SEC("?fexit/sync_filesystem")
int TRACED_PROG(on_syncfs_end, u64 sb)
{
	u64 key = sb;

	bpf_map_delete_elem(&syncers, &key);
	return 0;
}

static __always_inline bool is_journal(struct task_struct *task)
{
	char comm[8];

	bpf_probe_read_kernel(comm, sizeof(comm), task->comm);
	return comm[0] == 'j' && comm[1] == 'b' && comm[2] == 'd' && comm[4] == '/';
}

static __always_inline u16 call_of_thread(struct task_struct *task)
{
	u32 pid = task->pid;
	u16 *flusher = bpf_map_lookup_elem(&flushers, &pid);

	if (flusher)
		return *flusher;
	if (task->flags & PF_KSWAPD)
		return CS_CALL_RECLAIM;
	return is_journal(task) ? CS_CALL_JOURNAL : CS_CALL_KERNEL;
}

/* Completes the key of what the current task, which is not traced, writes. */
__noinline int written_by(struct cs_row_key *key, u64 inode)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 sb = (u64)BPF_CORE_READ((struct inode *)inode, i_sb), all = ALL;
	struct syncer *s;

	if (!key)
		return 0;
	if (!(task->flags & PF_KTHREAD)) {
		key->call = call_or_fault(task);
		return 0;
	}
	key->call = call_of_thread(task);
	if (key->call != CS_CALL_FLUSH_SYNC)
		return 0;
	s = bpf_map_lookup_elem(&syncers, &sb);
	if (!s)
		s = bpf_map_lookup_elem(&syncers, &all);
	if (s) {
		key->process = s->process;
		key->call = s->call;
	}
	return 0;
}
