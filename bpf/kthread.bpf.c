// SPDX-License-Identifier: GPL-2.0
/*
 * Threads of the kernel that move payload: a server of files (nfsd), the workers
 * of loop devices and of network file systems.  They have no rows (see enum
 * cs_kthread_moved), but they are not passed over in silence either.
 */
#include "bpf/ledger.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CS_MAX_KTHREADS);
	__type(key, struct cs_kthread_key);
	__type(value, struct cs_kthread);
} kthreads SEC(".maps");

struct cs_kthread kthreads_unnamed; /* all those for whose names there is no room */

/* A kworker is named by what it works for at the moment. */
static __always_inline void kthread_name(struct task_struct *task, struct cs_kthread_key *key)
{
	struct workqueue_struct *queue = NULL;
	struct kthread *thread;
	struct worker *worker;

	/* Private types of the kernel: without one of them all kworkers have one name. */
	if (task->flags & PF_WQ_WORKER &&
	    bpf_core_field_exists(struct task_struct, worker_private) &&
	    bpf_core_field_exists(struct kthread, data) &&
	    bpf_core_field_exists(struct worker, current_pwq) &&
	    bpf_core_field_exists(struct pool_workqueue, wq) &&
	    bpf_core_field_exists(struct workqueue_struct, name)) {
		thread = BPF_CORE_READ(task, worker_private);
		worker = BPF_CORE_READ(thread, data);
		queue = BPF_CORE_READ(worker, current_pwq, wq);
	}
	if (queue)
		bpf_probe_read_kernel_str(key->name, sizeof(key->name), &queue->name);
	if (!key->name[0])
		bpf_probe_read_kernel_str(key->name, CS_COMM_BYTES, &task->comm);
}

/*
 * The hook at hand saw @bytes, or an error below 0, moved by a task without state: if
 * it is a thread of the kernel, it gets them.  @how is of enum cs_kthread_moved.
 */
__noinline int add_kthread(u32 how, s64 bytes)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cs_kthread none = {}, *known;
	struct cs_kthread_key key = {};

	if (!(task->flags & PF_KTHREAD) || bytes <= 0 || how >= CS_KTHREAD_MOVED_MAX)
		return 0;
	kthread_name(task, &key);
	known = bpf_map_lookup_elem(&kthreads, &key);
	if (!known) {
		bpf_map_update_elem(&kthreads, &key, &none, BPF_NOEXIST);
		known = bpf_map_lookup_elem(&kthreads, &key);
	}
	if (known)
		add(known->bytes[how], bytes);
	else
		add(kthreads_unnamed.bytes[how], bytes);
	return 0;
}
