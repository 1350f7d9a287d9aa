// SPDX-License-Identifier: GPL-2.0
/* Files: reads from and writes to the page cache, and what fills it. */
#include "bpf/row.bpf.h"
#include "bpf/inode.bpf.h"
#include "bpf/folio.bpf.h"

#define O_DIRECT 040000

static __always_inline bool is_pipe(struct iov_iter *iter)
{
	return bpf_core_enum_value_exists(enum iter_type, ITER_PIPE) &&
	       iter->iter_type == bpf_core_enum_value(enum iter_type, ITER_PIPE);
}

/* Is this the page cache of a file that was to be read and written without? */
static __always_inline u8 buffered_flag(struct kiocb *iocb)
{
	return iocb->ki_filp->f_flags & O_DIRECT ? CS_ROW_BUFFERED : 0;
}

static __always_inline int file_read(struct task_struct *task, struct kiocb *iocb,
				     struct iov_iter *iter, s64 bytes)
{
	struct cs_row_key key = { .hop = CS_CACHE_TO_USER };
	struct segments s;
	struct thread *t;

	t = thread_of(task);
	if (!t)
		return 0;
	if (bytes < 0) {
		t->request_waits = bytes == -EIOCBQUEUED;
		bytes = 0;
	}
	if (!in_user_memory(t, iter)) {
		/*
		 * Into pages of the kernel, for splice.  Up to Linux kernel
		 * commit 2cb1e08985e3 "splice: Use filemap_splice_read()
		 * instead of generic_file_splice_read()" (in v6.5) an
		 * ITER_PIPE took references instead: no copy.
		 */
		if (!is_pipe(iter))
			copied_inside(t, task, CS_TO_ITER, iter, bytes);
		return 0;
	}
	key.process = t->process;
	key.source = endpoint_of(t, iocb->ki_filp);
	key.call = current_call(task);
	key.flags = buffered_flag(iocb);
	segments_of(t, iter, bytes, &s);
	fold_read(t, task, &key, &s, bytes, bytes);
	return 0;
}

SEC("?fexit/filemap_read")
int TRACED_PROG(on_filemap_read, struct kiocb *iocb, struct iov_iter *iter, s64 already_read,
		s64 ret)
{
	return file_read(task, iocb, iter, ret - already_read);
}

SEC("?fexit/shmem_file_read_iter")
int TRACED_PROG(on_shmem_file_read_iter, struct kiocb *iocb, struct iov_iter *iter, s64 ret)
{
	return file_read(task, iocb, iter, ret);
}

/* The write paths of the file systems take (iocb, iter, …): newer kernels add arguments. */
static __always_inline int file_write(void *ctx, struct task_struct *task, struct kiocb *iocb,
				      struct iov_iter *iter)
{
	struct cs_row_key key = { .hop = CS_USER_TO_CACHE };
	struct segments s;
	struct thread *t;
	u64 ret = 0;

	t = thread_of(task);
	if (!t)
		return 0;
	bpf_get_func_ret(ctx, &ret);
	if (!in_user_memory(t, iter)) {
		if ((s64)ret > 0)
			copied_inside(t, task, CS_PAGE_FROM_ITER, iter, ret);
		return 0;
	}
	key.process = t->process;
	key.destination = endpoint_of(t, iocb->ki_filp);
	key.call = current_call(task);
	key.flags = buffered_flag(iocb);
	segments_of(t, iter, ret, &s);
	fold_write(t, task, &key, &s, ret, CS_MAPPING_TO_CACHE);
	return 0;
}

#define ON_FILE_WRITE(function)                                                   \
	SEC("?fexit/" #function)                                                  \
	int TRACED_PROG(on_##function, struct kiocb *iocb, struct iov_iter *iter) \
	{                                                                         \
		return file_write(ctx, task, iocb, iter);                         \
	}

ON_FILE_WRITE(generic_perform_write)
ON_FILE_WRITE(iomap_file_buffered_write)
ON_FILE_WRITE(btrfs_buffered_write)
ON_FILE_WRITE(netfs_perform_write)
ON_FILE_WRITE(fuse_perform_write)

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
