/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CS_BUFFER_BPF_H
#define CS_BUFFER_BPF_H

#include "bpf/row.bpf.h"

/* A look for the source of the byte at @at. */
struct look_up {
	u64 at;
	u64 end; /* where its source ends at the latest */
	u32 source;
	u32 mapped;
};

/* buffer.bpf.c */
int look_into_block(struct thread *t, u32 epoch, struct look_up *l);
/* Forgets the buffers in @bytes at @start, which are mapped no more. */
int forget(struct thread *t, u64 start, u64 bytes);

/*
 * The next segment of a walk; false at its end.  No number counts them: the
 * verifier would look at each value of it.
 */
static __always_inline bool next_segment(struct segments *s, u64 *start, u64 *bytes)
{
	struct iovec v = {};
	u64 used;

	if (!s->bytes)
		return false;
	if (!s->iov) {
		*start = s->base;
		*bytes = s->bytes;
		s->bytes = 0;
		return true;
	}
	if (s->user) {
		bpf_probe_read_user(&v, sizeof(v), (void *)s->iov);
		used = v.iov_len;
		s->iov += sizeof(v);
	} else {
		/* The first one may lie behind the array, if all of it is used up. */
		if (s->offset || s->beyond_first)
			bpf_probe_read_kernel(&v, sizeof(v), (void *)s->iov);
		used = s->beyond_first ? v.iov_len : s->offset;
		s->beyond_first = 1;
		s->iov -= sizeof(v);
	}
	*bytes = used > s->bytes ? s->bytes : used;
	/* Backwards, it is the end of a segment that is left to be used. */
	*start = (u64)v.iov_base + (s->user ? 0 : used - *bytes);
	s->bytes -= *bytes;
	return true;
}

static __always_inline int mappings_changed(struct task_struct *task, u64 start, u64 bytes)
{
	struct cs_process *p;
	struct thread *t;

	t = thread_known(task);
	if (!t || !t->process)
		return 0; /* it has filled no buffer yet */
	p = process_of(t);
	if (!p)
		return 0;
	add(p->maps, 1);
	if (bytes)
		forget(t, start, bytes);
	return 0;
}

#endif
