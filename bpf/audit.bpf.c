// SPDX-License-Identifier: GPL-2.0
/*
 * The copy primitives, counted by hardware breakpoints on their first
 * instruction: an oracle that shares no hook with the ledger.
 */
#include "bpf/row.bpf.h"
#include "bpf/compat.bpf.h"

#define MAX_ATOMIC_PAGES 1024 /* of an atomic copy: more than a folio has, and one at each end */

/* The context of the program, as far as it is read: registers as ptrace(2) has them. */
struct bpf_perf_event_data {
	struct {
		unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	} regs;
};

#define NR_getrandom 318

/* It copies at a primitive, too; reads of /dev/urandom are counted (device.bpf.c). */
SEC("?fexit/get_random_bytes_user")
int TRACED_PROG(on_get_random_bytes_user)
{
	s64 ret = returned(ctx);

	if (ret > 0 && current_call(task) == NR_getrandom)
		add_audit(task->tgid, CS_TO_ITER, 0, ret);
	return 0;
}

/* The user memory that an atomic copy is to read, and how far it gets. */
struct reach {
	u64 at, end;
};

static long reach_page(u32 round, struct reach *r)
{
	u8 byte;

	if (r->at >= r->end || bpf_probe_read_user(&byte, sizeof(byte), (void *)r->at))
		return 1;
	r->at = (r->at | (PAGE_SIZE - 1)) + 1;
	return 0;
}

/*
 * An atomic copy takes no page faults: it ends at the first page that is not mapped, as
 * reads from here do.  Segments behind the first are taken to be mapped.
 */
static __always_inline u64 copied_atomically(struct iov_iter *iter, u64 bytes)
{
	u8 type = BPF_CORE_READ(iter, iter_type);
	struct reach r = { .end = none };
	u64 start, offset = BPF_CORE_READ(iter, iov_offset);

	if (type == bpf_core_enum_value(enum iter_type, ITER_UBUF)) {
		start = (u64)BPF_CORE_READ(iter, ubuf) + offset;
		r.end = start + bytes;
	} else if (type == bpf_core_enum_value(enum iter_type, ITER_IOVEC)) {
		/* By its name since v6.4: writes_before_faults() is of later ones. */
		const struct iovec *iov = BPF_CORE_READ(iter, __iov);

		start = (u64)BPF_CORE_READ(iov, iov_base) + offset;
		r.end = start + BPF_CORE_READ(iov, iov_len) - offset;
		if (r.end - start > bytes)
			r.end = start + bytes;
	} else {
		return bytes;
	}
	r.at = start;
	bpf_loop(MAX_ATOMIC_PAGES, reach_page, &r, none);
	return r.at >= r.end ? bytes : r.at - start;
}

/* A primitive copies no more than the iterator has left. */
static __always_inline int copies(enum cs_primitive primitive, u64 bytes, u64 iter)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 left = BPF_CORE_READ((struct iov_iter *)iter, count);

	if (!is_traced(task))
		return 0;
	if (bytes > left)
		bytes = left;
	if (primitive == CS_PAGE_FROM_ITER && writes_before_faults())
		bytes = copied_atomically((struct iov_iter *)iter, bytes);
	add_audit(task->tgid, primitive, bytes, 0);
	return 0;
}

/* (address, bytes, iterator) */
SEC("?perf_event")
int on_bp_copy_to_iter(struct bpf_perf_event_data *ctx)
{
	return copies(CS_TO_ITER, ctx->regs.si, ctx->regs.dx);
}

SEC("?perf_event")
int on_bp_copy_from_iter(struct bpf_perf_event_data *ctx)
{
	return copies(CS_FROM_ITER, ctx->regs.si, ctx->regs.dx);
}

/* (page or folio, offset, bytes, iterator) */
SEC("?perf_event")
int on_bp_copy_page_from_iter_atomic(struct bpf_perf_event_data *ctx)
{
	return copies(CS_PAGE_FROM_ITER, ctx->regs.dx, ctx->regs.cx);
}
