/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rows of the ledger: their keys, the caches that a thread has of them, and how
 * operations are added to them.
 */
#ifndef CS_ROW_BPF_H
#define CS_ROW_BPF_H

#include "bpf/compat.bpf.h"

/*
 * A key as two numbers: built in registers, while a struct whose address goes
 * to a function would have to be built in memory each time.
 */
static __always_inline u64 key_who(const struct cs_row_key *key)
{
	return key->process | (u64)key->source << 32;
}

static __always_inline u64 key_what(const struct cs_row_key *key)
{
	return key->destination | (u64)key->call << 32 | (u64)key->hop << 48 |
	       (u64)key->flags << 56;
}

static __always_inline struct cs_row_key key_of(u64 who, u64 what)
{
	return (struct cs_row_key){
		.process = who,
		.source = who >> 32,
		.destination = what,
		.call = what >> 32,
		.hop = what >> 48,
		.flags = what >> 56,
	};
}

/* The hops of one loop (read and write, receive and send) must not collide. */
static __always_inline u32 row_cache_index(u32 hop)
{
	return (hop ^ hop / NR_ROW_CACHE) % NR_ROW_CACHE;
}

/* @c is where the thread keeps it: t->rows[row_cache_index(key->hop)]. */
static __always_inline struct cs_row *row_cached(struct thread *t, struct row_cache *c,
						 struct cs_row_key *key)
{
	u32 slot;

	if (c->who == key_who(key) && c->what == key_what(key)) {
		slot = c->slot;
	} else {
		int found = row_find(t, key_who(key), key_what(key));

		if (found < 0)
			return NULL;
		slot = found;
	}
	t->last_slot = slot;
	return row_at(slot);
}

static __always_inline struct cs_row *row_of(struct thread *t, struct cs_row_key *key)
{
	return row_cached(t, &t->rows[row_cache_index(key->hop)], key);
}

/*
 * One syscall may send or receive many messages: on_sendmmsg() counts it.  One
 * request may take several runs: on_request_end() counts that, and aio.bpf.c
 * those of libaio.
 */
static __always_inline u32 ops_of(struct thread *t, u32 call)
{
	return !t->request && call != NR_sendmmsg && call != NR_recvmmsg && call != NR_io_submit;
}

/* What the thread's counters say of the time since its operation before. */
static __always_inline void add_counters(struct thread *t, struct task_struct *task,
					 struct cs_row *row, u64 entries)
{
	u64 voluntary = task->nvcsw - t->nvcsw;
	u64 involuntary = task->nivcsw - t->nivcsw;
	u64 minor = task->min_flt - t->min_flt;
	u64 major = task->maj_flt - t->maj_flt;

	if (voluntary | involuntary) {
		add(row->voluntary, voluntary);
		add(row->involuntary, involuntary);
		t->nvcsw += voluntary;
		t->nivcsw += involuntary;
	}
	if (minor | major) {
		add(row->minor, minor);
		add(row->major, major);
		t->min_flt += minor;
		t->maj_flt += major;
		entries += 2 * (minor + major);
	}
	add(row->mode_switches, entries);
}

/* A whole operation of @bytes by one hop. */
static __always_inline void fold(struct thread *t, struct task_struct *task, struct cs_row_key *key,
				 u64 bytes, u64 delivered)
{
	struct row_cache *c = &t->rows[row_cache_index(key->hop)];
	struct cs_row *row = row_cached(t, c, key);

	if (!row)
		return;
	add(row->bytes, bytes);
	add(row->delivered, delivered);
	add(row->ops, c->ops);
	add_counters(t, task, row, 2 * c->ops);
}

/* fold() by a call: where it stands on many ways, the verifier looks at it once. */
static __always_inline void fold_apart(struct thread *t, struct cs_row_key *key, u64 bytes,
				       u64 delivered)
{
	fold_row(t, key_who(key), key_what(key), bytes, delivered);
}

/* A fault that is an operation: its mode switches are counted when it has ended. */
static __always_inline void fold_fault(struct thread *t, struct task_struct *task,
				       struct cs_row_key *key, u64 bytes)
{
	struct cs_row *row = row_of(t, key);

