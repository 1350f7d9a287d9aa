// SPDX-License-Identifier: GPL-2.0
/* Mappings: what page faults map of files, and which mappings change. */
#include "bpf/ledger.bpf.h"
#include "bpf/inode.bpf.h"
#include "bpf/buffer.bpf.h"

#define PAGE_SHIFT 12
#define VM_FAULT_RETRY 0x000400
#define VM_FAULT_NOPAGE 0x000100
#define VM_FAULT_ERROR 0x000873 /* OOM, SIGBUS, HWPOISON, SIGSEGV, FALLBACK */

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

/*
 * "Fault-around": maps what is cached of a window.  Pages of the window that
 * are not cached are counted, too: the routine does not say which they were.
 */
SEC("?fexit/filemap_map_pages")
int TRACED_PROG(on_filemap_map_pages, struct vm_fault *vmf, u64 first, u64 last, u32 ret)
{
	if (!(ret & VM_FAULT_NOPAGE))
		return 0; /* the page asked for was not there */
	return mapped(task, vmf, first, last);
}

/* One page that was not cached, or had to be waited for. */
SEC("?fexit/filemap_fault")
int TRACED_PROG(on_filemap_fault, struct vm_fault *vmf, u32 ret)
{
	if (ret & (VM_FAULT_RETRY | VM_FAULT_ERROR))
		return 0;
	if (vmf->flags & FAULT_FLAG_WRITE)
		return 0; /* a copy of it is mapped, or it is made dirty: see cow.bpf.c */
	return mapped(task, vmf, vmf->pgoff, vmf->pgoff);
}

/* Every new mapping, and every one whose protection changes. */
SEC("?fexit/perf_event_mmap")
int TRACED_PROG(on_perf_event_mmap)
{
	return mappings_changed(task, 0, 0);
}

/* mremap() moves a mapping. */
SEC("?fexit/copy_vma")
int TRACED_PROG(on_copy_vma)
{
	return mappings_changed(task, 0, 0);
}

/* do_mas_munmap() became do_vmi_munmap() in Linux kernel commit 183654ce26a5 (in v6.3). */
SEC("?fexit/do_vmi_munmap")
int TRACED_PROG(on_do_vmi_munmap, void *vmi, void *mm, u64 start, u64 bytes)
{
	return mappings_changed(task, start, bytes);
}

SEC("?fexit/do_mas_munmap")
int TRACED_PROG(on_do_mas_munmap, void *mas, void *mm, u64 start, u64 bytes)
{
	return mappings_changed(task, start, bytes);
}
