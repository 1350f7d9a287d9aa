// SPDX-License-Identifier: GPL-2.0
/*
 * Copy-on-write: a page that is shared with another process or with a file is
 * copied when it is written to.  The copy is seen at copy_mc_to_kernel(),
 * what it is for in the fault around it.  Pages of shared mappings are not
 * copied: they become dirty.
 */
#include "bpf/row.bpf.h"
#include "bpf/inode.bpf.h"
#include "bpf/folio.bpf.h"
#include "bpf/fault.bpf.h"

/* Faults that ended: the one under way is not among them. */
static __always_inline u64 faults_of(struct task_struct *task)
{
	return task->min_flt + task->maj_flt;
}

static __always_inline void add_cow(struct thread *t, u64 file, bool from_file, u64 bytes)
{
	struct cs_row_key key = {
		.process = t->process,
		.call = CS_CALL_FAULT,
		.hop = CS_ANON_TO_ANON,
	};

	if (from_file && file) {
		key.source =
			endpoint_find(t, (u64)BPF_CORE_READ((struct file *)file, f_inode), file);
		key.hop = CS_CACHE_TO_ANON;
	}
	add_side(&key, bytes);
}

static __always_inline bool is_of_file(struct page *page)
{
	return file_mapping(folio_of(page));
}

/* A write to a page that is there, but must not be written to: it may be copied. */
SEC("?fentry/do_wp_page")
int TRACED_PROG(on_do_wp_page, struct vm_fault *vmf)
{
	struct thread *t = thread_of(task);

	if (!t)
		return 0;
	t->cow_vmf = address(t, vmf);
	t->cow_faults = faults_of(task);
	return 0;
}

/* The copy itself, if it is one of the fault at hand. */
SEC("?fentry/copy_mc_to_kernel")
int TRACED_PROG(on_copy_mc_to_kernel, void *to, void *from, u32 bytes)
{
	struct thread *t = thread_of(task);
	struct vm_fault *vmf;

	if (!t || !t->cow_vmf)
		return 0;
	vmf = (void *)t->cow_vmf;
	t->cow_vmf = 0;
	if (t->cow_faults == faults_of(task))
		add_cow(t, (u64)BPF_CORE_READ(vmf, vma, vm_file),
			is_of_file(BPF_CORE_READ(vmf, page)), bytes);
	return 0;
}

/*
 * A fault maps what it found.  After a read: a folio that was not cached, or had to be
 * waited for.  After a first write to a private mapping: a copy of a page.  v6.1 makes
 * that by copy_page(), which has no hook.
 */
SEC("?fexit/finish_fault")
int TRACED_PROG(on_finish_fault, struct vm_fault *vmf)
{
	struct file *file = vmf->vma->vm_file;
	struct thread *t;

	if (!file)
		return 0;
	if (!(vmf->flags & FAULT_FLAG_WRITE)) {
		if (is_in_memory((u64)file->f_inode))
			return 0; /* shared memory: it may be no file */
		if ((int)returned(ctx))
			return 0;
		return mapped_folio(task, vmf, (u64)folio_of(vmf->page), vmf->pgoff, vmf->pgoff);
	}
	if (vmf->vma->vm_flags & VM_SHARED)
		return 0; /* it becomes dirty */
	t = thread_of(task);
	if (!t)
		return 0;
	t->cow_vmf = 0;
	add_cow(t, address(t, file), true, PAGE_SIZE);
	return 0;
}

/*
 * A first write to a page of a shared mapping of a file, or the first since it
 * was written back: the process stores its bytes without the kernel's help.
 * Shared memory without a name is no file.
 */
SEC("?fentry/fault_dirty_shared_page")
int TRACED_PROG(on_fault_dirty_shared_page, struct vm_fault *vmf)
{
	struct cs_row_key key = { .call = CS_CALL_FAULT, .hop = CS_MAPPING_DIRTIED };
	struct file *file = vmf->vma->vm_file;
	struct thread *t;

	if (!file || (is_in_memory((u64)file->f_inode) && !file->f_inode->i_nlink))
		return 0;
	t = thread_of(task);
	if (!t)
		return 0;
	key.process = t->process;
	key.destination = endpoint_of(t, file);
	fold_fault(t, task, &key, PAGE_SIZE);
	return 0;
}

/* A page of hugetlbfs, by its own routine. */
static __always_inline int copied_huge(struct task_struct *task, struct page *from,
				       struct vm_area_struct *vma, u64 bytes)
{
	struct thread *t = thread_of(task);

	if (t)
		add_cow(t, address(t, vma->vm_file), is_of_file(from), bytes);
	return 0;
}

SEC("?fexit/copy_user_huge_page")
int TRACED_PROG(on_copy_user_huge_page, struct page *to, struct page *from, u64 address,
		struct vm_area_struct *vma, u32 pages)
{
	return copied_huge(task, from, vma, (u64)pages * PAGE_SIZE);
}

/* The name since folios came to hugetlbfs, after v6.1. */
SEC("?fexit/copy_user_large_folio")
int TRACED_PROG(on_copy_user_large_folio, struct folio *to, struct folio *from, u64 address,
		struct vm_area_struct *vma)
{
	return (int)returned(ctx) ? 0 :
				    copied_huge(task, (struct page *)from, vma, folio_bytes(from));
}
