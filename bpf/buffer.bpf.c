// SPDX-License-Identifier: GPL-2.0
/*
 * Which endpoint filled a user buffer: the link from a read to the write that
 * carries its bytes on, see attribute.bpf.c.
 *
 * Buffers are remembered as ranges, kept by blocks of address space so that
 * a look-up touches one hash entry.  A newer range cuts older ones.  An entry
 * that the LRU recycles takes its links along; blocks_made tells how many
 * there ever were.
 */
#include "bpf/row.bpf.h"
#include "bpf/buffer.bpf.h"

#define BLOCK_SHIFT 14
#define BLOCK_BYTES (1 << BLOCK_SHIFT)
#define NR_RANGES 8
#define MAX_BLOCKS 4096 /* of one operation: 64 MiB */
#define MAX_SEGMENTS 1024 /* UIO_MAXIOV */
#define MAX_UNMAP_BLOCKS 512

struct block_key {
	u32 process;
	u32 epoch;
	u64 block;
};

struct range {
	u32 start, end; /* in the block; empty if end is 0 */
	u32 endpoint;
	u32 age; /* cs_process.fills when filled */
};

struct block {
	struct range ranges[NR_RANGES];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CS_MAX_BUFFER_BLOCKS);
	__type(key, struct block_key);
	__type(value, struct block);
} blocks SEC(".maps");

__u64 blocks_made;

static const struct block empty_block;

struct fill {
	u64 at, end; /* left to remember */
	u32 endpoint;
	u32 process;
	u32 epoch;
	u32 age;
};

/*
 * Loops over the ranges of a block are calls of bpf_loop(): the verifier then
 * looks at their body once, not at every way through eight rounds of it.
 */
struct block_change {
	struct block *block;
	struct range new; /* to be put in */
	struct range rest; /* what stands right of it of a range it splits */
	u32 slot; /* for new: an empty one, else the oldest */
	u32 age; /* of what is in that slot; 0: empty */
};

/* Cuts the new range out of @r. */
static __always_inline void range_cut(struct range *r, struct block_change *c)
{
	u32 start = c->new.start, end = c->new.end;

	if (r->end <= start || r->start >= end)
		return;
	if (r->start < start && r->end > end) {
		c->rest = *r;
		c->rest.start = end;
		r->end = start;
	} else if (r->start < start) {
		r->end = start;
	} else if (r->end > end) {
		r->start = end;
	} else {
		r->end = 0;
	}
}

static long make_room(u32 i, struct block_change *c)
{
	struct range *r = &c->block->ranges[i % NR_RANGES];

	if (!r->end)
		return 0;
	if (r->endpoint == c->new.endpoint && r->start <= c->new.end && r->end >= c->new.start) {
		if (r->start < c->new.start)
			c->new.start = r->start;
		if (r->end > c->new.end)
			c->new.end = r->end;
		r->end = 0;
		return 0;
	}
	range_cut(r, c);
	return 0;
}

static long find_slot(u32 i, struct block_change *c)
{
	struct range *r = &c->block->ranges[i % NR_RANGES];
	u32 age = r->end ? r->age : 0;

	if (i && age >= c->age)
		return 0;
	c->slot = i;
	c->age = age;
	return !age;
}

static __always_inline void block_put(struct block_change *c, const struct range *r)
{
	bpf_loop(NR_RANGES, find_slot, c, 0);
	if (c->age)
		add(lost.buffers, 1);
	c->block->ranges[c->slot % NR_RANGES] = *r;
}

static long fill_block(u32 i, struct fill *f)
{
	struct block_key key = {
		.process = f->process,
		.epoch = f->epoch,
		.block = f->at >> BLOCK_SHIFT,
	};
	u64 base = key.block << BLOCK_SHIFT;
	struct block_change c = {
		.new.start = f->at - base,
		.new.end = f->end < base + BLOCK_BYTES ? f->end - base : BLOCK_BYTES,
		.new.endpoint = f->endpoint,
		.new.age = f->age,
		.rest = { none, none, none, none },
		.slot = none,
		.age = none,
	};

	if (f->at >= f->end)
		return 1;
	f->at = base + BLOCK_BYTES;
	c.block = bpf_map_lookup_elem(&blocks, &key);
	if (!c.block) {
		bpf_map_update_elem(&blocks, &key, &empty_block, BPF_NOEXIST);
		add(blocks_made, 1);
		c.block = bpf_map_lookup_elem(&blocks, &key);
		if (!c.block) {
			add(lost.buffers, 1);
			return 0;
		}
	}
	bpf_loop(NR_RANGES, make_room, &c, 0);
	block_put(&c, &c.new);
	if (c.rest.end)
		block_put(&c, &c.rest);
	return 0;
}

