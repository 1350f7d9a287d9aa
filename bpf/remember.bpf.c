// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers that were filled, and memory that is mapped no more: what changes the
 * table of buffers (buffer.bpf.c) from outside.
 */
#include "bpf/row.bpf.h"
#include "bpf/buffer.bpf.h"

#define MAX_SEGMENTS 1024 /* UIO_MAXIOV */
#define MAX_SCATTERED (1 << 24) /* bytes from end to end: more would fill the table of buffers */

/*
 * The new fill of @t makes @p's last one part of the table.  Where it overwrites the
 * head of what was not carried on, that was given up.
 */
static __always_inline void give_way(struct thread *t, struct cs_process *p, u64 start, u64 end)
{
	struct thread *filler = filler_of(p, t->process);

	if (!filler || (start <= filler->fill_start && end >= filler->fill_end))
		return;
	buffers_settle(t, filler, p, start <= filler->carried_end && end > filler->carried_end);
}

static __always_inline void remember_range(struct thread *t, u64 start, u64 bytes, u32 endpoint)
{
	struct cs_process *p = process_of(t);

	if (!p)
		return;
	give_way(t, p, start, start + bytes);
	/* Until all of it is told, no other thread may take this one's fill from here. */
	t->fills = 0;
	buffers_put(t, start, start + bytes, endpoint | NEW_BYTES, 0);
	t->fill_endpoint = endpoint;
	t->fill_is_plain = 0;
	t->fill_start = start;
	t->fill_end = start + bytes;
	t->message_start = start;
	t->message_end = start + bytes;
	t->carried_end = start;
	t->carried_to = 0;
	t->maps = p->maps;
	t->fills = add(p->fills, 1) + 1;
	p->filler = slot_of_thread(t);
}

static long remember_segment(u32 i, struct segments *s)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *t = thread_known(task);
	u32 endpoint = s->endpoint;
	u64 start = 0, bytes = 0;

	if (!t)
		return 1;
	if (s->iov == SCATTERED) {
		/* What lies between the buffers may be filled, too, for all that is known. */
		start = t->fixed_start;
		bytes = t->fixed_end - start;
		if (t->fixed_end <= start || bytes > MAX_SCATTERED)
			return 1;
		endpoint = CS_UNRESOLVED;
		s->iov = 0;
		s->bytes = 0;
	} else if (!next_segment(s, &start, &bytes)) {
		return 1;
	}
	if (bytes)
		remember_range(t, start, bytes, endpoint);
	return 0;
}

/* Remembers that @s->endpoint filled @s. */
__noinline int remember(struct segments *s)
{
	struct segments walk;
	struct thread *t;

	if (!s)
		return 0;
	walk = *s;
	bpf_loop(MAX_SEGMENTS, remember_segment, &walk, 0);
	if (!walk.bytes)
		return 0;
	t = thread_known(bpf_get_current_task_btf());
	if (t)
		segments_lost(t, walk.bytes);
	return 0;
}

/* Too much at once ends the epoch: all buffers of the process are given up. */
__noinline int forget(struct thread *t, u64 start, u64 bytes)
{
	struct cs_process *p;
	struct thread *filler;

	if (!t)
		return 0;
	p = process_of(t);
	if (!p || !p->fills || !bytes)
		return 0;
	filler = filler_of(p, t->process);
	if (filler && start < filler->fill_end && start + bytes > filler->fill_start)
		buffers_settle(t, filler, p, false);
	if (buffers_put(t, start, start + bytes, CS_MEMORY, 0))
		add(p->fill_epoch, 1);
	return 0;
}
