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

#endif
