/* SPDX-License-Identifier: GPL-2.0 */
/* What page faults map of files. */
#ifndef CS_FAULT_BPF_H
#define CS_FAULT_BPF_H

#include "bpf/ledger.bpf.h"
#include "bpf/folio.bpf.h"

#define PMD_PAGES 512ull
#define PMD_IS_LEAF 0x80 /* maps 2 MiB, and no table of pages */

/* Pages from @first to @last of the file were mapped. */
static __always_inline int mapped(struct task_struct *task, struct vm_fault *vmf, u64 first,
				  u64 last)
{
	struct cs_row_key key = { .call = CS_CALL_FAULT, .hop = CS_CACHE_TO_MAPPING };
	struct thread *t;
	struct file *file;
	u64 pages;

	t = thread_of(task);
	file = vmf->vma->vm_file;
	if (!t)
		return 0;
	/* The window around the fault may reach beyond the end of the file. */
	pages = (BPF_CORE_READ(file, f_inode, i_size) + (1 << PAGE_SHIFT) - 1) >> PAGE_SHIFT;
	if (last >= pages)
		last = pages - 1;
	if (!pages || first > last)
		return 0;
	key.process = t->process;
	key.source = endpoint_of(t, file);
	add_side(&key, (last - first + 1) << PAGE_SHIFT);
	return 0;
}

/* Does one entry of the table above map the page of the fault and all around it? */
static __always_inline bool is_huge(struct vm_fault *vmf)
{
	u64 entry = 0;

	bpf_probe_read_kernel(&entry, sizeof(entry), (void *)BPF_CORE_READ(vmf, pmd));
	return entry & PMD_IS_LEAF;
}

/* The 2 MiB around the fault, where @address lies as @pgoff does in the file. */
static __always_inline int mapped_huge(struct task_struct *task, struct vm_fault *vmf)
{
	u64 first = vmf->pgoff & ~(PMD_PAGES - 1);

	return mapped(task, vmf, first, first + PMD_PAGES - 1);
}

#define XA_LEVELS 5 /* of 64 slots: for files of 4 TiB */
#define XA_SLOTS 64

/* The folio of the page cache that a fault is in, 0 if there is none; see xas_load(). */
static __always_inline u64 folio_at(struct vm_fault *vmf)
{
	u64 entry = (u64)BPF_CORE_READ(vmf, vma, vm_file, f_mapping, i_pages.xa_head);
	u64 index = vmf->pgoff, slot;
	struct xa_node *node;
	int level;

	for (level = 0; level < XA_LEVELS; level++) {
		/* A node is told by its lower bits, and a folio has none. */
		if ((entry & 3) != 2 || entry < 4096)
			break;
		node = (void *)(entry - 2);
		slot = index >> BPF_CORE_READ(node, shift) & (XA_SLOTS - 1);
		bpf_probe_read_kernel(&entry, sizeof(entry), &node->slots[slot]);
		/* One of many slots of a large folio: it names the first. */
		if ((entry & 3) == 2 && entry >> 2 < XA_SLOTS)
			bpf_probe_read_kernel(&entry, sizeof(entry), &node->slots[entry >> 2]);
	}
	return entry & 3 ? 0 : entry;
}

/*
 * A fault mapped the pages from @first to @last; and since v6.18 all of the @folio that
 * it is in, which lies neither beyond the mapping nor beyond the table of pages then.
 */
static __always_inline int mapped_folio(struct task_struct *task, struct vm_fault *vmf, u64 folio,
					u64 first, u64 last)
{
	struct vm_area_struct *vma = vmf->vma;
	u64 pages, into, behind, in_table, in_mapping, mapping_pages, bytes;

	if (is_huge(vmf))
		return mapped_huge(task, vmf);
	if (!folio || !faults_map_folios())
		return mapped(task, vmf, first, last);
	pages = folio_bytes((struct folio *)folio) >> PAGE_SHIFT;
	into = vmf->pgoff - BPF_CORE_READ((struct folio *)folio, index);
	if (into >= pages)
		return mapped(task, vmf, first, last);
	behind = pages - into;
	/* The last folio of a file is mapped by pages: nothing must be beyond its end. */
	bytes = BPF_CORE_READ(vma, vm_file, f_inode, i_size);
	if ((bytes + PAGE_SIZE - 1) >> PAGE_SHIFT <= vmf->pgoff + behind)
		return mapped(task, vmf, first, last);
	in_table = vmf->address >> PAGE_SHIFT & (PMD_PAGES - 1);
	in_mapping = vmf->pgoff - vma->vm_pgoff;
	mapping_pages = (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
	if (in_mapping < into || in_mapping + behind > mapping_pages || in_table < into ||
	    in_table + behind > PMD_PAGES)
		return mapped(task, vmf, first, last);
	if (first > vmf->pgoff - into)
		first = vmf->pgoff - into;
	if (last < vmf->pgoff + behind - 1)
		last = vmf->pgoff + behind - 1;
	return mapped(task, vmf, first, last);
}

#endif
