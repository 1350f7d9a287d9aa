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

/* (address, bytes, iterator) */
SEC("?perf_event")
int on_bp_copy_to_iter(struct bpf_perf_event_data *ctx)
{
	__sync_fetch_and_add(&audited[0], ctx->regs.si);
	return 0;
}

SEC("?perf_event")
int on_bp_copy_from_iter(struct bpf_perf_event_data *ctx)
{
	__sync_fetch_and_add(&audited[1], ctx->regs.si);
	return 0;
}

/* (page or folio, offset, bytes, iterator) */
SEC("?perf_event")
int on_bp_copy_page_from_iter_atomic(struct bpf_perf_event_data *ctx)
{
	__sync_fetch_and_add(&audited[2], ctx->regs.dx);
	return 0;
}
