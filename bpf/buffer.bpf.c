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
#include "bpf/ledger.bpf.h"
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
#define VM_SHARED 0x8

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

/* Cuts [start, end) out of @r; what stands right of it goes to @rest. */
static __always_inline void range_cut(struct range *r, u32 start, u32 end, struct range *rest)
{
	if (r->end <= start || r->start >= end)
		return;
	if (r->start < start && r->end > end) {
		*rest = *r;
		rest->start = end;
		r->end = start;
	} else if (r->start < start) {
		r->end = start;
	} else if (r->end > end) {
		r->start = end;
	} else {
		r->end = 0;
	}
}

static __always_inline void block_put(struct block *b, const struct range *new)
{
	u32 oldest = 0, age = ~0;
	int i;

	for (i = 0; i < NR_RANGES; i++) {
		if (!b->ranges[i].end) {
			oldest = i;
			age = 0;
			break;
		}
		if (b->ranges[i].age < age) {
			oldest = i;
			age = b->ranges[i].age;
		}
	}
	if (age)
		add(lost.buffers, 1);
	b->ranges[oldest % NR_RANGES] = *new;
}

static __always_inline void block_fill(struct block *b, struct range *new)
{
	struct range rest = {};
	int i;

	for (i = 0; i < NR_RANGES; i++) {
		struct range *r = &b->ranges[i];

		if (!r->end)
			continue;
		if (r->endpoint == new->endpoint && r->start <= new->end && r->end >= new->start) {
			if (r->start < new->start)
				new->start = r->start;
			if (r->end > new->end)
				new->end = r->end;
			r->end = 0;
			continue;
		}
		range_cut(r, new->start, new->end, &rest);
	}
	block_put(b, new);
	if (rest.end)
		block_put(b, &rest);
}

static long fill_block(u32 i, struct fill *f)
{
	struct block_key key = {
		.process = f->process,
		.epoch = f->epoch,
		.block = f->at >> BLOCK_SHIFT,
	};
	u64 base = key.block << BLOCK_SHIFT;
	struct range new = {
		.start = f->at - base,
		.end = f->end < base + BLOCK_BYTES ? f->end - base : BLOCK_BYTES,
		.endpoint = f->endpoint,
		.age = f->age,
	};
	struct block *b;

	if (f->at >= f->end)
		return 1;
	f->at = base + BLOCK_BYTES;
	b = bpf_map_lookup_elem(&blocks, &key);
	if (!b) {
		bpf_map_update_elem(&blocks, &key, &empty_block, BPF_NOEXIST);
		add(blocks_made, 1);
		b = bpf_map_lookup_elem(&blocks, &key);
		if (!b) {
			add(lost.buffers, 1);
			return 0;
		}
	}
	block_fill(b, &new);
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

/* One iovec of a walk; true when there was one with bytes in it. */
static __always_inline bool next_segment(struct segments *s, u32 i, u64 *start, u64 *bytes)
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
		bpf_probe_read_user(&v, sizeof(v), (void *)(s->iov + i * sizeof(v)));
		used = v.iov_len;
	} else {
		/* iov[0] may lie behind the array, if all of it is used up. */
		if (i || s->offset)
			bpf_probe_read_kernel(&v, sizeof(v), (void *)(s->iov - i * sizeof(v)));
		used = i ? v.iov_len : s->offset;
	}
	if (used > s->bytes)
		*bytes = s->bytes;
	else
		*bytes = used;
	*start = (u64)v.iov_base + (s->user ? 0 : used - *bytes);
	s->bytes -= *bytes;
	return true;
}

static long remember_segment(u32 i, struct segments *s)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *t = bpf_task_storage_get(&threads, task, 0, 0);
	u64 start = 0, bytes = 0;

	if (!t || !next_segment(s, i, &start, &bytes))
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
	if (file && (vma->vm_flags & (VM_SHARED | VM_WRITE)) != VM_WRITE) {
		look->file = file;
		look->inode = (u64)BPF_CORE_READ((struct file *)file, f_inode);
	}
	return 0;
}

/* The mapping around @at, from the thread's cache or the kernel; NULL if it would not tell. */
static __always_inline struct vma_cache *vma_at(struct thread *t, struct cs_process *p, u64 at)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct vma_look look = {};
	struct vma_cache *c;
	u64 maps = p->maps;
	int i;

	for (i = 0; i < NR_VMA_CACHE; i++) {
		c = &t->vmas[i];
		if (c->maps == maps && at >= c->start && at < c->end)
			return c;
	}
	if (bpf_find_vma(task, at, look_at_vma, &look, 0))
		return NULL;
	c = &t->vmas[(look.start >> 12 ^ look.start >> 21) % NR_VMA_CACHE];
	c->start = look.start;
	c->end = look.end;
	c->maps = maps;
	c->endpoint = CS_MEMORY;
	if (look.inode)
		c->endpoint = endpoint_find(t, look.inode, look.file);
	return c;
}

