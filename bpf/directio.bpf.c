// SPDX-License-Identifier: GPL-2.0
/*
 * Direct I/O (O_DIRECT) of block devices and of the file systems on iomap: the
 * device moves the bytes between the disk and the pages of the process, the CPU
 * copies none.
 */
#include "bpf/row.bpf.h"
#include "bpf/inode.bpf.h"
#include "bpf/direct.bpf.h"

#define BTRFS_BLOCK 4096ll

/* What is written to the disk is what was asked for: each byte by DMA. */
static __always_inline void direct_write(struct thread *t, struct task_struct *task,
					 struct kiocb *iocb, struct iov_iter *iter, s64 bytes)
{
	struct cs_row_key key = { .hop = CS_USER_TO_DISK, .flags = bounce_flags(t) };
	struct segments s;

	key.process = t->process;
	key.destination = endpoint_of(t, iocb->ki_filp);
	key.call = current_call(task);
	segments_of(t, iter, iter->iter_type, bytes, &s);
	fold_write(t, task, &key, &s, bytes, CS_MAPPING_TO_DISK);
}

/*
 * A read gets whole blocks from the disk and zeroes instead of holes, so what
 * was moved by DMA is what was queued for it.
 */
static __always_inline void direct_read(struct thread *t, struct task_struct *task,
					struct kiocb *iocb, struct iov_iter *iter, s64 bytes,
					u64 moved)
{
	struct cs_row_key key = { .hop = CS_DISK_TO_USER, .flags = bounce_flags(t) };
	struct segments s;

	key.process = t->process;
	key.source = endpoint_of(t, iocb->ki_filp);
	key.call = current_call(task);
	t->copied = 0;
	fold(t, task, &key, moved, bytes);
	if (!bytes)
		return;
	segments_of(t, iter, iter->iter_type, bytes, &s);
	segments_finish(&s, &key, key.source, 0);
	remember(&s);
}

/* By DMA, for @dio; btrfs submits the bios of @dio in its own name, or clones of them. */
static __always_inline u64 moved_by_dma(struct thread *t, struct iomap_dio *dio, struct kiocb *iocb)
{
	struct file *file = iocb->ki_filp;
	s64 moved = 0, left;

	if (t->direct_owner == address(t, dio)) {
		moved = t->direct_bytes;
	} else if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) == BTRFS_MAGIC) {
		/* A load of its own: the verifier wants one kind of pointer in each. */
		moved = BPF_CORE_READ(dio, size);
		/* What is asked for beyond the last block of the file counts as read. */
		left = ((dio->i_size + BTRFS_BLOCK - 1) & -BTRFS_BLOCK) - iocb->ki_pos;
		if (moved > left)
			moved = left;
	}
	t->direct_owner = 0;
	t->direct_bytes = 0;
	return moved;
}

/* Between the disk and pages of a pipe, or of the page cache that a pipe refers to. */
__noinline int fold_disk(struct thread *t, struct cs_row_key *key, u64 bytes, u64 copied)
{
	u64 in, out;
	u32 from, to;

	if (!t || !key)
		return -1;
	in = t->disk_to_pipe;
	out = t->pipe_to_disk;
	t->disk_to_pipe = 0;
	t->pipe_to_disk = 0;
	key->flags |= bounce_flags(t);
	from = in ? CS_KIND_PIPE : kind_of(key->source);
	to = kind_of(key->destination);
	if (in) {
		key->hop = CS_DISK_TO_PIPE;
		if (to == CS_KIND_PIPE) {
			fold_apart(t, key, in, bytes);
			return 0;
		}
		add_side(key, in);
	}
	if (!out) {
		fold_split(t, key, from, to, bytes, copied);
		return 0;
	}
	if (from == CS_KIND_FILE) {
		key->hop = CS_CACHE_HELD_BY_PIPE;
		add_side(key, out);
	}
	key->hop = CS_PIPE_TO_DISK;
	fold_apart(t, key, out, bytes);
	return 0;
}

/*
 * Where a file system's data must not change while it is written (checksums of
 * btrfs; XFS on devices that make some), the kernel copies it into pages of its own
 * since Linux v7.0, or out of such after a read, in a worker.  All bios of one
 * operation go that way, or none.
 */
SEC("?fexit/bio_iov_iter_bounce")
int TRACED_PROG(on_bio_iov_iter_bounce, struct bio *bio)
{
	struct thread *t;

	if ((int)returned(ctx))
		return 0;
	t = thread_of(task);
	if (!t)
		return 0;
	t->bounced += bio->bi_iter.bi_size;
	/* What btrfs queues later does not lead back to the request. */
	if (t->request && !t->request_direct)
		request_goes_direct(t, address(t, bio->bi_private));
	return 0;
}

/*
 * At its start, since it frees @dio.  Requests that nobody waits for (libaio,
 * io_uring) end in any task.
 */
