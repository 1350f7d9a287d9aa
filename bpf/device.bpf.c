// SPDX-License-Identifier: GPL-2.0
/*
 * Character devices that programs take bytes from or give them to, and files that
 * the kernel writes as they are read.  Without them their bytes would count as
 * what was last put into the same buffer.
 */
#include "bpf/file.bpf.h"

#define ON_READ(function)                                                             \
	SEC("?fexit/" #function)                                                      \
	int TRACED_PROG(on_##function, struct kiocb *iocb, struct iov_iter *iter)     \
	{                                                                             \
		return file_read(task, iocb, iter, CS_DEVICE_TO_USER, returned(ctx)); \
	}

ON_READ(tty_read)
ON_READ(random_read_iter)
ON_READ(urandom_read_iter)
/* Most files of /proc and /sys, by way of seq_read() as well. */
ON_READ(seq_read_iter)

SEC("?fexit/tty_write")
int TRACED_PROG(on_tty_write, struct kiocb *iocb, struct iov_iter *iter)
{
	return file_write(ctx, task, iocb, iter, CS_FROM_ITER, CS_USER_TO_DEVICE,
			  CS_MAPPING_TO_DEVICE);
}

/* /dev/zero clears the buffer: that is no copy. */
SEC("?fexit/read_zero")
int TRACED_PROG(on_read_zero, struct file *file, u64 buffer)
{
	struct cs_row_key key = { .hop = CS_DEVICE_TO_USER };
	struct segments s = { .base = buffer };
	struct thread *t;
	s64 ret;

	t = thread_of(task);
	if (!t)
		return 0;
	ret = returned(ctx);
	s.bytes = ret > 0 ? ret : 0;
	key.process = t->process;
	key.source = endpoint_of(t, file);
	key.call = current_call(task);
	fold_filled(t, task, &key, &s, s.bytes, 0, s.bytes);
	return 0;
}

SEC("?fexit/write_null")
int TRACED_PROG(on_write_null, struct file *file, u64 buffer)
{
	struct cs_row_key key = { .hop = CS_USER_TO_DEVICE };
	struct segments s = { .base = buffer };
	struct thread *t;
	s64 ret;

	t = thread_of(task);
	if (!t)
		return 0;
	ret = returned(ctx);
	s.bytes = ret > 0 ? ret : 0;
	key.process = t->process;
	key.destination = endpoint_of(t, file);
	key.call = current_call(task);
	fold_dropped(t, &key, &s, ret);
	return 0;
}

/*
 * /dev/fuse: the server of a FUSE file system reads requests, with what is written to its
 * files, and writes answers, with what is read from them.  They are copied page by page
 * and by none of the primitives: the audit is told, or it would miss them.
 */
SEC("?fexit/fuse_dev_read")
int TRACED_PROG(on_fuse_dev_read, struct kiocb *iocb, struct iov_iter *iter)
{
	struct cs_row_key key = { .hop = CS_DEVICE_TO_USER };
	struct segments s = {};
	struct thread *t;
	s64 ret;

	t = thread_of(task);
	if (!t)
		return 0;
	ret = returned(ctx);
	s.bytes = ret > 0 ? ret : 0;
	/* The iterator stands behind the last page that it lent, not behind the bytes. */
	if (iter->iter_type == bpf_core_enum_value(enum iter_type, ITER_UBUF))
		s.base = address(t, iter->ubuf);
	else
		s.iov = SCATTERED;
	key.process = t->process;
	key.source = endpoint_of(t, iocb->ki_filp);
	key.call = current_call(task);
	add_audit(task->tgid, CS_TO_ITER, s.bytes, 0);
	fold_read(t, task, &key, &s, s.bytes, s.bytes);
	return 0;
}

SEC("?fexit/fuse_dev_write")
int TRACED_PROG(on_fuse_dev_write, struct kiocb *iocb, struct iov_iter *iter)
{
	s64 ret = returned(ctx);

	if (ret > 0)
		add_audit(task->tgid, CS_FROM_ITER, ret, 0);
	return file_write(ctx, task, iocb, iter, CS_FROM_ITER, CS_USER_TO_DEVICE,
			  CS_MAPPING_TO_DEVICE);
}
