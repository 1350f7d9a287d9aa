/* SPDX-License-Identifier: GPL-2.0 */
/* What page faults map of files. */
#ifndef CS_FAULT_BPF_H
#define CS_FAULT_BPF_H

#include "bpf/ledger.bpf.h"
#include "bpf/folio.bpf.h"

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

#endif
