/* SPDX-License-Identifier: GPL-2.0 */
/* Reads and writes by (iocb, iter), of whatever a file stands for. */
#ifndef CS_FILE_BPF_H
#define CS_FILE_BPF_H

#include "bpf/row.bpf.h"
#include "bpf/compat.bpf.h"

#define O_DIRECT 040000

/*
 * Is this the page cache of a file that was to be read and written without, and
 * are its pages to go afterwards?
 */
static __always_inline u8 cache_flags(struct kiocb *iocb, struct file *file)
{
	return (file->f_flags & O_DIRECT ? CS_ROW_BUFFERED : 0) |
	       (is_uncached(iocb) ? CS_ROW_UNCACHED : 0);
}

/* What has no page cache is to splice as a device: it always copies. */
static __always_inline void spliced_text(struct thread *t, struct kiocb *iocb)
{
	struct cs_endpoint *e = endpoint_in(endpoint_of(t, iocb->ki_filp));

	if (e && e->kind == CS_KIND_FILE)
		e->flags |= CS_ENDPOINT_TEXT;
}

static __always_inline int file_read(struct task_struct *task, struct kiocb *iocb,
				     struct iov_iter *iter, enum cs_hop hop, s64 bytes)
{
	struct cs_row_key key = { .hop = hop };
	struct segments s;
	struct thread *t;
	struct file *file;
	u8 type;

	t = thread_of(task);
	if (!t) /* An ITER_PIPE is of a splice, which counts itself. */
		return is_pipe(iter) ? 0 : kthread_moved(CS_KTHREAD_READ, bytes);
	if (bytes < 0) {
		t->request_waits = bytes == -EIOCBQUEUED;
		bytes = 0;
	}
	type = iter->iter_type;
	if (!in_user_memory(t, type)) {
		/* Into pages of the kernel, for splice; an ITER_PIPE took references: no copy. */
		if (hop == CS_DEVICE_TO_USER)
			spliced_text(t, iocb);
		else if (!is_pipe(iter))
			copied_inside(t, task, CS_TO_ITER, iter, bytes);
		return 0;
	}
	file = iocb->ki_filp;
	key.process = t->process;
	key.source = endpoint_of(t, file);
	key.call = current_call(task);
	key.flags = cache_flags(iocb, file);
	segments_of(t, iter, type, bytes, &s);
	fold_read(t, task, &key, &s, bytes, bytes);
	return 0;
}

/* Write paths take (iocb, iter, …): newer kernels add arguments. */
static __always_inline int file_write(void *ctx, struct task_struct *task, struct kiocb *iocb,
				      struct iov_iter *iter, enum cs_primitive primitive,
				      enum cs_hop hop, enum cs_hop mapping_hop)
{
	struct cs_row_key key = { .hop = hop };
	struct segments s;
	struct thread *t;
	struct file *file;
	s64 ret;
	u8 type;

	t = thread_of(task);
	ret = returned(ctx);
	if (!t)
		return kthread_moved(CS_KTHREAD_WRITTEN, ret);
	type = iter->iter_type;
	if (!in_user_memory(t, type)) {
		if (ret > 0)
			copied_inside(t, task, primitive, iter, ret);
		return 0;
	}
	file = iocb->ki_filp;
	key.process = t->process;
	key.destination = endpoint_of(t, file);
	key.call = current_call(task);
	key.flags = cache_flags(iocb, file);
	segments_of(t, iter, type, ret, &s);
	fold_write(t, task, &key, &s, ret, mapping_hop);
	return 0;
}

#endif