/* Pieces of equal source in a row, and the largest of them so far. */
struct run {
	u64 bytes;
	u32 source;
	u32 hop;
};

struct attribution {
	struct segments s;
	u64 at, end;
	struct run run, main;
	u32 seen[2]; /* sources of the runs before, + 1 */
	u32 segment;
};

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

/* Puts the run at hand into its row; the operation itself is counted in the largest. */
static __always_inline void run_flush(struct attribution *a, struct thread *t)
{
	struct cs_row_key key;

	if (!a->run.bytes)
		return;
	run_key(a, &a->run, t, &key);
	fold_part(t, &key, a->run.bytes, first_of_source(a) ? ops_of(key.call) : 0);
	if (a->run.bytes > a->main.bytes)
		a->main = a->run;
	a->run.bytes = 0;
}

/* The source of what lies at @at, and where it ends at the latest. */
static __always_inline u32 source_at(struct thread *t, u64 at, u64 *end, bool *mapped)
{
	struct cs_process *p = process_of(t);
	struct block_key key = {};
	struct vma_cache *vma;
	struct block *b;
	u32 source;
	int i;

	*mapped = false;
	if (!p)
		return CS_UNRESOLVED;
	vma = vma_at(t, p, at);
	if (vma && vma->endpoint) {
		if (*end > vma->end)
			*end = vma->end;
		*mapped = true;
		return vma->endpoint;
	}
	source = vma ? CS_MEMORY : CS_UNRESOLVED;
	key.process = t->process;
	key.epoch = p->fill_epoch;
	key.block = at >> BLOCK_SHIFT;
	u64 base = key.block << BLOCK_SHIFT;
	u64 limit = base + BLOCK_BYTES;

	if (vma && vma->end < limit)
		limit = vma->end;
	if (*end > limit)
		*end = limit;
	b = bpf_map_lookup_elem(&blocks, &key);
	if (!b)
		return source;
	for (i = 0; i < NR_RANGES; i++) {
		struct range *r = &b->ranges[i];

		if (!r->end)
			continue;
		if (at >= base + r->start && at < base + r->end) {
			if (*end > base + r->end)
				*end = base + r->end;
			return r->endpoint;
		}
		if (base + r->start > at && *end > base + r->start)
			*end = base + r->start;
	}
	return source;
}

static long attribute_piece(u32 i, struct attribution *a)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *t = bpf_task_storage_get(&threads, task, 0, 0);
	u64 start = 0, bytes = 0, end;
	bool mapped;
	u32 source, hop;

	if (!t)
		return 1;
	if (a->at >= a->end) {
		if (!next_segment(&a->s, a->segment, &start, &bytes))
			return 1;
		a->segment++;
		a->at = start;
		a->end = start + bytes;
		if (!bytes)
			return 0;
	}
	end = a->end;
	source = source_at(t, a->at, &end, &mapped);
	hop = mapped ? a->s.mapping_hop : a->s.hop;
	if (a->run.bytes && (a->run.source != source || a->run.hop != hop))
		run_flush(a, t);
	a->run.source = source;
	a->run.hop = hop;
	a->run.bytes += end - a->at;
	a->at = end;
	return 0;
}

/* Charges the bytes of @s to what filled them. */
__noinline int attribute(struct segments *s)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *t = bpf_task_storage_get(&threads, task, 0, 0);
	struct attribution a = {};
	struct cs_row_key key;
	struct cs_row *row;

	if (!s || !t)
		return 0;
	a.s = *s;
	bpf_loop(MAX_PIECES, attribute_piece, &a, 0);
	/* What is left had too many pieces to look at. */
	u64 left = a.s.bytes + (a.end - a.at);

	if (left) {
		run_flush(&a, t);
		a.run.source = CS_UNRESOLVED;
		a.run.hop = a.s.hop;
		a.run.bytes = left;
		add(lost.segments, left);
	}
	run_flush(&a, t);
	run_key(&a, &a.main, t, &key);
	row = row_of(t, &key);
	if (row)
		add_counters(t, task, row, key.call);
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

/*
 * Whole blocks only: a block at the edge keeps its ranges, and a new mapping
 * there that is written from before it is filled would take their source.
 * More than MAX_UNMAP_BLOCKS at once end the epoch: all buffers of the process
 * are forgotten.
 */
__noinline int forget(struct thread *t, u64 start, u64 bytes)
{
	struct unmapping u = {};
	struct cs_process *p;

	if (!t)
		return 0;
	p = process_of(t);
	if (!p || !p->fills)
		return 0;
	u.block = (start + BLOCK_BYTES - 1) >> BLOCK_SHIFT;
	u.last = (start + bytes) >> BLOCK_SHIFT;
	if (!u.last || u.block > --u.last)
		return 0;
	if (u.last - u.block >= MAX_UNMAP_BLOCKS) {
		add(p->fill_epoch, 1);
		return 0;
	}
	u.key.process = t->process;
	u.key.epoch = p->fill_epoch;
	bpf_loop(MAX_UNMAP_BLOCKS, forget_block, &u, 0);
	return 0;
}
