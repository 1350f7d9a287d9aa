/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Direct reads and writes that nobody waits for (libaio, io_uring): they end in
 * any task, so they count when all is queued, as what was asked for.  Where and
 * how many bytes is in t->direct_*.
 */
#ifndef CS_QUEUED_BPF_H
#define CS_QUEUED_BPF_H

#include "bpf/row.bpf.h"

#define NO_SLOT (~0U)

static __always_inline void nothing_queued(struct thread *t)
{
	t->direct_owner = 0;
	t->direct_bytes = 0;
	t->bounced = 0;
}

/* From the buffers @s, if they are known. */
static __always_inline void queued_write(struct thread *t, struct task_struct *task,
					 struct segments *s)
{
	struct cs_row_key key = { .process = t->process, .hop = CS_USER_TO_DISK };

	s->bytes = t->bounced ? t->bounced : t->direct_bytes;
	key.flags = bounce_flags(t);
	nothing_queued(t);
	key.destination = t->direct_endpoint;
	key.call = current_call(task);
	if (s->base || s->iov) {
		fold_write(t, task, &key, s, s->bytes, CS_MAPPING_TO_DISK);
		return;
	}
	key.source = CS_UNRESOLVED;
	fold(t, task, &key, s->bytes, s->bytes);
}

/*
 * Whole blocks, and less where there are holes; the file may end before.  @asked
 * are the bytes of a single buffer.
 */
static __always_inline void queued_read(struct thread *t, struct task_struct *task,
					struct segments *s, u64 asked)
{
	struct cs_row_key key = { .process = t->process, .hop = CS_DISK_TO_USER };
	u64 moved = t->bounced ? t->bounced : t->direct_bytes;

	key.flags = bounce_flags(t);
	nothing_queued(t);
	s->bytes = s->base ? asked : moved;
	if (s->bytes > t->direct_left)
		s->bytes = t->direct_left;
	key.source = t->direct_endpoint;
	key.call = current_call(task);
	fold(t, task, &key, moved, s->bytes);
	if (!s->bytes || !(s->base || s->iov))
		return;
	segments_finish(s, &key, key.source, 0);
	remember(s);
}

#endif
