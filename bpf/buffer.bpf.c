// SPDX-License-Identifier: GPL-2.0
/*
 * Which endpoint filled a user buffer, and to which ones it was carried on: the
 * link from a read to the write that carries its bytes on, see attribute.bpf.c.
 *
 * Buffers are remembered as ranges, kept by blocks of address space so that a
 * look-up touches one hash entry.  Ranges for which a block has no room go to
 * its sub-blocks, entries of the same table.  All ranges of a block and its
 * sub-blocks are disjoint: what is put into the table cuts what was there.
 *
 * Where ranges had to be given up, blocks know between which addresses, and a
 * filter knows which blocks there ever were: who looks for them in vain is told
 * that the link was lost (CS_UNRESOLVED).
 */
#include "bpf/row.bpf.h"
#include "bpf/buffer.bpf.h"
#include "bpf/block.bpf.h"

#define MAX_BYTES (1U << 31) /* of one put */
#define MAX_STEPS (1 << 19) /* more than the 2 GiB that one call moves need */
#define MAX_UNMAP_STEPS (1 << 15) /* 512 MiB */
/* Of blocks that the LRU may give up before it is full: CPUs keep free ones to themselves. */
#define MANY_BLOCKS (CS_MAX_BUFFER_BLOCKS / 4 * 3)
#define FILTER_BITS 20

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CS_MAX_BUFFER_BLOCKS);
	__type(key, struct block_key);
	__type(value, struct block);
} blocks SEC(".maps");

/* Made and not deleted; those that the LRU gave up are among them. */
__u64 blocks_made;
/* Blocks that there ever were, by a hash. */
__u64 blocks_filter[(1 << FILTER_BITS) / 64];

static const struct block empty_block;

/*
 * What is put into the table; CS_MEMORY: what is there is forgotten.  Small, since
 * the stack is.
 */
struct fill {
	u64 at;
	u64 carried_to;
	u32 left; /* bytes to put */
	u32 endpoint;
	u32 epoch;
	u16 process;
	u16 is_new; /* these are new bytes, not more knowledge of those that are there */
};

static __always_inline u64 *filter_word(const struct block_key *key, u64 *bit)
{
	u32 at = hash(key->number << 16 ^ key->process) >> (32 - FILTER_BITS);

	*bit = 1ULL << (at % 64);
	return element_at(blocks_filter, (1 << FILTER_BITS) / 64, at / 64);
}

static __always_inline struct block *block_make(struct block_key *key)
{
	u64 bit, *word = filter_word(key, &bit);

	if (word)
		__sync_fetch_and_or(word, bit);
	/* It fails, too, when another thread has just made it. */
	if (!bpf_map_update_elem(&blocks, key, &empty_block, BPF_NOEXIST))
		add(blocks_made, 1);
	return bpf_map_lookup_elem(&blocks, key);
}

/* May the block that is not there have been given up? */
static __always_inline bool block_was_lost(const struct block_key *key)
{
	u64 bit, *word;

	if (blocks_made < MANY_BLOCKS && !key->epoch)
		return false;
	word = filter_word(key, &bit);
	return word && *word & bit;
}

static __always_inline void block_delete(struct block_key *key)
{
	if (!bpf_map_delete_elem(&blocks, key))
		add(blocks_made, -1);
}

static long delete_sub(u32 i, struct block_key *key)
{
	block_delete(key);
	key->number++;
	return 0;
}

/*
 * Puts @r into @b, the block at @base of the process and epoch in @who, or into a
 * sub-block of it, as far as that goes.  Global, so that the verifier looks at it
 * once and not for each way to its calls.  The key is its own, as up to v6.1 helpers
 * take keys from the stack or a map only.
 */