static __always_inline void remember_range(struct thread *t, u64 start, u64 bytes, u32 endpoint)
{
	struct cs_process *p = process_of(t);
	struct fill f = {
		.at = start,
		.end = start + bytes,
		.endpoint = endpoint,
		.process = t->process,
	};

	if (!p)
		return;
	f.age = __sync_fetch_and_add(&p->fills, 1) + 1;
	f.epoch = p->fill_epoch;
	bpf_loop(MAX_BLOCKS, fill_block, &f, 0);
	if (f.at < f.end)
		add(lost.buffers, 1);
	t->fill_endpoint = endpoint;
	t->fill_start = start;
	t->fill_end = start + bytes;
	t->fills = p->fills;
	t->maps = p->maps;
}

static long remember_segment(u32 i, struct segments *s)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *t = thread_known(task);
	u64 start = 0, bytes = 0;

	if (!t || !next_segment(s, &start, &bytes))
		return 1;
	if (bytes)
		remember_range(t, start, bytes, s->endpoint);
	return 0;
}

/* Remembers that @s->endpoint filled @s. */
__noinline int remember(struct segments *s)
{
	struct segments walk;

	if (!s)
		return 0;
	walk = *s;
	bpf_loop(MAX_SEGMENTS, remember_segment, &walk, 0);
	if (walk.bytes)
		add(lost.segments, walk.bytes);
	return 0;
}

struct range_look {
	struct block *block;
	u64 at, end;
	u64 base; /* of the block */
	u32 source;
};

static long look_at_range(u32 i, struct range_look *l)
{
	struct range *r = &l->block->ranges[i % NR_RANGES];
	u64 start = l->base + r->start, end = l->base + r->end;

	if (!r->end || l->at >= end)
		return 0;
	if (l->at < start) {
		if (l->end > start)
			l->end = start;
		return 0;
	}
	l->source = r->endpoint;
	if (l->end > end)
		l->end = end;
	return 1;
}

/*
 * Looks at what is remembered of the buffers around @l->at.  Not inline: derived
 * messages have no stack left for its range_look (syscall.bpf.c).
 */
__noinline int look_into_block(struct thread *t, u32 epoch, struct look_up *l)
{
	struct block_key key = { .epoch = epoch };
	struct range_look r = {};

	if (!t || !l)
		return 0;
	key.process = t->process;
	key.block = l->at >> BLOCK_SHIFT;
	r.block = bpf_map_lookup_elem(&blocks, &key);
	r.at = l->at;
	r.end = l->end;
	r.base = key.block << BLOCK_SHIFT;
	r.source = l->source;
	if (r.end > r.base + BLOCK_BYTES)
		r.end = r.base + BLOCK_BYTES;
	if (r.block)
		bpf_loop(NR_RANGES, look_at_range, &r, 0);
	l->source = r.source;
	l->end = r.end;
	return 0;
}

struct unmapping {
	u64 block;
	u64 last;
	struct block_key key;
};

static long forget_block(u32 i, struct unmapping *u)
{
	if (u->block > u->last)
		return 1;
	u->key.block = u->block++;
	bpf_map_delete_elem(&blocks, &u->key);
	return 0;
}

static long cut_range(u32 i, struct block_change *c)
{
	range_cut(&c->block->ranges[i % NR_RANGES], c);
	return 0;
}

/* Forgets what lies between two addresses of one block. */
static __always_inline void forget_part(struct block_key *key, u64 start, u64 end)
{
	u64 base = start >> BLOCK_SHIFT << BLOCK_SHIFT;
	struct block_change c = {
		.new.start = start - base,
		.new.end = end - base,
		.rest = { none, none, none, none },
		.slot = none,
		.age = none,
	};

	key->block = start >> BLOCK_SHIFT;
	c.block = bpf_map_lookup_elem(&blocks, key);
	if (!c.block)
		return;
	bpf_loop(NR_RANGES, cut_range, &c, 0);
	if (c.rest.end)
		block_put(&c, &c.rest);
}

/*
 * More than MAX_UNMAP_BLOCKS at once end the epoch: all buffers of the process
 * are forgotten.
 */
__noinline int forget(struct thread *t, u64 start, u64 bytes)
{
	struct unmapping u = {};
	u64 end = start + bytes;
	struct cs_process *p;

	if (!t)
		return 0;
	p = process_of(t);
	if (!p || !p->fills || !bytes)
		return 0;
	u.block = (start + BLOCK_BYTES - 1) >> BLOCK_SHIFT;
	u.last = end >> BLOCK_SHIFT; /* the first that is not unmapped as a whole */
	if (u.last > u.block + MAX_UNMAP_BLOCKS) {
		add(p->fill_epoch, 1);
		return 0;
	}
	u.key.process = t->process;
	u.key.epoch = p->fill_epoch;
	if (start % BLOCK_BYTES)
		forget_part(&u.key, start, u.block > u.last ? end : u.block << BLOCK_SHIFT);
	if (end % BLOCK_BYTES && u.block <= u.last)
		forget_part(&u.key, u.last << BLOCK_SHIFT, end);
	if (u.block < u.last) {
		u.last--;
		bpf_loop(MAX_UNMAP_BLOCKS, forget_block, &u, 0);
	}
	return 0;
}
