// SPDX-License-Identifier: GPL-2.0
/*
 * Which endpoint filled a user buffer, and which file is mapped there: the
 * link from a read to the write that carries its bytes on.
 *
 * Buffers are remembered as ranges, kept by blocks of address space so that
 * a look-up touches one hash entry.  A newer range cuts older ones.  An entry
 * that the LRU recycles takes its links along; blocks_made tells how many
 * there ever were.
 */
#include "bpf/row.bpf.h"
#include "bpf/inode.bpf.h"
#include "bpf/buffer.bpf.h"

#define BLOCK_SHIFT 14
#define BLOCK_BYTES (1 << BLOCK_SHIFT)
#define NR_RANGES 8
#define MAX_BLOCKS 4096 /* of one operation: 64 MiB */
#define MAX_SEGMENTS 1024 /* UIO_MAXIOV */
#define MAX_PIECES 8192
#define MAX_UNMAP_BLOCKS 512
#define VM_WRITE 0x2
#define S_PRIVATE 0x200

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

/* Small, since the stack is: bit 0 of end says that the mapping is writable. */
struct vma_look {
	u64 start, end;
	u64 file, inode;
};

static long look_at_vma(struct task_struct *task, struct vm_area_struct *vma, struct vma_look *look)
{
	u64 file = (u64)BPF_CORE_READ(vma, vm_file);

	look->start = vma->vm_start;
	look->end = vma->vm_end;
	/*
	 * A private writable mapping may have been written to: .data of the
	 * program is one, with the program's buffers in it.
	 */
	if (!file || (vma->vm_flags & (VM_SHARED | VM_WRITE)) == VM_WRITE)
		return 0;
	/* Shared anonymous and SysV memory are files to the kernel only. */
	if (BPF_CORE_READ((struct file *)file, f_inode, i_flags) & S_PRIVATE)
		return 0;
	look->file = file;
	look->inode = (u64)BPF_CORE_READ((struct file *)file, f_inode);
	look->end |= !!(vma->vm_flags & VM_WRITE);
	return 0;
}

/*
 * The number in t->vmas of the mapping around @at, looked up if it must be; -1
 * when the kernel would not tell, since another thread is changing mappings.
 * Not inline, as others here: the verifier looks at it once, not for each way
 * that leads to it.
 */
__noinline int vma_find(struct thread *t, u64 maps, u64 at)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct vma_look look = {};
	struct vma_cache *c;
	u32 i;

	if (!t)
		return -1;
	for (i = 0; i < NR_VMA_CACHE; i++) {
		c = &t->vmas[i];
		if (c->maps == maps && at >= c->start && at < c->end)
			return i;
	}
	if (bpf_find_vma(task, at, look_at_vma, &look, 0))
		return -1;
	i = (look.start >> 12 ^ look.start >> 21) % NR_VMA_CACHE;
	c = &t->vmas[i];
	c->start = look.start;
	c->end = look.end & ~1ULL;
	c->maps = maps;
	c->writable = look.end & 1;
	c->endpoint = CS_MEMORY;
	if (look.inode)
		c->endpoint = endpoint_find(t, look.inode, look.file);
	return i;
}

static __always_inline void run_key(struct attribution *a, const struct run *r, struct thread *t,
				    struct cs_row_key *key)
{
	key->process = t->process;
	key->source = r->source;
	key->destination = a->s.endpoint;
	key->call = a->s.call;
	key->hop = r->hop;
	key->flags = a->s.flags;
}

/* A header and a file by turns are two operations of one call, not many. */
static __always_inline bool first_of_source(struct attribution *a)
{
	u32 source = a->run.source + 1;

	if (a->seen[0] == source || a->seen[1] == source)
		return false;
	a->seen[1] = a->seen[0];
	a->seen[0] = source;
	return true;
}

__noinline int count_part(struct thread *t, u64 who, u64 what, u64 bytes, u64 ops)
{
	struct cs_row_key key = key_of(who, what);

	if (!t)
		return -1;
	fold_part(t, &key, bytes, ops);
	return 0;
}

/* A request counts with each of its sources, in the first of its runs. */
static __always_inline u64 operations_of(struct thread *t, u32 call)
{
	return t->request ? !t->request_counted : ops_of(t, call);
}