__noinline int range_store(struct block *b, const struct range *r, u64 who, u64 base)
{
	struct block_key key = { .process = who, .epoch = who >> 32 };
	struct range part;
	struct block *sub;
	u32 end;

	if (!b || !r)
		return 0;
	part = *r;
	if (!is_full(b)) {
		range_put(b, &part);
		return 0;
	}
	key.number = IS_SUB | (base + part.start) >> SUB_SHIFT;
	sub = bpf_map_lookup_elem(&blocks, &key);
	if (!sub)
		sub = block_make(&key);
	if (!sub) {
		block_loses(b, part.start, part.end);
		return 0;
	}
	__sync_fetch_and_or(&b->state, 1U << NR_RANGES << (part.start >> SUB_SHIFT));
	end = sub_end(part.start);
	if (part.end > end) {
		block_loses(b, end, part.end);
		part.end = end;
	}
	range_put(sub, &part);
	return 0;
}

static __always_inline void put_whole_block(struct block *b, struct block_key *key, struct fill *f)
{
	struct block_key sub = *key;

	sub.number = IS_SUB | key->number << (BLOCK_SHIFT - SUB_SHIFT);
	if (subs_of(b))
		bpf_loop(NR_SUBS, delete_sub, &sub, 0);
	if (f->endpoint == CS_MEMORY) {
		block_delete(key);
		return;
	}
	b->ranges[0].start = 0;
	b->ranges[0].end = BLOCK_BYTES;
	b->ranges[0].endpoint = f->endpoint;
	b->ranges[0].carried_to = f->carried_to;
	b->state = 1;
	b->lost_end = 0;
}

static __always_inline void advance(struct fill *f, int bytes)
{
	f->at += bytes;
	f->left -= bytes;
}

/* Cuts the new range of @c out of those of @b.  Global, as range_store() is. */
__noinline int block_make_room(struct block *b, struct block_change *c)
{
	struct block_room room = { b, c };

	if (!b || !c)
		return 0;
	bpf_loop(nr_ranges(b), make_room, &room, 0);
	block_knows(b, c->start, c->end);
	return 0;
}

static long put_into_block(u32 i, struct fill *f)
{
	struct block_key key = {
		.process = f->process,
		.epoch = f->epoch,
		.number = f->at >> BLOCK_SHIFT,
	};
	u64 base = key.number << BLOCK_SHIFT;
	u64 who = f->process | (u64)f->epoch << 32;
	u32 start = f->at - base;
	u32 end = start + f->left < BLOCK_BYTES ? start + f->left : BLOCK_BYTES;
	struct block_change c;
	struct block *b, *sub;

	if (!f->left)
		return 1;
	advance(f, end - start);
	b = bpf_map_lookup_elem(&blocks, &key);
	if (!b) {
		if (f->endpoint == CS_MEMORY)
			return 0;
		b = block_make(&key);
		if (!b)
			return 0; /* the filter knows it */
	}
	if (end - start == BLOCK_BYTES) {
		put_whole_block(b, &key, f);
		return 0;
	}
	if (subs_of(b) && end > sub_end(start)) {
		advance(f, sub_end(start) - end);
		end = sub_end(start);
	}
	c.new.start = start;
	c.new.end = end;
	c.new.endpoint = f->endpoint;
	c.new.carried_to = f->carried_to;
	c.rest.start = none;
	c.rest.end = none;
	c.rest.endpoint = none;
	c.rest.carried_to = none;
	c.start = start;
	c.end = end;
	c.is_new = f->is_new;
	c.is_there = 0;
	block_make_room(b, &c);
	if (c.is_there)
		return 0;
	if (subs_of(b) >> (start >> SUB_SHIFT) & 1) {
		key.number = IS_SUB | (base + start) >> SUB_SHIFT;
		sub = bpf_map_lookup_elem(&blocks, &key);
		if (sub) {
			block_make_room(sub, &c);
			if (c.is_there)
				return 0;
		}
	}
	/* What does not fit goes to sub-blocks, one after the other. */
	if (is_full(b) && f->endpoint != CS_MEMORY && end > sub_end(start)) {
		advance(f, sub_end(start) - end);
		c.new.end = sub_end(start);
	}
	if (f->endpoint != CS_MEMORY)
		range_store(b, &c.new, who, base);
	if (c.rest.end)
		range_store(b, &c.rest, who, base);
	return 0;
}

