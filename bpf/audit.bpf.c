// SPDX-License-Identifier: GPL-2.0
/*
 * The copy primitives, counted by hardware breakpoints on their first
 * instruction: an oracle that shares no hook with the ledger.
 */
#include "bpf/ledger.bpf.h"

#define NR_PRIMITIVES 3

/* The context of the program, as far as it is read: registers as ptrace(2) has them. */
struct bpf_perf_event_data {
	struct {
		unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	} regs;
};

__u64 audited[NR_PRIMITIVES];
__u64 random_bytes; /* the kernel's own, which come from no endpoint */

/* getrandom() and /dev/urandom copy at a primitive, too. */
SEC("?fexit/get_random_bytes_user")
int TRACED_PROG(on_get_random_bytes_user, void *iter, s64 ret)
{
	if (ret > 0)
		add(random_bytes, ret);
	return 0;
}

/* A primitive copies no more than the iterator has left. */
static __always_inline u64 at_most(u64 bytes, u64 iter)
{
	u64 left = BPF_CORE_READ((struct iov_iter *)iter, count);

	return bytes < left ? bytes : left;
}

/* (address, bytes, iterator) */
SEC("?perf_event")
int on_bp_copy_to_iter(struct bpf_perf_event_data *ctx)
{
	__sync_fetch_and_add(&audited[0], at_most(ctx->regs.si, ctx->regs.dx));
	return 0;
}

SEC("?perf_event")
int on_bp_copy_from_iter(struct bpf_perf_event_data *ctx)
{
	__sync_fetch_and_add(&audited[1], at_most(ctx->regs.si, ctx->regs.dx));
	return 0;
}

/* (page or folio, offset, bytes, iterator) */
SEC("?perf_event")
int on_bp_copy_page_from_iter_atomic(struct bpf_perf_event_data *ctx)
{
	__sync_fetch_and_add(&audited[2], at_most(ctx->regs.dx, ctx->regs.cx));
	return 0;
}