	if (!row)
		return;
	add(row->bytes, bytes);
	add(row->ops, 1);
	add_counters(t, task, row, 0);
}

/* A part of an operation: its switches and faults are counted with the largest. */
static __always_inline void fold_part(struct thread *t, struct cs_row_key *key, u64 bytes,
				      u64 delivered, u64 ops)
{
	struct cs_row *row = row_of(t, key);

	if (!row)
		return;
	add(row->ops, ops);
	add(row->bytes, bytes);
	add(row->delivered, delivered);
}

/* Flags for the hop of a direct read or write, which ends: did the CPU copy the bytes? */
static __always_inline u8 bounce_flags(struct thread *t)
{
	u8 flags = derived >> CS_UNSURE_BOUNCES & 1 ? CS_ROW_DERIVED : 0;

	if (t->bounced)
		flags |= CS_ROW_BOUNCED;
	t->bounced = 0;
	return flags;
}

/*
 * Is that the iter_type of memory of the process?  Whoever asks more of an iterator
 * than that reads its type once: each look into the kernel's memory is checked by
 * half a dozen instructions of the JIT.
 */
static __always_inline bool user_backed(u8 type)
{
	return type == bpf_core_enum_value(enum iter_type, ITER_UBUF) ||
	       type == bpf_core_enum_value(enum iter_type, ITER_IOVEC);
}

/* The same, or pages of a fixed buffer of the request under way. */
static __always_inline bool in_user_memory(struct thread *t, u8 type)
{
	return user_backed(type) || t->fixed_end;
}

/* Where the last @bytes went through @iter of this @type, which stands behind them. */
static __always_inline void segments_of(struct thread *t, struct iov_iter *iter, u8 type, u64 bytes,
					struct segments *s)
{
	s->bytes = bytes;
	s->offset = iter->iov_offset;
	s->user = 0;
	if (type == bpf_core_enum_value(enum iter_type, ITER_UBUF)) {
		s->base = address(t, iter->ubuf) + s->offset - bytes;
		s->iov = 0;
	} else if (t->fixed_end && !user_backed(type)) {
		s->base = t->fixed_end - iter->count - bytes;
		s->iov = t->fixed_start ? SCATTERED : 0;
	} else {
		s->base = 0; /* else the compiler may leave a pointer in it: no number */
		s->iov = iter_iov(t, iter);
	}
}

/* The rest of @s, which only the ways that leave the common one need. */
static __always_inline void segments_finish(struct segments *s, const struct cs_row_key *key,
					    u32 endpoint, u8 mapping_hop)
{
	if (!s->iov)
		s->offset = 0;
	else
		s->base = 0;
	s->endpoint = endpoint;
	s->call = key->call;
	s->hop = key->hop;
	s->mapping_hop = mapping_hop;
	s->flags = key->flags;
	s->beyond_first = 0;
	s->dropped = 0;
	__builtin_memset(s->unused, 0, sizeof(s->unused));
}

static __always_inline struct cs_process *process_of(struct thread *t)
{
	return process_at(t->process);
}

static __always_inline bool fill_stands(struct thread *t)
{
	struct cs_process *p = process_of(t);

	return p && p->fills == t->fills && p->maps == t->maps;
}

/*
 * The endpoint of the fill that stands puts new bytes into the part from @start to
 * @end of it; false when only the table of buffers can tell what is what then.
 * Bytes that were never carried on are given up when their head is overwritten.
 */
static __always_inline bool refill(struct thread *t, u64 start, u64 end)
{
	u64 carried = t->carried_end, message_end = t->message_end;

	if (start < t->fill_start || end > t->fill_end)
		return false;
	if (carried == message_end || (start <= carried && end > carried)) {
		t->message_start = start;
		t->carried_end = start;
	} else if (start != message_end) {
		return false;
	}
	t->message_end = end;
	return true;
}

enum carry { CARRY_CERTAIN, CARRY_POSSIBLE, CARRY_UNCLEAR };

/*
 * The part from @start to @end of the thread's fill goes to @destination: for the
 * first time, or as the very same bytes to another one; or is it memory that may
 * have been used for something else since?
 */
