/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CS_BUFFER_BPF_H
#define CS_BUFFER_BPF_H

#include "bpf/row.bpf.h"

/* Destinations of bytes that may be anything by now. */
#define EVERYWHERE (~0ULL)
#define NEW_BYTES (1ULL << 32)

/* A look for the source of the byte at @at. */
struct look_up {
	u64 at;
	u64 end; /* where its source ends at the latest */
	u32 source;
	u8 mapped;
	u8 possible; /* the source may have filled it, but that is not certain */
	u8 carved; /* up to @end it is now carried on, and a part of what the table knows */
	u8 unused;
};

/* buffer.bpf.c */
int look_into_block(struct thread *t, u32 epoch, struct look_up *l);
int buffers_put(struct thread *t, u64 start, u64 end, u64 endpoint, u64 carried_to);
/* Forgets the buffers in @bytes at @start, which are mapped no more. */
int forget(struct thread *t, u64 start, u64 bytes);

/*
 * Is the memory from @start to @end what a range of @from to @to was?  Ranges are cut at
 * multiples of @unit, where they may go on.  A longer stretch is not the very same: the
 * program filled its buffer anew.
 */
static __always_inline bool is_same(u64 from, u64 to, u64 unit, u64 start, u64 end)
{
	return (start == from || (start < from && !(from % unit))) &&
	       (end == to || (end > to && !(to % unit)));
}

static __always_inline u32 slot_of_thread(struct thread *t)
{
	return ((u64)t - (u64)threads) / sizeof(*t);
}

/* The thread that knows more than the table of buffers of the last fill of @p, if one does. */
static __always_inline struct thread *filler_of(struct cs_process *p, u32 process)
{
	struct thread *filler = thread_at(p->filler);

	return filler && filler->process == process && filler->fills == p->fills ? filler : NULL;
}

/*
 * Puts what @filler knows of its fill into the table of buffers, where others find
 * it from now on.  With @give_up what it has not carried on will not be.
 */
static __always_inline void buffers_settle(struct thread *t, struct thread *filler,
					   struct cs_process *p, bool give_up)
{
	u64 message_start = filler->message_start, carried_end = filler->carried_end;
	u64 message_end = give_up ? carried_end : filler->message_end;

	add(p->fills, 1);
	/* Some of these may be empty: each question would double the ways of the verifier. */
	buffers_put(t, filler->fill_start, message_start, filler->fill_endpoint, EVERYWHERE);
	buffers_put(t, message_start, carried_end, filler->fill_endpoint, filler->carried_to);
	buffers_put(t, message_end, filler->fill_end, filler->fill_endpoint, EVERYWHERE);
}

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

/* @bytes of an iovec of @t are beyond those that are looked at. */
static __always_inline void segments_lost(struct thread *t, u64 bytes)
{
	add(lost.segments, bytes);
	process_loses(t->process);
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
