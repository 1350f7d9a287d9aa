// SPDX-License-Identifier: GPL-2.0
/* Files: reads from and writes to the page cache, and what fills it. */
#include "bpf/file.bpf.h"
#include "bpf/inode.bpf.h"
#include "bpf/folio.bpf.h"

SEC("?fexit/filemap_read")
int TRACED_PROG(on_filemap_read, struct kiocb *iocb, struct iov_iter *iter, s64 already_read)
{
	return file_read(task, iocb, iter, CS_CACHE_TO_USER, returned(ctx) - already_read);
}

SEC("?fexit/shmem_file_read_iter")
int TRACED_PROG(on_shmem_file_read_iter, struct kiocb *iocb, struct iov_iter *iter)
{
	return file_read(task, iocb, iter, CS_CACHE_TO_USER, returned(ctx));
}

#define ON_FILE_WRITE(function)                                                               \
	SEC("?fexit/" #function)                                                              \
	int TRACED_PROG(on_##function, struct kiocb *iocb, struct iov_iter *iter)             \
	{                                                                                     \
		return file_write(ctx, task, iocb, iter, CS_PAGE_FROM_ITER, CS_USER_TO_CACHE, \
				  CS_MAPPING_TO_CACHE);                                       \
	}

ON_FILE_WRITE(generic_perform_write)
ON_FILE_WRITE(iomap_file_buffered_write)
ON_FILE_WRITE(btrfs_buffered_write)
ON_FILE_WRITE(netfs_perform_write)
ON_FILE_WRITE(fuse_perform_write)

/* v6.1: the mapping of the file comes before the iterator. */
SEC("?fexit/fuse_perform_write")
int TRACED_PROG(on_fuse_perform_write_v61, struct kiocb *iocb, void *mapping, struct iov_iter *iter)
{
	return file_write(ctx, task, iocb, iter, CS_PAGE_FROM_ITER, CS_USER_TO_CACHE,
			  CS_MAPPING_TO_CACHE);
}

SEC("?tp_btf/mm_filemap_add_to_page_cache")
int TRACED_PROG(on_add_to_page_cache, struct folio *folio)
{
	struct cs_endpoint *e;
	struct inode *inode;
	struct thread *t;
	u32 index;

	t = thread_of(task);
	if (!t)
		return 0;
	inode = BPF_CORE_READ(folio, mapping, host);
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	index = endpoint_find(t, (u64)inode, 0);
	e = endpoint_in(index);
	if (e && index >= CS_FIRST_ENDPOINT)
		add(e->filled_bytes, folio_bytes(folio));
	return 0;
}