static __always_inline enum carry carry(struct thread *t, u64 start, u64 end, u32 destination)
{
	u64 to = destination_bit(destination), carried = t->carried_end;

	if (start == carried && end <= t->message_end &&
	    (carried == t->message_start || t->carried_to == to)) {
		t->carried_end = end;
		t->carried_to = to;
		return CARRY_CERTAIN;
	}
	if (start == t->message_start && end == carried) {
		if (t->carried_to & to)
			return CARRY_POSSIBLE;
		t->carried_to |= to;
		return CARRY_CERTAIN;
	}
	if (start >= t->message_start && end <= carried)
		return CARRY_POSSIBLE;
	if (start < t->fill_start || end > t->fill_end)
		return CARRY_UNCLEAR;
	if (end <= t->message_start || start >= t->message_end)
		return CARRY_POSSIBLE;
	return CARRY_UNCLEAR;
}

/* The same on the common way: false where attribute() has to tell the source. */
static __always_inline bool carry_fast(struct thread *t, struct cs_row_key *key, u64 start, u64 end)
{
	enum carry how;

	if (!fill_stands(t))
		return false;
	how = carry(t, start, end, key->destination);
	if (how == CARRY_UNCLEAR || (how == CARRY_POSSIBLE && !t->fill_is_plain))
		return false;
	key->source = t->fill_endpoint;
	if (how == CARRY_POSSIBLE)
		key->flags |= CS_ROW_POSSIBLE;
	return true;
}

/* @key->source filled the buffers @s with @bytes, of which @copied are copies of its own. */
static __always_inline void fold_filled(struct thread *t, struct task_struct *task,
					struct cs_row_key *key, struct segments *s, u64 bytes,
					u64 copied, u64 delivered)
{
	t->copied = 0;
	fold(t, task, key, copied, delivered);
	if (!bytes)
		return;
	if (!s->iov && t->fill_endpoint == key->source && fill_stands(t) &&
	    refill(t, s->base, s->base + bytes))
		return;
	segments_finish(s, key, key->source, 0);
	remember(s);
}

/* A read or receive of @bytes from @key->source into the buffers @s. */
static __always_inline void fold_read(struct thread *t, struct task_struct *task,
				      struct cs_row_key *key, struct segments *s, u64 bytes,
				      u64 delivered)
{
	fold_filled(t, task, key, s, bytes, bytes, delivered);
}

/* A device took @ret bytes of the buffers @s without a look at them. */
static __always_inline void fold_dropped(struct thread *t, struct cs_row_key *key,
					 struct segments *s, s64 ret)
{
	if (ret <= 0) {
		fold_apart(t, key, 0, 0);
		return;
	}
	if (!s->iov && carry_fast(t, key, s->base, s->base + ret)) {
		fold_apart(t, key, 0, ret);
		return;
	}
	segments_finish(s, key, key->destination, key->hop);
	s->dropped = 1;
	attribute(s);
}

/*
 * A write or send of @ret bytes from the buffers @s to @key->destination;
 * @key->hop is the hop from a user buffer, @mapping_hop from a file mapping.
 */
static __always_inline void fold_write(struct thread *t, struct task_struct *task,
				       struct cs_row_key *key, struct segments *s, s64 ret,
				       u8 mapping_hop)
{
	/* An operation that stands alone: forget what nested routines left behind. */
	t->copied = 0;
	t->spliced = 0;
	if (ret <= 0) {
		if (t->request)
			return; /* it will be tried again, or has failed */
		/* Nothing moved (EAGAIN): a try of the transfer before, if any. */
		struct row_cache *c = &t->rows[row_cache_index(key->hop)];

		if (!c->who || (u32)c->what != key->destination)
			c = &t->rows[row_cache_index(mapping_hop)];
		if (c->who && (u32)c->what == key->destination)
			key->source = c->who >> 32;
		fold_apart(t, key, 0, 0);
		return;
	}
	if (!s->iov && carry_fast(t, key, s->base, s->base + ret)) {
		fold(t, task, key, ret, ret);
		return;
	}
	segments_finish(s, key, key->destination, mapping_hop);
	attribute(s);
}

#endif