/*
 * Says of the memory from @start to @end that @endpoint filled it (CS_MEMORY: that
 * nobody did) and where it was carried to.  NEW_BYTES in @endpoint: it did so just now.
 */
__noinline int buffers_put(struct thread *t, u64 start, u64 end, u64 endpoint, u64 carried_to)
{
	struct cs_process *p;
	struct fill f = {
		.at = start,
		.left = end - start,
		.endpoint = endpoint,
		.is_new = endpoint >> 32,
		.carried_to = carried_to,
	};

	if (!t || end == start)
		return 0;
	if (end - start > MAX_BYTES)
		return 1;
	p = process_of(t);
	if (!p)
		return 0;
	f.process = t->process;
	f.epoch = p->fill_epoch;
	bpf_loop(f.endpoint == CS_MEMORY ? MAX_UNMAP_STEPS : MAX_STEPS, put_into_block, &f, 0);
	return f.left != 0;
}

/* Are the bytes certain for the destination of @a?  Then they are carried on now. */
static __always_inline void carry_range(struct attribution *a, struct range *r, u64 base, u32 unit,
					struct look_up *l)
{
	u64 to = destination_bit(a->s.endpoint);
	bool all = a->start <= base + r->start && a->end >= base + r->end;

	l->source = r->endpoint;
	if (!r->carried_to)
		l->carved = !all;
	else if (r->carried_to & to ||
		 !is_same(base + r->start, base + r->end, unit, a->start, a->end))
		l->possible = 1;
	if (all && !l->possible)
		__sync_fetch_and_or(&r->carried_to, to);
}

/*
 * Looks at what is remembered of the buffers around @l->at.  Not inline: derived
 * messages have no stack left for its range_look (syscall.bpf.c).
 */
__noinline int look_into_block(struct thread *t, u32 epoch, struct look_up *l)
{
	struct block_key key = { .epoch = epoch };
	struct range_look r = {};
	bool is_lost = false;
	u32 unit;
	u64 base;

	if (!t || !l)
		return 0;
	key.process = t->process;
	key.number = l->at >> BLOCK_SHIFT;
	base = key.number << BLOCK_SHIFT;
	r.at = l->at - base;
	r.end = l->end < base + BLOCK_BYTES ? l->end - base : BLOCK_BYTES;
	r.block = bpf_map_lookup_elem(&blocks, &key);
	if (!r.block) {
		is_lost = block_was_lost(&key);
		goto out;
	}
	unit = subs_of(r.block) ? SUB_BYTES : BLOCK_BYTES;
	bpf_loop(nr_ranges(r.block), look_at_range, &r, 0);
	if (!r.found)
		is_lost = look_at_lost(r.block, &r);
	if (!r.found && subs_of(r.block)) {
		if (r.end > sub_end(r.at))
			r.end = sub_end(r.at);
		if (subs_of(r.block) >> (r.at >> SUB_SHIFT & (NR_SUBS - 1)) & 1) {
			key.number = IS_SUB | l->at >> SUB_SHIFT;
			r.block = bpf_map_lookup_elem(&blocks, &key);
			if (!r.block) {
				is_lost = true; /* the LRU took it from its block */
				goto out;
			}
			bpf_loop(nr_ranges(r.block), look_at_range, &r, 0);
			if (!r.found)
				is_lost |= look_at_lost(r.block, &r);
		}
	}
	if (r.found)
		carry_range(&t->attribution, &r.block->ranges[(r.found - 1) % NR_RANGES], base,
			    unit, l);
out:
	l->end = base + r.end;
	if (is_lost && !r.found && l->source == CS_MEMORY) {
		l->source = CS_UNRESOLVED;
		add(lost.buffers, 1);
	}
	return 0;
}
