// SPDX-License-Identifier: GPL-2.0
/*
 * sendfile, splice, tee and copy_file_range: from file to file without a user
 * buffer; vmsplice, between a user buffer and a pipe.  Routines inside them (a file's write, a socket's send) add what
 * they copied to the thread's state, and the outermost one folds it here.
 */
#include "bpf/ledger.bpf.h"
#include "bpf/inode.bpf.h"
#include "bpf/direct.bpf.h"

SEC("?fexit/splice_direct_to_actor")
int TRACED_PROG(on_splice_direct_to_actor, struct file *in, struct splice_desc *sd, void *actor,
		s64 ret)
{
	struct thread *t;

	t = thread_of(task);
	/* on_copy_file_range() follows for that syscall. */
	if (t && current_call(task) != NR_copy_file_range)
		fold_between(t, task, endpoint_of(t, in), endpoint_at(t, (u64)sd->u.file), ret, 0);
	return 0;
}

/* sendfile to a pipe; inside do_splice() it is a part of that. */
SEC("?fexit/splice_file_to_pipe")
int TRACED_PROG(on_splice_file_to_pipe, struct file *in)
{
	struct pt_regs *regs;
	struct thread *t;
	u64 ret = 0;

	t = thread_of(task);
	if (!t || current_call(task) != NR_sendfile)
		return 0;
	bpf_get_func_ret(ctx, &ret);
	regs = (void *)bpf_task_pt_regs(task);
	fold_between(t, task, endpoint_of(t, in), endpoint_at(t, file_of_fd(task, regs->di)), ret,
		     0);
	return 0;
}

SEC("?fexit/do_splice")
int TRACED_PROG(on_do_splice, struct file *in, void *off_in, struct file *out, void *off_out,
		u64 len, u32 flags, s64 ret)
{
	struct thread *t;

	t = thread_of(task);
	if (t)
		fold_direct(t, task, in, out, ret);
	return 0;
}

SEC("?fexit/do_tee")
int TRACED_PROG(on_do_tee, struct file *in, struct file *out, u64 len, u32 flags, s64 ret)
{
	struct thread *t;

	t = thread_of(task);
	if (t)
		fold_direct(t, task, in, out, ret);
	return 0;
}

/* The compiler inlines what it calls. */
SEC("?fexit/__x64_sys_vmsplice")
int TRACED_PROG(on_vmsplice, struct pt_regs *regs, s64 ret)
{
	struct thread *t;

	t = thread_of(task);
	if (t)
		fold_vmsplice(t, task, regs, ret, 0);
	return 0;
}

SEC("?fexit/vfs_copy_file_range")
int TRACED_PROG(on_copy_file_range, struct file *in, s64 pos_in, struct file *out, s64 pos_out,
		u64 len, u32 flags, s64 ret)
{
	struct thread *t;

	t = thread_of(task);
	if (t)
		fold_direct(t, task, in, out, ret);
	return 0;
}