/* Puts the run at hand into its row; the operation itself is counted in the largest. */
static __always_inline void run_flush(struct attribution *a, struct thread *t)
{
	struct cs_row_key key;

	if (!a->run.bytes)
		return;
	run_key(a, &a->run, t, &key);
	count_part(t, key_who(&key), key_what(&key), a->run.bytes,
		   first_of_source(a) ? operations_of(t, key.call) : 0);
	if (a->run.bytes > a->main.bytes)
		a->main = a->run;
	a->run.bytes = 0;
}

/* A look for the source of the byte at @at. */
struct look_up {
	u64 at;
	u64 end; /* where its source ends at the latest */
	u32 source;
	u32 mapped;
};

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

/* Not inline: derived messages have no stack left for its range_look (syscall.bpf.c). */
static __noinline void look_into_block(struct thread *t, u32 epoch, struct look_up *l)
{
	struct block_key key = {
		.process = t->process,
		.epoch = epoch,
		.block = l->at >> BLOCK_SHIFT,
	};
	struct range_look r = {
		.block = bpf_map_lookup_elem(&blocks, &key),
		.at = l->at,
		.end = l->end,
		.base = key.block << BLOCK_SHIFT,
		.source = l->source,
	};

	if (r.end > r.base + BLOCK_BYTES)
		r.end = r.base + BLOCK_BYTES;
	if (r.block)
		bpf_loop(NR_RANGES, look_at_range, &r, 0);
	l->source = r.source;
	l->end = r.end;
}

static __always_inline void look_up_source(struct thread *t, struct look_up *l)
{
	struct cs_process *p;
	struct vma_cache *vma;
	u32 mapped;
	int found;

	l->source = CS_UNRESOLVED;
	l->mapped = 0;
	p = process_of(t);
	if (!p)
		return;
	found = vma_find(t, p->maps, l->at);
	if (found >= 0) {
		vma = &t->vmas[found % NR_VMA_CACHE];
		if (l->end > vma->end)
			l->end = vma->end;
		l->source = vma->endpoint;
		if (vma->endpoint != CS_MEMORY && !vma->writable) {
			l->mapped = 1;
			return;
		}
	}
	/* In a file that is mapped writable, what was read into it comes first. */
	mapped = l->source;
	look_into_block(t, p->fill_epoch, l);
	l->mapped = l->source >= CS_FIRST_ENDPOINT && l->source == mapped;
}

static long attribute_piece(u32 i, void *unused)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *t = thread_known(task);
	struct attribution *a;
	struct look_up l = {};
	u64 start = 0, bytes = 0;
	u32 hop;

	if (!t)
		return 1;
	a = &t->attribution;
	if (a->at >= a->end) {
		if (!next_segment(&a->s, &start, &bytes))
			return 1;
		a->at = start;
		a->end = start + bytes;
		if (!bytes)
			return 0;
	}
	l.at = a->at;
	l.end = a->end;
	look_up_source(t, &l);
	hop = l.mapped ? a->s.mapping_hop : a->s.hop;
	if (a->run.bytes && (a->run.source != l.source || a->run.hop != hop))
		run_flush(a, t);
	a->run.source = l.source;
	a->run.hop = hop;
	a->run.bytes += l.end - a->at;
	a->at = l.end;
	return 0;
}

/* Charges the bytes of @s to what filled them. */
__noinline int attribute(struct segments *s)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *t = thread_known(task);
	struct attribution *a;
	struct cs_row_key key;
	struct cs_row *row;
	u64 left;

	if (!s || !t)
		return 0;
	a = &t->attribution;
	__builtin_memset(a, 0, sizeof(*a));
	a->s = *s;
	bpf_loop(MAX_PIECES, attribute_piece, NULL, 0);
	/* What is left had too many pieces to look at. */
	left = a->s.bytes + (a->end - a->at);
	if (left) {
		run_flush(a, t);
		a->run.source = CS_UNRESOLVED;
		a->run.hop = a->s.hop;
		a->run.bytes = left;
		add(lost.segments, left);
	}
	run_flush(a, t);
	run_key(a, &a->main, t, &key);
	row = row_of(t, &key);
	if (row)
		add_counters(t, task, row, 2 * ops_of(t, key.call));
	t->request_counted = 1;
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
	struct block_change c = { .new.start = start - base, .new.end = end - base };

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
