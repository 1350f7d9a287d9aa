// SPDX-License-Identifier: GPL-2.0
/* Which processes are traced: children, programs and cgroup members that join, and the end. */
#include "bpf/ledger.bpf.h"

#define CGROUP_DEPTH 64 /* folders between the cgroup and that of a member */

const volatile __u64 cgroup_id;

static __always_inline void trace_tgid(u32 tgid)
{
	u64 *word = &traced[(tgid / 64) & (CS_MAX_PIDS / 64 - 1)];

	__sync_fetch_and_or(word, 1ULL << (tgid % 64));
}

static __always_inline void untrace_tgid(u32 tgid)
{
	u64 *word = &traced[(tgid / 64) & (CS_MAX_PIDS / 64 - 1)];

	__sync_fetch_and_and(word, ~(1ULL << (tgid % 64)));
}

static __always_inline bool is_self(struct task_struct *task)
{
	return (u32)task->tgid == settings.own_tgid;
}

/* A thread born now has counters that start at 0: nothing of it is missed. */
SEC("?tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	/* What works for the tool is the tool. */
	if (settings.all && is_self(parent) && child->tgid != parent->tgid)
		untrace_tgid(child->tgid);
	if (!is_traced(parent))
		return 0;
	if (child->tgid != parent->tgid && !settings.all) {
		/* A cgroup's members are followed, not the children that leave it. */
		if (!settings.follow || settings.by_cgroup)
			return 0;
		trace_tgid(child->tgid);
	}
	thread_reset(task_number(child));
	return 0;
}

static __always_inline bool comm_matches(const char *comm)
{
	int i;

	for (i = 0; i < CS_COMM_BYTES; i++) {
		if (comm[i] != settings.comm[i])
			return false;
		if (!comm[i])
			return true;
	}
	return true;
}

/* A new program in the process: what it does is counted apart. */
SEC("?tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	struct thread *t;

	if (settings.by_comm && comm_matches(task->comm) && !is_self(task))
		trace_tgid(task->tgid);
	if ((u32)task->tgid == settings.command_tgid)
		trace_tgid(task->tgid);
	if (!is_traced(task))
		return 0;
	t = thread_at(thread_reset(task_number(task)));
	if (!t)
		return 0;
	t->nvcsw = task->nvcsw;
	t->nivcsw = task->nivcsw;
	t->min_flt = task->min_flt;
	t->maj_flt = task->maj_flt;
	return 0;
}

SEC("?tp_btf/task_rename")
int BPF_PROG(on_task_rename, struct task_struct *task, const char *comm)
{
	char name[CS_COMM_BYTES] = {};

	if (task->pid != task->tgid || is_self(task))
		return 0;
	bpf_probe_read_kernel_str(name, sizeof(name), comm);
	if (comm_matches(name))
		trace_tgid(task->tgid);
	return 0;
}

/* In the cgroup or below it, as perf and systemd have it? */
static __noinline bool is_member(struct task_struct *task)
{
	struct cgroup *cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	struct cgroup_subsys_state *css =
		(void *)cgroup + bpf_core_field_offset(struct cgroup, self);
	int i;

	for (i = 0; i < CGROUP_DEPTH && css; i++) {
		if (BPF_CORE_READ(css, cgroup, kn, id) == cgroup_id)
			return true;
		css = BPF_CORE_READ(css, parent);
	}
	return false;
}

/* By where it is by now: @cgroup may be one of version 1, of which a task has many. */
SEC("?tp_btf/cgroup_attach_task")
int BPF_PROG(on_cgroup_attach, struct cgroup *cgroup, const char *path, struct task_struct *task)
{
	if (is_self(task))
		return 0;
	if (is_member(task))
		trace_tgid(task->tgid);
	else if (task->pid == task->tgid)
		untrace_tgid(task->tgid);
	return 0;
}

/* A child may be born in another cgroup than its parent's (CLONE_INTO_CGROUP). */
SEC("?tp_btf/sched_process_fork")
int BPF_PROG(on_cgroup_fork, struct task_struct *parent, struct task_struct *child)
{
	if (child->tgid == parent->tgid || !is_member(child))
		return 0;
	trace_tgid(child->tgid);
	thread_reset(task_number(child));
	return 0;
}

/* The number of a process that is gone may be given to another. */
SEC("?tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	if (BPF_CORE_READ(task, signal, live.counter))
		return 0;
	if (settings.all)
		trace_tgid(task->tgid); /* one that worked for the tool */
	else if (is_traced(task))
		untrace_tgid(task->tgid);
	return 0;
}

/* Its address may be another's from now on. */
SEC("?tp_btf/sched_process_free")
int BPF_PROG(on_free, struct task_struct *task)
{
	struct thread *t = thread_known(task);

	if (t)
		t->task = 0;
	return 0;
}
