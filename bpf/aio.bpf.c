// SPDX-License-Identifier: GPL-2.0
/*
 * libaio: the operation is the request.  One that goes through the page cache
 * ends before io_submit() does and counts in the hooks on that way.  One by
 * O_DIRECT ends in any task, so it counts when it is queued.
 */
#include "bpf/ledger.bpf.h"
#include "bpf/inode.bpf.h"
#include "bpf/queued.bpf.h"

/* Its bios do not lead back to the operation, see directio.bpf.c. */
static __always_inline bool is_seen(struct file *file)
{
	return BPF_CORE_READ(file, f_inode, i_sb, s_magic) != BTRFS_MAGIC;
}

static __always_inline u64 left_to_read(struct thread *t, struct file *file, s64 offset)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	s64 left = BPF_CORE_READ(inode, i_size) - offset;

	/* The kernel asks for nothing beyond the end of a device. */
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFBLK)
		return t->direct_bytes;
	return left > 0 ? left : 0;
}

/* Each request is an operation of the row that it was counted in, if it was. */
static __always_inline void count_request(struct thread *t)
{
	u32 slot = t->last_slot;
	struct cs_row *row = row_at(slot);

	t->last_slot = NO_SLOT;
	if (!row || row->key.call != NR_io_submit)
		return;
	add(row->ops, 1);
	t->aio_slot = slot + 1;
}

static __always_inline int aio_queued(struct task_struct *task, struct kiocb *req,
				      const struct iocb *iocb, bool vectored, bool writes)
{
	struct segments s = {};
	struct thread *t;
	struct file *file;

	t = thread_of(task);
	if (!t)
		return 0;
	file = req->ki_filp;
	if (t->direct_bytes && is_seen(file)) {
		s.base = vectored ? 0 : iocb->aio_buf;
		s.iov = vectored ? iocb->aio_buf : 0;
		s.user = vectored;
		t->direct_endpoint = endpoint_of(t, file);
		t->direct_left = left_to_read(t, file, iocb->aio_offset);
		if (writes)
			queued_write(t, task, &s);
		else
			queued_read(t, task, &s, iocb->aio_nbytes);
	}
	nothing_queued(t);
	count_request(t);
	return 0;
}

SEC("?fexit/aio_read")
int TRACED_PROG(on_aio_read, struct kiocb *req, const struct iocb *iocb, bool vectored)
{
	return aio_queued(task, req, iocb, vectored, false);
}

SEC("?fexit/aio_write")
int TRACED_PROG(on_aio_write, struct kiocb *req, const struct iocb *iocb, bool vectored)
{
	return aio_queued(task, req, iocb, vectored, true);
}

/* Submits or waits: its mode switches go to the last request of the thread. */
static __always_inline int entered(struct task_struct *task)
{
	struct thread *t;
	struct cs_row *row;

	t = thread_of(task);
	if (!t)
		return 0;
	row = row_at(t->aio_slot - 1);
	if (row)
		add(row->mode_switches, 2);
	return 0;
}

SEC("?fexit/__x64_sys_io_submit")
int TRACED_PROG(on_io_submit)
{
	return entered(task);
}

SEC("?fexit/__x64_sys_io_getevents")
int TRACED_PROG(on_io_getevents)
{
	return entered(task);
}

SEC("?fexit/__x64_sys_io_pgetevents")
int TRACED_PROG(on_io_pgetevents)
{
	return entered(task);
}
