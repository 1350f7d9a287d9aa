// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the state of threads, and the processes they belong to.
 *
 * A task's state is near its home, the slot that a hash of its address names:
 * to find it there is a fifth of the work that it is with task storage.  A
 * task claims its slot itself, or its parent does at the fork, and it is free
 * again when the task is: no two tasks have one address meanwhile.
 */
#include "bpf/ledger.bpf.h"

#define NR_WAYS 16 /* slots from home on that may be a task's */

char threads[CS_MAX_THREADS * sizeof(struct thread)] __attribute__((aligned(8)));
struct cs_process processes[CS_MAX_PROCESSES];
__u32 nr_processes = 1; /* 0 is the kernel */

struct process_key {
	u32 pid;
	u32 exec_id;
	u64 start_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CS_MAX_PROCESSES);
	__type(key, struct process_key);
	__type(value, u32);
} process_index SEC(".maps");

static __always_inline u32 process_find(struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct process_key key = {
		.pid = BPF_CORE_READ(task, tgid),
		.exec_id = BPF_CORE_READ(leader, self_exec_id),
		.start_ns = BPF_CORE_READ(leader, start_boottime),
	};
	u32 *known = bpf_map_lookup_elem(&process_index, &key);
	struct cs_process *p;
	u32 slot;

	if (known)
		return *known;
	slot = next_slot(&nr_processes, CS_MAX_PROCESSES);
	p = process_at(slot);
	if (!slot || !p) {
		add(lost.processes, 1);
		return 0;
	}
	p->start_ns = key.start_ns;
	p->pid = key.pid;
	p->exec_id = key.exec_id;
	p->parent = BPF_CORE_READ(leader, real_parent, tgid);
	bpf_core_read_str(p->comm, sizeof(p->comm), &leader->comm);
	if (!bpf_map_update_elem(&process_index, &key, &slot, BPF_NOEXIST))
		return slot;
	/* Another thread was first; the slot stays empty. */
	p->pid = 0;
	known = bpf_map_lookup_elem(&process_index, &key);
	return known ? *known : 0;
}

/* A walk over the slots that a task may have; bpf_loop() spares the verifier the rounds. */
struct thread_walk {
	u64 number; /* the task's */
	int slot; /* it has, or has got; -1 */
};

static long thread_is_at(u32 i, struct thread_walk *w)
{
	u32 slot = (thread_home(w->number) + i) % CS_MAX_THREADS;
	struct thread *t = thread_at(slot);

	if (!t || t->task != w->number)
		return 0;
	w->slot = slot;
	return 1;
}

static long thread_takes(u32 i, struct thread_walk *w)
{
	u32 slot = (thread_home(w->number) + i) % CS_MAX_THREADS;
	struct thread *t = thread_at(slot);

	if (!t || t->task || __sync_val_compare_and_swap(&t->task, 0, w->number))
		return 0;
	w->slot = slot;
	return 1;
}

/* The slot of a task's state, or -1 when it has none. */
__noinline int thread_find(u64 number)
{
	struct thread_walk w = { .number = number, .slot = -1 };

	bpf_loop(NR_WAYS, thread_is_at, &w, none);
	return w.slot;
}

static const struct thread nothing;

/* The slot of a task's state, which is now that of a task just born; -1: no room. */
__noinline int thread_reset(u64 number)
{
	struct thread_walk w = { .number = number, .slot = thread_find(number) };
	struct thread *t;

	if (w.slot < 0)
		bpf_loop(NR_WAYS, thread_takes, &w, none);
	t = thread_at(w.slot);
	if (!t)
		return -1;
	/* As a copy of zeroes: the verifier looks at each store of a memset(). */
	bpf_probe_read_kernel(&t->process, sizeof(*t) - offsetof(struct thread, process), &nothing);
	return w.slot;
}

/* What the task did before is not known: its counters start now. */
static __always_inline void counters_start(struct thread *t, struct task_struct *task)
{
	t->nvcsw = BPF_CORE_READ(task, nvcsw);
	t->nivcsw = BPF_CORE_READ(task, nivcsw);
	t->min_flt = BPF_CORE_READ(task, min_flt);
	t->maj_flt = BPF_CORE_READ(task, maj_flt);
}

/*
 * The slot of the current task's state, with its process.  Returns -1 when
 * either cannot be kept, and for kernel threads: they work for others.
 */
__noinline int thread_claim(u64 number)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct thread *t;
	bool born;
	int slot;

	if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return -1;
	slot = thread_find(number);
	born = slot >= 0;
	if (!born)
		slot = thread_reset(number);
	t = thread_at(slot);
	if (!t) {
		add(lost.threads, 1);
		process_loses(process_find(task));
		return -1;
	}
	if (!born)
		counters_start(t, task);
	if (!t->process)
		t->process = process_find(task);
	return t->process ? slot : -1;
}
