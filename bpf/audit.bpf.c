// SPDX-License-Identifier: GPL-2.0
/*
 * The copy primitives, counted by hardware breakpoints on their first
 * instruction: an oracle that shares no hook with the ledger.
 */
#include "bpf/ledger.bpf.h"

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

/* A primitive copies no more than the iterator has left. */
static __always_inline int copies(enum cs_primitive primitive, u64 bytes, u64 iter)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 left = BPF_CORE_READ((struct iov_iter *)iter, count);

	if (is_traced(task))
		add_audit(task->tgid, primitive, bytes < left ? bytes : left, 0);
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
