/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CS_BLOCK_BPF_H
#define CS_BLOCK_BPF_H

/*
 * A block of address space with the ranges in it that are remembered; the table of
 * blocks is in buffer.bpf.c.
 *
 * Buffers of several threads share blocks, and no lock is to be had here.  So a
 * range is taken and given back by one atomic instruction, and what is put where
 * a range has the same bounds changes it in place: whoever looks for its bytes
 * at that moment finds them.
 */
#include "bpf/buffer.bpf.h"

#define BLOCK_SHIFT 14
#define BLOCK_BYTES (1 << BLOCK_SHIFT)
#define SUB_SHIFT 11
#define SUB_BYTES (1 << SUB_SHIFT)
#define NR_SUBS (BLOCK_BYTES / SUB_BYTES)
#define IS_SUB (1ULL << 63) /* in block_key.number */
#define NR_RANGES 16
#define ALL_RANGES ((1 << NR_RANGES) - 1)

struct block_key {
	u32 process;
	u32 epoch;
	u64 number;
};

struct range {
	union {
		struct {
			u16 start, end; /* in the block, also of those in sub-blocks */
			u32 endpoint;
		};
		u64 word; /* 0 while it is not in use */
	};
	u64 carried_to; /* destinations; EVERYWHERE: was given up */
};

struct block {
	u32 state; /* a bit for each of ranges[] in use, then for each sub-block that there is */
	u16 lost_start, lost_end; /* between them ranges were given up; none if the end is 0 */
	u8 victim; /* of ranges[], the next one */
	u8 unused[7];
	struct range ranges[NR_RANGES];
};

static __always_inline u32 subs_of(const struct block *b)
{
	return b->state >> NR_RANGES;
}

static __always_inline bool is_full(const struct block *b)
{
	return (b->state & ALL_RANGES) == ALL_RANGES;
}

/*
 * The number of the lowest of 16 bits; 0 if there is none.  By a De Bruijn sequence, as
 * BPF has no instruction for it, and each branch makes ways more for the verifier.
 */
static __always_inline u32 lowest_bit(u32 bits)
{
	return 0xcd7ea84fb6935210ULL >> ((bits & -bits) * 0x9af >> 12 & 0xf) * 4 & 0xf;
}

/* How many of @b's ranges there are to look at: up to the last in use, but one at least. */
static __always_inline u32 nr_ranges(const struct block *b)
{
	u32 bits = b->state & ALL_RANGES;

	bits |= bits >> 1;
	bits |= bits >> 2;
	bits |= bits >> 4;
	bits |= bits >> 8;
	return lowest_bit(bits ^ bits >> 1) + 1;
}

static __always_inline void range_drop(struct block *b, u32 i, struct range *r)
{
	r->word = 0;
	__sync_fetch_and_and(&b->state, ~(1U << i));
}

/* Ranges between @start and @end were given up. */
static __always_inline void block_loses(struct block *b, u32 start, u32 end)
{
	if (!b->lost_end) {
		b->lost_start = start;
		b->lost_end = end;
		return;
	}
	if (start < b->lost_start)
		b->lost_start = start;
	if (end > b->lost_end)
		b->lost_end = end;
}

/* What is there between @start and @end is known again. */
static __always_inline void block_knows(struct block *b, u32 start, u32 end)
{
	if (start <= b->lost_start && end >= b->lost_end)
		b->lost_end = 0;
	else if (start <= b->lost_start && end > b->lost_start)
		b->lost_start = end;
	else if (end >= b->lost_end && start < b->lost_end)
		b->lost_end = start;
}

/* Puts @r where none is; where others take each place first, or all are taken, one is given up. */
static __always_inline void range_put(struct block *b, const struct range *r)
{
	u32 vacant, i, tries;

	for (tries = 0; tries < 3; tries++) {
		vacant = ~b->state & ALL_RANGES;
		i = lowest_bit(vacant);
		if (vacant && !(__sync_fetch_and_or(&b->state, 1U << i) >> i & 1))
			goto out;
	}
	i = b->victim++ % NR_RANGES;
	block_loses(b, b->ranges[i].start, b->ranges[i].end);
	__sync_fetch_and_or(&b->state, 1U << i);
out:
	b->ranges[i].carried_to = r->carried_to;
	b->ranges[i].word = r->word;
}

