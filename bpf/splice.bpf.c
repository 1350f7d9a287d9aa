// SPDX-License-Identifier: GPL-2.0
/*
 * sendfile, splice, tee and copy_file_range: from file to file without a user
 * buffer; vmsplice, between a user buffer and a pipe.  Routines inside them (a
 * file's write, a socket's send) add what they copied to the thread's state, and
 * the outermost one folds it here.
 */
#include "bpf/row.bpf.h"
#include "bpf/inode.bpf.h"
#include "bpf/direct.bpf.h"

/*
 * overlayfs copies a file to its upper layer, in pieces, when it is opened to
 * be written to, or changed otherwise.  No process can use the paths of the two:
 * on_ovl_copy_up() gives them that of the file of the overlay.
 */
static __always_inline void copied_up(struct thread *t, struct task_struct *task, struct file *in,
				      u64 out, s64 bytes)
{
	struct cs_row_key key = { .process = t->process, .call = current_call(task) };
	u32 last = t->last_slot;
	struct cs_row *row;

	key.source = endpoint_find(t, address(t, in->f_inode), 0);
	key.destination = endpoint_find(t, (u64)BPF_CORE_READ((struct file *)out, f_inode), 0);
	key.hop = direct_hop(CS_KIND_FILE, CS_KIND_FILE, t->copied);
	t->copied = 0;
	if (bytes <= 0)
		return;
	t->copied_from = key.source;
	t->copied_up = key.destination;
	row = row_of(t, &key);
	if (!row)
		return;
	add(row->bytes, bytes);
	add(row->delivered, bytes);
	if (t->last_slot == last)
		return; /* one more piece */
	add(row->ops, 1);
	add_counters(t, task, row, 2);
}

SEC("?fexit/splice_direct_to_actor")
int TRACED_PROG(on_splice_direct_to_actor, struct file *in, struct splice_desc *sd)
{
	u32 call = current_call(task);
	struct thread *t;
	u64 out;
	s64 ret;

	/* on_copy_file_range() follows for that syscall. */
	if (call == NR_copy_file_range)
		return 0;
	t = thread_of(task);
	ret = returned(ctx);
	/* A thread of the kernel takes the pages: nfsd, for a reply. */
	if (!t)
		return kthread_moved(CS_KTHREAD_READ, ret);
	out = address(t, sd->u.file);
	if (call == NR_sendfile || call >= CS_CALL_NO_SYSCALL)
		fold_between(t, task, endpoint_of(t, in), endpoint_at(t, out), ret, 0);
	else
		copied_up(t, task, in, out, ret);
	return 0;
}

/* sendfile to a pipe; inside do_splice() it is a part of that. */
SEC("?fexit/splice_file_to_pipe")
int TRACED_PROG(on_splice_file_to_pipe, struct file *in)
{
	struct pt_regs *regs;
	struct thread *t;

	t = thread_of(task);
	if (!t || current_call(task) != NR_sendfile)
		return 0;
	regs = (void *)bpf_task_pt_regs(task);
	fold_between(t, task, endpoint_of(t, in), endpoint_at(t, file_of_fd(task, regs->di)),
		     returned(ctx), 0);
	return 0;
}

SEC("?fexit/do_splice")
int TRACED_PROG(on_do_splice, struct file *in, void *off_in, struct file *out)
{
	struct thread *t;

	t = thread_of(task);
	if (t)
		fold_direct(t, task, in, out, returned(ctx));
	return 0;
}

SEC("?fexit/do_tee")
int TRACED_PROG(on_do_tee, struct file *in, struct file *out)
{
	struct thread *t;

	t = thread_of(task);
	if (t)
		fold_direct(t, task, in, out, returned(ctx));
	return 0;
}

/* The compiler inlines what it calls. */
SEC("?fexit/__x64_sys_vmsplice")
int TRACED_PROG(on_vmsplice, struct pt_regs *regs)
{
	struct thread *t;

	t = thread_of(task);
	if (t)
		fold_vmsplice(t, task, regs, returned(ctx), 0);
	return 0;
}

SEC("?fexit/vfs_copy_file_range")
int TRACED_PROG(on_copy_file_range, struct file *in, s64 pos_in, struct file *out)
{
	struct thread *t;

	if (is_backing(in))
		return 0;
	t = thread_of(task);
	if (t)
		fold_direct(t, task, in, out, returned(ctx));
	return 0;
}

/* ioctl(FICLONE); a length of 0 means all. */
SEC("?fexit/vfs_clone_file_range")
int TRACED_PROG(on_clone_file_range, struct file *in, s64 pos_in, struct file *out)
{
	struct thread *t;

	/* overlayfs clones inside copy_file_range() as well. */
	if (is_backing(in) || current_call(task) == NR_copy_file_range)
		return 0;
	t = thread_of(task);
	if (!t)
		return 0;
	if (current_call(task) == NR_ioctl)
		fold_direct(t, task, in, out, returned(ctx));
	else
		copied_up(t, task, in, address(t, out), returned(ctx));
	return 0;
}
