/* SPDX-License-Identifier: GPL-2.0 */
/* Whose a folio is; what it is and how large differs by kernel. */
#ifndef CS_FOLIO_BPF_H
#define CS_FOLIO_BPF_H

#include "bpf/compat.bpf.h"

/* The struct address_space that the folio belongs to; 0 if it is anonymous or of nobody. */
static __always_inline u64 file_mapping(struct folio *folio)
{
	u64 mapping = (u64)BPF_CORE_READ(folio, mapping);

	return mapping & PAGE_MAPPING_FLAGS ? 0 : mapping;
}

#endif
