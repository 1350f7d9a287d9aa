/* SPDX-License-Identifier: GPL-2.0 */
/* What a folio is, and how large. */
#ifndef CS_FOLIO_BPF_H
#define CS_FOLIO_BPF_H

#include "bpf/ledger.bpf.h"

static __always_inline struct folio *folio_of(struct page *page)
{
	u64 head = BPF_CORE_READ(page, compound_head);

	return (void *)(head & 1 ? head - 1 : (u64)page);
}

/* The struct address_space that the folio belongs to; 0 if it is anonymous or of nobody. */
static __always_inline u64 file_mapping(struct folio *folio)
{
	u64 mapping = (u64)BPF_CORE_READ(folio, mapping);

	return mapping & PAGE_MAPPING_FLAGS ? 0 : mapping;
}

static __always_inline u64 folio_flags(struct folio *folio)
{
	if (bpf_core_field_exists(((struct folio___v618 *)folio)->flags.f))
		return BPF_CORE_READ((struct folio___v618 *)folio, flags.f);
	return BPF_CORE_READ(folio, flags);
}

static __always_inline u64 folio_bytes(struct folio *folio)
{
	u32 order = 0;

	if (!(folio_flags(folio) >> bpf_core_enum_value(enum pageflags, PG_head) & 1))
		return 1 << PAGE_SHIFT;
	if (bpf_core_field_exists(((struct folio___v61 *)folio)->_folio_order))
		order = BPF_CORE_READ((struct folio___v61 *)folio, _folio_order);
	else
		order = BPF_CORE_READ((struct folio___v612 *)folio, _flags_1) & 0xff;
	return 1ULL << (PAGE_SHIFT + (order & 31));
}

#endif
