// SPDX-License-Identifier: GPL-2.0
/*
 * Disk DMA, by the inode whose pages a bio carries; pages of no inode are
 * those of a direct read or write, whose end takes their bytes.
 */
#include "bpf/ledger.bpf.h"
#include "bpf/inode.bpf.h"
#include "bpf/folio.bpf.h"

#define REQ_OP_MASK 0xff
#define REQ_OP_READ 0
#define REQ_OP_WRITE 1
#define BIO_CLONED_BIT 1
#define STACK_BYTES 32768 /* at most */

#define NO_FILE 1 /* metadata: pages of a block device */

/*
 * The file on a disk that owns the folio, 0 if none does (anonymous, shared
 * memory, just allocated), or NO_FILE.
 */
static __always_inline u64 file_inode_of(struct folio *folio)
{
	u64 mapping = file_mapping(folio);
	struct inode *inode;

	if (!mapping)
		return 0;
	inode = BPF_CORE_READ((struct address_space *)mapping, host);
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return NO_FILE;
	return is_in_memory((u64)inode) ? 0 : (u64)inode;
}

/* Else pages of the file are the buffer of a direct write. */
static __always_inline bool is_written_back(struct folio *folio)
{
	return folio_flags(folio) >> bpf_core_enum_value(enum pageflags, PG_writeback) & 1;
}

/*
 * Bios over pages that an iterator lends, a fixed buffer of io_uring or those of
 * a splice, are marked as clones, too: see bio_iov_bvec_set() in block/bio.c.
 * They alone lead to what the task is doing: to the request, or to a struct kiocb
 * on its stack.
 */
static __always_inline bool borrows_pages(struct task_struct *task, struct bio *bio)
{
	struct iomap_dio *dio = bio->bi_private;
	u64 iocb = (u64)BPF_CORE_READ(dio, iocb);
	struct thread *t;

	if (!iocb || !is_traced(task))
		return false;
	t = thread_of(task);
	return t && (iocb == t->request_data || iocb - (u64)task->stack < STACK_BYTES);
}

/* All bios of one direct operation have the same owner, its struct iomap_dio. */
static __always_inline void queued_directly(struct task_struct *task, struct bio *bio, u32 bytes)
{
	struct thread *t;
	u64 owner;

	if (!is_traced(task))
		return;
	t = thread_of(task);
	if (!t)
		return;
	owner = address(t, bio->bi_private);
	if (t->direct_owner != owner) {
		t->direct_owner = owner;
		t->direct_bytes = 0;
		if (t->request)
			request_goes_direct(t, owner);
	}
	t->direct_bytes += bytes;
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
	struct folio *folio;
	u64 inode;
	int index;

	if (op > REQ_OP_WRITE || !bytes)
		return 0;
	if (bio->bi_flags & 1 << BIO_CLONED_BIT && !borrows_pages(task, bio))
		return 0;
	folio = folio_of(BPF_CORE_READ(bio, bi_io_vec, bv_page));
	inode = file_inode_of(folio);
	/* Metadata may be in pages of no inode, too (XFS). */
	if (!inode && !(bio->bi_opf >> bpf_core_enum_value(enum req_flag_bits, __REQ_META) & 1))
		queued_directly(task, bio, bytes);
	if (inode <= NO_FILE || (op == REQ_OP_WRITE && !is_written_back(folio)))
		return 0;
	if (is_traced(task))
		t = thread_of(task);
	if (t) {
		key.process = t->process;
		key.call = call_or_request(t, task);
		index = endpoint_find(t, inode, 0);
	} else {
		index = endpoint_known(inode);
		if (index < 0)
			return 0;
		if (op == REQ_OP_WRITE)
			written_by(&key, inode);
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
