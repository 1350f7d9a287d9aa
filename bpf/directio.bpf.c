// SPDX-License-Identifier: GPL-2.0
/*
 * Direct I/O (O_DIRECT) of the file systems on iomap: the device moves the
 * bytes between the disk and the pages of the process, the CPU copies none.
 */
#include "bpf/ledger.bpf.h"

/* What is written to the disk is what was asked for: each byte by DMA. */
static __always_inline void direct_write(struct thread *t, struct task_struct *task,
					 struct kiocb *iocb, struct iov_iter *iter, s64 bytes)
{
	struct cs_row_key key = { .hop = CS_USER_TO_DISK };
	struct segments s;

	key.process = t->process;
	key.destination = endpoint_of(t, iocb->ki_filp);
	key.call = current_call(task);
	segments_of(t, iter, bytes, &s);
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
	struct cs_row_key key = { .hop = CS_DISK_TO_USER };
	struct segments s;

	key.process = t->process;
	key.source = endpoint_of(t, iocb->ki_filp);
	key.call = current_call(task);
	t->copied = 0;
	fold(t, task, &key, moved, bytes);
	if (!bytes)
		return;
	segments_of(t, iter, bytes, &s);
	segments_finish(&s, &key, key.source, 0);
	remember(&s);
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
	u64 moved = 0;

	if (iocb->ki_complete)
		return 0;
	iter = dio->submit.iter;
	if (!user_backed(iter))
		return 0; /* a splice, which counts itself */
	t = thread_of(task);
	if (!t)
		return 0;
	if (t->direct_owner == address(t, dio))
		moved = t->direct_bytes;
	t->direct_owner = 0;
	if (iter->data_source) {
		if (!(settings.derived >> CS_FAMILY_FILE_WRITE & 1))
			direct_write(t, task, iocb, iter, bytes);
		return 0;
	}
	/* The last block goes beyond the end of the file. */
	if (iocb->ki_pos + bytes > dio->i_size)
		bytes = dio->i_size > iocb->ki_pos ? dio->i_size - iocb->ki_pos : 0;
	if (!(settings.derived >> CS_FAMILY_FILE_READ & 1))
		direct_read(t, task, iocb, iter, bytes, moved);
	return 0;
}