/* The end of the sub-block around @at. */
static __always_inline u32 sub_end(u32 at)
{
	return (at | (SUB_BYTES - 1)) + 1;
}

/*
 * Loops over the ranges of a block are calls of bpf_loop(): the verifier then
 * looks at their body once, not at every way through sixteen rounds of it.
 */
struct block_change {
	struct range new; /* to be put in */
	struct range rest; /* what stands right of it of a range it splits */
	u16 start, end; /* of what is put, without the neighbours it was joined to */
	u8 is_new;
	u8 is_there; /* in place of a range that had the same bounds */
	u8 unused[2];
};

/* Cuts the new range out of @r.  A fill over the head of what was not carried on gave it up. */
static __always_inline void range_cut(struct block *b, u32 i, struct range *r,
				      struct block_change *c)
{
	u32 start = c->new.start, end = c->new.end;

	if (c->is_new && !r->carried_to && start <= r->start)
		r->carried_to = EVERYWHERE;
	if (r->start < start && r->end > end) {
		c->rest = *r;
		c->rest.start = end;
		r->end = start;
	} else if (r->start < start) {
		r->end = start;
	} else if (r->end > end) {
		r->start = end;
	} else {
		range_drop(b, i, r);
	}
}

struct block_room {
	struct block *block;
	struct block_change *change;
};

static long make_room(u32 i, struct block_room *room)
{
	struct block_change *c = room->change;
	struct block *b = room->block;
	struct range *r = &b->ranges[i % NR_RANGES];

	i %= NR_RANGES;
	if (!(b->state >> i & 1) || r->start > c->new.end || r->end < c->new.start)
		return 0;
	if (r->start == c->start && r->end == c->end && c->new.endpoint != CS_MEMORY) {
		c->is_there = 1;
		/* Another thread has filled it since; neighbours that were joined are given up. */
		if (!c->is_new && r->endpoint != c->new.endpoint) {
			block_loses(b, c->new.start, c->new.end);
			return 1;
		}
		r->word = c->new.word;
		r->carried_to = c->new.carried_to;
		return 1;
	}
	if (r->start < c->new.end && r->end > c->new.start) {
		range_cut(b, i, r, c);
		return 0;
	}
	/* They touch: two of a kind become one. */
	if (r->endpoint != c->new.endpoint || r->carried_to != c->new.carried_to)
		return 0;
	if (r->start < c->new.start)
		c->new.start = r->start;
	else
		c->new.end = r->end;
	range_drop(b, i, r);
	return 0;
}

struct range_look {
	struct block *block;
	u32 at, end; /* of what is looked at, in the block */
	u32 found; /* which of ranges[], + 1 */
};

static long look_at_range(u32 i, struct range_look *l)
{
	struct block *b = l->block;
	struct range *r = &b->ranges[i % NR_RANGES];

	i %= NR_RANGES;
	if (!(b->state >> i & 1) || l->at >= r->end)
		return 0;
	if (l->at < r->start) {
		if (l->end > r->start)
			l->end = r->start;
		return 0;
	}
	if (l->end > r->end)
		l->end = r->end;
	l->found = i + 1;
	return 1;
}

/* Where a look between ranges ends, or whether it is at what was given up. */
static __always_inline bool look_at_lost(const struct block *b, struct range_look *l)
{
	if (l->at >= b->lost_end)
		return false;
	if (l->at >= b->lost_start) {
		if (l->end > b->lost_end)
			l->end = b->lost_end;
		return true;
	}
	if (l->end > b->lost_start)
		l->end = b->lost_start;
	return false;
}

#endif