SEC("?fentry/iomap_dio_complete")
int TRACED_PROG(on_iomap_dio_complete, struct iomap_dio *dio)
{
	struct kiocb *iocb = dio->iocb;
	s64 bytes = dio->error ? 0 : dio->size;
	struct iov_iter *iter;
	struct thread *t;
	u64 moved;

	t = thread_of(task);
	if (!t)
		return 0;
	if (iocb->ki_complete) {
		if (t->request && address(t, iocb) == t->request_data)
			t->request_moved = bytes > 0;
		return 0;
	}
	iter = dio->submit.iter;
	moved = moved_by_dma(t, dio, iocb);
	if (!user_backed(iter->iter_type)) {
		/* A splice, which counts itself. */
		if (iter->data_source)
			t->pipe_to_disk += bytes;
		else
			t->disk_to_pipe += moved;
		return 0;
	}
	/* Nothing was tried: the page cache takes over. */
	if (!bytes && !dio->error)
		return 0;
	if (iter->data_source) {
		if (!is_derived(CS_FAMILY_FILE_WRITE))
			direct_write(t, task, iocb, iter, bytes);
		return 0;
	}
	/* The last block goes beyond the end of the file. */
	if (iocb->ki_pos + bytes > dio->i_size)
		bytes = dio->i_size > iocb->ki_pos ? dio->i_size - iocb->ki_pos : 0;
	if (!is_derived(CS_FAMILY_FILE_READ))
		direct_read(t, task, iocb, iter, bytes, moved);
	return 0;
}

/*
 * v7.3 reads no more than a block of a file of ext4 or XFS by a single bio, without a
 * struct iomap_dio.  All of it lies within the file; -ENOTBLK sends the caller to the
 * routines above, and of what nobody waits for it returns -EIOCBQUEUED.
 */
SEC("?fexit/__iomap_dio_read_simple")
int TRACED_PROG(on_iomap_dio_read_simple, struct kiocb *iocb, struct iov_iter *iter)
{
	s64 ret = returned(ctx);
	struct thread *t;

	if (ret <= 0 && ret != -EIOCBQUEUED)
		return 0;
	t = thread_of(task);
	if (!t)
		return 0;
	if (ret == -EIOCBQUEUED) {
		if (t->request)
			device_request_goes_direct(t, address(t, iocb));
		return 0;
	}
	t->direct_owner = 0;
	t->direct_bytes = 0;
	if (!user_backed(iter->iter_type))
		t->disk_to_pipe += ret; /* a splice, which counts itself */
	else if (!is_derived(CS_FAMILY_FILE_READ))
		direct_read(t, task, iocb, iter, ret, ret);
	return 0;
}

/*
 * Block devices: all of what their routines return was moved by DMA, as they
 * have neither holes nor an end within a block.  What nobody waits for is
 * counted by who queued it (libaio, io_uring).
 */
static __always_inline int device_direct(struct task_struct *task, struct kiocb *iocb,
					 struct iov_iter *iter, s64 ret, bool is_outer)
{
	bool was_counted;
	struct thread *t;

	t = thread_of(task);
	if (!t)
		return 0;
	was_counted = is_outer && t->device_counted;
	t->device_counted = !is_outer;
	if (was_counted)
		return 0;
	if (iocb->ki_complete) {
		if (t->request && ret == -EIOCBQUEUED)
			device_request_goes_direct(t, address(t, iocb));
		return 0;
	}
	t->direct_owner = 0;
	t->direct_bytes = 0;
	if (!user_backed(iter->iter_type)) {
		/* A splice, which counts itself. */
		if (ret > 0 && iter->data_source)
			t->pipe_to_disk += ret;
		else if (ret > 0)
			t->disk_to_pipe += ret;
		return 0;
	}
	if (iter->data_source) {
		if (!is_derived(CS_FAMILY_FILE_WRITE))
			direct_write(t, task, iocb, iter, ret);
	} else if (!is_derived(CS_FAMILY_FILE_READ)) {
		direct_read(t, task, iocb, iter, ret > 0 ? ret : 0, ret > 0 ? ret : 0);
	}
	return 0;
}

/*
 * The compiler makes other routines of these in each kernel: v6.1 comes to the
 * inner ones without the outer one on some ways, v6.12 has but one of them.
 */
#define ON_DEVICE_DIRECT(function, is_outer)                                      \
	SEC("?fexit/" #function)                                                  \
	int TRACED_PROG(on_##function, struct kiocb *iocb, struct iov_iter *iter) \
	{                                                                         \
		return device_direct(task, iocb, iter, returned(ctx), is_outer);  \
	}

ON_DEVICE_DIRECT(__blkdev_direct_IO_simple, false)
ON_DEVICE_DIRECT(__blkdev_direct_IO_async, false)
ON_DEVICE_DIRECT(__blkdev_direct_IO, false)
ON_DEVICE_DIRECT(blkdev_direct_IO, true)
