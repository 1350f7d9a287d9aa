// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that the kernel fills with zeroes (--zeroing).  clear_page() has no
 * hook, so this is told by why it is called: pages are cleared as they are
 * allocated, on demand of the caller (__GFP_ZERO) or of init_on_alloc, and huge
 * pages of a process by a routine of their own, as they are faulted in.
 */
#include "bpf/ledger.bpf.h"
#include "bpf/folio.bpf.h"

#define GFP_ZERO 0x100

/* The address of a static key: pages are cleared whoever allocates them. 0: not there. */
const volatile __u64 init_on_alloc;

__u32 zeroing_is_blind; /* whether the key is set could not be read */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CS_MAX_ZEROED);
	__type(key, struct cs_zeroed_key);
	__type(value, u64); /* bytes */
} zeroed SEC(".maps");

/*
 * Not in the ledger: this runs inside of the kernel's allocator, where no
 * state can be made for a thread.
 */
static __always_inline int add_zeroed(struct task_struct *task, u64 bytes)
{
	struct cs_zeroed_key key = { .tgid = task->tgid, .call = call_or_fault(task) };
	u64 *sum = bpf_map_lookup_elem(&zeroed, &key), none = 0;

	if (!sum) {
		bpf_map_update_elem(&zeroed, &key, &none, BPF_NOEXIST);
		sum = bpf_map_lookup_elem(&zeroed, &key);
	}
	if (sum)
		add(*sum, bytes);
	else
		add(lost.rows, 1);
	return 0;
}

static __always_inline bool all_are_zeroed(void)
{
	int enabled = 0;

	if (!init_on_alloc ||
	    bpf_probe_read_kernel(&enabled, sizeof(enabled), (const void *)init_on_alloc)) {
		zeroing_is_blind = 1;
		return false;
	}
	return enabled > 0;
}

SEC("?tp_btf/mm_page_alloc")
int TRACED_PROG(on_mm_page_alloc, void *page, u32 order, u32 gfp)
{
	if (!page || !(gfp & GFP_ZERO || all_are_zeroed()))
		return 0;
	return add_zeroed(task, PAGE_SIZE << (order & 31));
}

/* The name of clear_huge_page() since it takes folios, after v6.1. */
SEC("?fentry/folio_zero_user")
int TRACED_PROG(on_folio_zero_user, struct folio *folio)
{
	return add_zeroed(task, folio_bytes(folio));
}

SEC("?fentry/clear_huge_page")
int TRACED_PROG(on_clear_huge_page, void *page, u64 address, u32 pages)
{
	return add_zeroed(task, pages * PAGE_SIZE);
}
