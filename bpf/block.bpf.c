// SPDX-License-Identifier: GPL-2.0
/* Disk DMA, by the inode whose pages a bio carries. */
#include "bpf/ledger.bpf.h"
#include "bpf/inode.bpf.h"

#define REQ_OP_MASK 0xff
#define REQ_OP_READ 0
#define REQ_OP_WRITE 1
#define BIO_CLONED_BIT 1
#define PAGE_MAPPING_FLAGS 3

/* The file that owns the page, or 0: anonymous, slab, or none. */
static __always_inline u64 file_inode_of(struct page *page)
{
	struct inode *inode;
	u64 mapping, head;

	head = BPF_CORE_READ(page, compound_head);
	if (head & 1)
		page = (void *)(head - 1);
	mapping = (u64)BPF_CORE_READ(page, mapping);
	if (!mapping || mapping & PAGE_MAPPING_FLAGS)
		return 0;
	inode = BPF_CORE_READ((struct address_space *)mapping, host);
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	return (u64)inode;
}

/*
 * A bio as it is queued, in the context of who wants it: the reader for
 * read-ahead, fsync() or a kworker for write-back.  Clones (device mapper, md)
 * carry the same pages once more.
 */
SEC("?tp_btf/block_bio_queue")
int BPF_PROG(on_block_bio_queue, struct bio *bio)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 op = bio->bi_opf & REQ_OP_MASK;
	u32 bytes = bio->bi_iter.bi_size;
	struct cs_row_key key = { .call = CS_CALL_KERNEL };
	struct thread *t = NULL;
	u64 inode;
	int index;

	if (op > REQ_OP_WRITE || !bytes || bio->bi_flags & 1 << BIO_CLONED_BIT)
		return 0;
	inode = file_inode_of(BPF_CORE_READ(bio, bi_io_vec, bv_page));
	if (!inode)
		return 0;
	if (is_traced(task))
		t = thread_of(task);
	if (t) {
		key.process = t->process;
		key.call = current_call(task);
		index = endpoint_find(t, inode, 0);
	} else {
		index = endpoint_known(inode);
		if (index < 0)
			return 0;
	}
	if (op == REQ_OP_READ) {
		key.source = index;
		key.hop = CS_DISK_TO_CACHE;
	} else {
		key.destination = index;
		key.hop = CS_CACHE_TO_DISK;
	}
	add_side(&key, bytes);
	return 0;
}
