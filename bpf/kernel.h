/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of kernel types that the programs read, for CO-RE: the loader
 * finds each field by name in the running kernel's BTF.  Written by hand so
 * that a build needs no BTF of any kernel.  Fields stand in no real order.
 */
#ifndef CS_KERNEL_H
#define CS_KERNEL_H

#include <linux/types.h>
#include <linux/bpf.h>
#include <stdbool.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;

/* Macros are in no type information; these are the same in all kernels. */
#define PAGE_SHIFT 12
#define PAGE_SIZE (1ULL << PAGE_SHIFT)
#define PAGE_MAPPING_FLAGS 3
#define VM_SHARED 0x8
#define PF_WQ_WORKER 0x00000020
#define PF_KTHREAD 0x00200000
#define EAGAIN 11
#define EIOCBQUEUED 529
#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define MSG_PEEK 0x2
#define MSG_TRUNC 0x20
#define MSG_ERRQUEUE 0x2000
#define MSG_ZEROCOPY 0x4000000
#define MSG_SPLICE_PAGES 0x8000000 /* since v6.5, of callers in the kernel */

#include "bpf/kernel_net.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
};

struct qstr {
	const unsigned char *name;
};

struct super_block {
	u32 s_dev;
	unsigned long s_magic;
};

struct inode {
	u16 i_mode;
	u32 i_generation;
	unsigned int i_flags;
	u32 i_rdev;
	unsigned int i_nlink;
	unsigned long i_ino;
	s64 i_size;
	struct super_block *i_sb;
};

struct dentry {
	struct dentry *d_parent;
	struct inode *d_inode;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
};

struct renamedata {
	struct dentry *old_dentry;
	struct dentry *new_dentry;
	unsigned int flags;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct address_space *f_mapping;
	struct path f_path;
	struct inode *f_inode;
	unsigned int f_flags;
	unsigned int f_mode;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct signal_struct {
	struct {
		int counter;
	} live;
};

struct thread_info {
	u32 status;
};

struct css_set;

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct task_struct {
	struct thread_info thread_info;
	void *stack;
	int pid;
	int tgid;
	unsigned int flags;
	u32 self_exec_id;
	unsigned long nvcsw;
	unsigned long nivcsw;
	unsigned long min_flt;
	unsigned long maj_flt;
	u64 start_boottime;
	char comm[16];
	struct task_struct *group_leader;
	struct task_struct *real_parent;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct css_set *cgroups;
	void *worker_private; /* of a thread of the kernel: its struct kthread, since v5.17 */
};

struct kthread {
	void *data; /* of a kworker: its struct worker */
};

struct workqueue_struct {
	char name[24]; /* 32 bytes since v6.9 */
};

struct pool_workqueue {
	struct workqueue_struct *wq;
};

struct worker {
	struct pool_workqueue *current_pwq; /* of the work under way */
};

struct pt_regs {
	unsigned long di, si, dx, r10, r8, r9;
	unsigned long ax, orig_ax;
};

struct iovec {
	void *iov_base;
	unsigned long iov_len;
};

struct iov_iter {
	u8 iter_type;
	unsigned long iov_offset;
	unsigned long count;
	unsigned long nr_segs;
	bool data_source; /* bytes leave through it: a write */
	void *ubuf;
	const struct iovec *__iov;
};

/* Values differ by kernel: read them with bpf_core_enum_value() only. */
enum iter_type {
	ITER_IOVEC = 1,
	ITER_UBUF = 2,
	ITER_PIPE = 3, /* until v6.5 */
	ITER_BVEC = 4,
};

enum req_flag_bits {
	__REQ_META = 12,
};

enum pageflags {
	PG_head = 1,
	PG_writeback = 2,
	PG_dropbehind = 3, /* since v6.14 */
};

struct kiocb {
	struct file *ki_filp;
	s64 ki_pos;
	void *ki_complete;
	int ki_flags;
};

/* What a program hands to io_submit(). */
struct iocb {
	u64 aio_buf;
	u64 aio_nbytes;
	s64 aio_offset;
};

/* A direct read or write under way. */
struct iomap_dio {
	struct kiocb *iocb;
	s64 i_size;
	s64 size;
	int error;
	struct {
		struct iov_iter *iter; /* of one that is waited for */
	} submit;
};

struct msghdr {
	struct iov_iter msg_iter;
	unsigned int msg_flags;
	struct ubuf_info *msg_ubuf; /* of a caller in the kernel */
};

struct io_kiocb {
	u8 opcode;
	struct file *file;
	struct {
		struct file *file;
	} cmd; /* what the opcode makes of it: one of the two below */
	void *async_data;
	struct io_ring_ctx *ctx;
};

struct io_rw {
	u64 addr;
	u32 len;
};

struct io_sr_msg {
	void *buf;
	int len;
	u16 flags;
};

/* Since v6.15: a vector of registered buffers, as it was given. */
struct iou_vec {
	struct iovec *iovec; /* the last ones of the array are in use */
	unsigned int nr; /* that it has room for */
};

struct io_async_rw {
	struct iou_vec vec;
};

struct io_async_msghdr {
	struct iou_vec vec;
	struct msghdr msg;
};

/* Of a zero-copy receive, since v6.15. */
struct io_zcrx_args {
	struct io_kiocb *req;
};

struct io_notif_data {
	struct ubuf_info uarg;
};

struct splice_desc {
	union {
		struct file *file;
	} u;
};

/* A radix tree, and a node of it. */
struct xarray {
	void *xa_head;
};

struct xa_node {
	unsigned char shift;
	void *slots[64];
};

struct address_space {
	struct inode *host;
	struct xarray i_pages;
};

struct page {
	unsigned long flags;
	unsigned long compound_head;
};

struct folio {
	unsigned long flags;
	struct address_space *mapping;
	unsigned long index;
};

struct bio_vec {
	struct page *bv_page;
};

struct bvec_iter {
	unsigned int bi_size;
};

struct bio {
	u32 bi_opf;
	struct bvec_iter bi_iter;
	struct bio_vec *bi_io_vec;
	u16 bi_flags;
	void *bi_private;
};

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_pgoff;
	unsigned long vm_flags;
	struct file *vm_file;
};

enum fault_flag {
	FAULT_FLAG_WRITE = 1,
};

struct vm_fault {
	unsigned long pgoff;
	void *pmd; /* the entry of the page table above */
	struct vm_area_struct *vma;
	unsigned long address;
	enum fault_flag flags;
	struct page *page; /* the one that was there, in a fault on a write */
};

enum wb_reason {
	WB_REASON_BACKGROUND = 1,
	WB_REASON_VMSCAN = 2,
	WB_REASON_SYNC = 3,
	WB_REASON_PERIODIC = 4,
	WB_REASON_LAPTOP_TIMER = 5,
	WB_REASON_FOREIGN_FLUSH = 6,
	WB_REASON_DONTCACHE = 7, /* since v7.2 */
};

/* What a flusher thread is asked to do. */
struct wb_writeback_work {
	enum wb_reason reason;
};

struct kernfs_node {
	u64 id;
};

struct cgroup_subsys_state {
	struct cgroup_subsys_state *parent;
	struct cgroup *cgroup;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp; /* of version 2 */
};

#pragma clang attribute pop

#endif
