// SPDX-License-Identifier: GPL-2.0
/*
 * Whose bytes a write carries: of its buffers piece by piece, by the file that is
 * mapped there, or else by what filled them last (buffer.bpf.c).
 */
#include "bpf/row.bpf.h"
#include "bpf/buffer.bpf.h"

#define MAX_PIECES 8192
#define VM_WRITE 0x2
#define S_PRIVATE 0x200

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
	key->flags = a->s.flags | r->flags;
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
	fold_part(t, &key, t->attribution.s.dropped ? 0 : bytes, bytes, ops);
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

/* Was @at carried on before, and is the memory sent now more than what was filled? */
static __always_inline bool is_longer_again(struct thread *t, u64 at)
{
	return at >= t->message_start && at < t->carried_end &&
	       (t->attribution.start < t->fill_start || t->attribution.end > t->fill_end);
}

/*
 * enum carry of the part from @start to @end of the thread's own fill.  Global: the verifier
 * of 7.x would look at all that follows for each way through it.
 */
__noinline int carry_part(struct thread *t, u64 start, u64 end)
{
	if (!t || is_longer_again(t, start))
		return CARRY_POSSIBLE;
	return carry(t, start, end, t->attribution.s.endpoint);
}

/* By the thread's own fill, of which the table of buffers knows less; false: it is not there. */
static __always_inline bool look_into_fill(struct thread *t, struct cs_process *p,
					   struct look_up *l)
{
	int how;

	if (t->fills != p->fills || l->at >= t->fill_end)
		return false;
	if (l->at < t->fill_start) {
		if (l->end > t->fill_start)
			l->end = t->fill_start;
		return false;
	}
	if (l->end > t->fill_end)
		l->end = t->fill_end;
	how = carry_part(t, l->at, l->end);
	if (how == CARRY_UNCLEAR) {
		buffers_settle(t, t, p, false);
		return false;
	}
	if (l->source == CS_MEMORY && t->fill_endpoint != CS_UNRESOLVED)
		t->fill_is_plain = 1;
	l->source = t->fill_endpoint;
	l->possible = how == CARRY_POSSIBLE;
	return true;
}

static __always_inline void look_up_source(struct thread *t, struct look_up *l)
{
	struct cs_process *p;
	struct vma_cache *vma;
	u32 mapped;
	int found;

	l->source = CS_UNRESOLVED;
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
	/* In a file that is mapped writable, what was read into it comes first, once. */
	mapped = l->source;
	if (!look_into_fill(t, p, l))
		look_into_block(t, p->fill_epoch, l);
	if (l->carved)
		buffers_put(t, l->at, l->end, l->source,
			    destination_bit(t->attribution.s.endpoint));
	if (l->possible && mapped >= CS_FIRST_ENDPOINT) {
		l->source = mapped;
		l->possible = 0;
	}
	/* Of what is not known (SCATTERED) nothing more is to be said. */
	if (l->source == CS_UNRESOLVED)
		l->possible = 0;
	l->mapped = l->source >= CS_FIRST_ENDPOINT && l->source == mapped;
}

static long attribute_piece(u32 i, void *unused)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *t = thread_known(task);
	struct attribution *a;
	struct look_up l = {};
	u64 start = 0, bytes = 0;
	u8 hop, flags;

	if (!t)
		return 1;
	a = &t->attribution;
	if (a->at >= a->end) {
		if (!next_segment(&a->s, &start, &bytes))
			return 1;
		a->start = start;
		a->at = start;
		a->end = start + bytes;
		if (!bytes)
			return 0;
	}
	l.at = a->at;
	l.end = a->end;
	look_up_source(t, &l);
	hop = l.mapped ? a->s.mapping_hop : a->s.hop;
	flags = l.possible ? CS_ROW_POSSIBLE : 0;
	if (a->run.bytes &&
	    (a->run.source != l.source || a->run.hop != hop || a->run.flags != flags))
		run_flush(a, t);
	a->run.source = l.source;
	a->run.hop = hop;
	a->run.flags = flags;
	a->run.bytes += l.end - a->at;
	a->at = l.end;
	return 0;
}

/* What another thread knows of the buffer it filled, all may know now. */
static __always_inline void settle_of_others(struct thread *t)
{
	struct cs_process *p = process_of(t);
	struct thread *filler;

	if (!p || p->fills == t->fills)
		return;
	filler = filler_of(p, t->process);
	if (filler)
		buffers_settle(t, filler, p, false);
}

/* Charges the bytes of @s to what filled them. */
__noinline int attribute(struct segments *s)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *t = thread_known(task);
	struct attribution *a;
	struct cs_row_key key;
	struct cs_row *row;
	bool scattered;
	u64 left;

	if (!s || !t)
		return 0;
	a = &t->attribution;
	__builtin_memset(a, 0, sizeof(*a));
	a->s = *s;
	scattered = s->iov == SCATTERED;
	settle_of_others(t);
	if (!scattered)
		bpf_loop(MAX_PIECES, attribute_piece, NULL, 0);
	/* What is left had too many pieces to look at, or none whose place is known. */
	left = a->s.bytes + (a->end - a->at);
	if (left) {
		run_flush(a, t);
		a->run.source = CS_UNRESOLVED;
		a->run.hop = a->s.hop;
		a->run.flags = 0;
		a->run.bytes = left;
		if (!scattered)
			segments_lost(t, left);
	}
	run_flush(a, t);
	run_key(a, &a->main, t, &key);
	row = row_of(t, &key);
	if (row)
		add_counters(t, task, row, 2 * ops_of(t, key.call));
	t->request_counted = 1;
	return 0;
}
