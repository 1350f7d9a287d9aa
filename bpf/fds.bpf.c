// SPDX-License-Identifier: GPL-2.0
/*
 * Every descriptor of every process, for copyscope fds.  An object of its own:
 * it has no maps and runs only when it is read.
 */
#include "bpf/kernel.h"
#define __KERNEL_TYPES__
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "abi/fds.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

/* The parts that no hook reads. */
struct file___flags {
	unsigned int f_flags;
};

#pragma clang attribute pop

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task_file")
int list_fds(struct bpf_iter__task_file *context)
{
	struct seq_file *seq = context->meta->seq;
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct inode *inode;
	struct cs_fd row = { 0 };

	if (!task || !file)
		return 0;
	inode = BPF_CORE_READ(file, f_inode);
	row.file = (u64)file;
	row.ino = BPF_CORE_READ(inode, i_ino);
	row.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	row.mode = BPF_CORE_READ(inode, i_mode);
	row.flags = BPF_CORE_READ((struct file___flags *)file, f_flags);
	row.pid = BPF_CORE_READ(task, tgid);
	row.fd = context->fd;
	bpf_core_read(row.comm, sizeof(row.comm), &task->comm);
	/* What does not fit now comes again. */
	bpf_seq_write(seq, &row, sizeof(row));
	return 0;
}
