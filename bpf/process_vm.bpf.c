// SPDX-License-Identifier: GPL-2.0
/*
 * process_vm_readv and process_vm_writev: from the memory of one process to
 * that of another, by one copy.  The routine that copies has more arguments
 * than 6.1 lets a hook have, so the syscalls are hooked around it.
 */
#include "bpf/row.bpf.h"

/* Asks whether the process may touch the memory of @other. */
SEC("?fentry/mm_access")
int TRACED_PROG(on_mm_access, struct task_struct *other)
{
	u32 call = current_call(task);
	struct thread *t;

	if (call != NR_process_vm_readv && call != NR_process_vm_writev)
		return 0;
	t = thread_of(task);
	if (t)
		t->other = process_endpoint(address(t, other));
	return 0;
}

/* Both calls have the buffers of the process itself in their second argument. */
static __always_inline struct thread *begin(struct task_struct *task, struct pt_regs *regs, s64 ret,
					    struct segments *s)
{
	struct thread *t = thread_of(task);
	u32 other;

	if (!t)
		return NULL;
	other = t->other;
	t->other = 0;
	/* A call that failed moved nothing; one without bytes asked nobody. */
	if (ret <= 0 || !other)
		return NULL;
	s->endpoint = other;
	s->iov = regs->si;
	s->bytes = ret;
	s->user = 1;
	return t;
}

SEC("?fexit/__x64_sys_process_vm_readv")
int TRACED_PROG(on_process_vm_readv, struct pt_regs *regs)
{
	s64 ret = returned(ctx);
	struct cs_row_key key = { .call = NR_process_vm_readv, .hop = CS_USER_TO_USER };
	struct segments s = {};
	struct thread *t = begin(task, regs, ret, &s);

	if (!t)
		return 0;
	key.process = t->process;
	key.source = s.endpoint;
	fold_read(t, task, &key, &s, ret, ret);
	return 0;
}

SEC("?fexit/__x64_sys_process_vm_writev")
int TRACED_PROG(on_process_vm_writev, struct pt_regs *regs)
{
	s64 ret = returned(ctx);
	struct cs_row_key key = { .call = NR_process_vm_writev, .hop = CS_USER_TO_USER };
	struct segments s = {};
	struct thread *t = begin(task, regs, ret, &s);

	if (!t)
		return 0;
	key.process = t->process;
	key.destination = s.endpoint;
	fold_write(t, task, &key, &s, ret, CS_MAPPING_TO_USER);
	return 0;
}
