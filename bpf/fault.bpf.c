// SPDX-License-Identifier: GPL-2.0
/* Mappings: what page faults map of files, and which mappings change. */
#include "bpf/ledger.bpf.h"
#include "bpf/inode.bpf.h"
#include "bpf/buffer.bpf.h"
#include "bpf/fault.bpf.h"

#define VM_FAULT_NOPAGE 0x000100

/*
 * "Fault-around": maps what is cached of a window.  Pages of the window that
 * are not cached are counted, too: the routine does not say which they were.
 */
SEC("?fexit/filemap_map_pages")
int TRACED_PROG(on_filemap_map_pages, struct vm_fault *vmf, u64 first, u64 last)
{
	if (!(returned(ctx) & VM_FAULT_NOPAGE))
		return 0; /* the page asked for was not there */
	return mapped_folio(task, vmf, faults_map_folios() ? folio_at(vmf) : 0, first, last);
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
