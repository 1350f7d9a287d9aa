/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every hook does with what it saw: find the thread's state, name the
 * endpoints, fold the operation into its ledger row.  The common case is
 * inline and touches no hash; ledger.bpf.c has the maps and the rest.
 */
#ifndef CS_LEDGER_BPF_H
#define CS_LEDGER_BPF_H

#include "bpf/kernel.h"
#define __KERNEL_TYPES__
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include "abi/ledger.h"
#include "abi/settings.h"

#define NR_ROW_CACHE 4
#define NR_ENDPOINT_CACHE 8
#define NR_VMA_CACHE 4

/* Empty if who is 0: no row belongs to process 0 here. */
struct row_cache {
	u64 who, what; /* see key_who() */
	u32 slot;
	u32 ops; /* that an operation counts for: see ops_of() */
};

struct endpoint_cache {
	u64 inode; /* address */
	u64 ino;
	u32 generation;
	u32 index;
};

struct vma_cache {
	u64 start, end;
	u64 maps; /* cs_process.maps when it was looked up */
	u32 endpoint; /* CS_MEMORY unless it maps a file that cannot be private */
	u32 writable; /* what is in the buffer may have been read into it */
};

/*
 * In the place of an iovec: fixed buffers with gaps, somewhere between fixed_start and
 * fixed_end of the thread.  Which of them an operation used is not known.
 */
#define SCATTERED 1

/* The user buffers of an operation. */
struct segments {
	u64 iov; /* address of struct iovec in kernel or user memory; 0: one segment */
	u64 base; /* the segment when iov is 0 */
	u64 bytes; /* moved through all segments */
	u64 offset; /* bytes of iov[0] used; the walk goes backwards from there */
	u32 endpoint; /* that filled the buffers, or that they went to */
	u16 call;
	u8 hop; /* of bytes from user buffers */
	u8 mapping_hop; /* of bytes from file mappings */
	u8 flags; /* enum cs_row_flags */
	u8 beyond_first; /* the walk is past the first segment */
	u8 user; /* iov is in user memory: walk forwards from iov[0] */
	u8 dropped; /* by a device that did not look at them: no hop moved them */
	u8 unused[4];
};
/* Pieces of a write that come from one source, in a row. */
struct run {
	u64 bytes;
	u32 source;
	u8 hop;
	u8 flags; /* CS_ROW_POSSIBLE */
	u16 unused;
};

/*
 * Whose bytes a write carries, under way.  Kept in the thread's state, not on
 * the stack: it is small, and the verifier forgets what it knows of a map's
 * values, without which it would follow each round of the loop.
 */
struct attribution {
	struct segments s;
	u64 start; /* of the segment at hand */
	u64 at, end; /* of it: left to attribute */
	struct run run, main; /* the one at hand; the largest so far */
	u32 seen[2]; /* sources of the runs before, + 1 */
};

/* State of a thread between its hooks, see thread_of(). */
struct thread {
	u64 task; /* whose: see task_number(); 0: the slot is free */
	u32 process; /* index, 0 until known */
	u32 last_slot; /* the row of the operation before */
	/* Counters of the task at the end of the operation before. */
	u64 nvcsw, nivcsw, min_flt, maj_flt;
	/* What nested routines did for the operation that is under way. */
	u64 copied; /* by a CPU */
	u64 spliced; /* page references taken by the send that is under way */
	u64 encrypted, decrypted; /* by kernel TLS, from or into the user buffers */
	u64 encrypted_before; /* in records before the one that is open */
	u64 direct_owner, direct_bytes; /* DMA without the page cache: see block.bpf.c */
	/* Bytes that stayed in a device's memory: a receive's; not 0 of a send from there. */
	u64 dmabuf;
	u64 zcrx_copied; /* of the packet under way, by a zero-copy receive of io_uring */
	u64 bounced; /* bytes of the direct read or write under way, through pages of the kernel */
	u64 disk_to_pipe, pipe_to_disk; /* DMA by O_DIRECT for the splice under way */
	u64 cow_vmf, cow_faults; /* a fault that may copy, and its number */
	u32 other; /* the process of process_vm_*(), an endpoint */
	u32 copied_from, copied_up; /* files of a copy-up whose names are to come, endpoints */
	u32 renamed; /* the endpoint of the last rename or link, see name.bpf.c */
	u32 zcrx_depth; /* of the routine that receives so, which calls itself */
	u32 nested_udp; /* udp_sendmsg() ran inside udpv6_sendmsg() */
	/* The request of io_uring under way, see uring.bpf.c. */
	u64 request_data; /* address of its struct kiocb, if it reads or writes */
	u64 fixed_end; /* where its fixed buffer ends in user memory; 0: it has none */
	u64 fixed_start; /* of several with gaps, where the first begins; 0: they are one piece */
	u64 fixed_bytes; /* of all of them */
	u16 request; /* CS_CALL_REQUEST | opcode; 0: none */
	u16 cached_request; /* the one that rows[] are of */
	u8 request_counted; /* as an operation */
	u8 request_waits; /* for a page: it will be issued again */
	u8 request_direct; /* the DMA of direct_bytes is its, and below is what it is for */
	u8 request_moved; /* that DMA has ended, and well */
	u8 device_counted; /* a direct read or write of a block device, by an inner routine */
	u32 direct_endpoint, direct_asked; /* bytes */
	u64 direct_buffer; /* 0: several */
	u64 direct_left; /* bytes up to the end of the file */
	u64 aio_slot; /* of the row of the libaio request before, + 1 */
	/*
	 * The buffer filled last, valid while cs_process.fills and .maps stand.  Of
	 * it this is the truth, the table of buffers has it when buffers_settle()
	 * has been called.
	 */
	u32 fill_endpoint;
	u8 fill_is_plain; /* it is known to be no mapping of a file */
	u64 fill_start, fill_end;
	/* In there: what the last reads put there; the rest was carried on, or given up. */
	u64 message_start, message_end;
	u64 carried_end; /* from message_start up to here it was carried on */
	u64 carried_to; /* the destinations, see destination_bit() */
	u64 fills, maps;
	u64 scratch; /* see unknown() */
	struct endpoint_cache endpoints[NR_ENDPOINT_CACHE];
	struct row_cache rows[NR_ROW_CACHE];
	struct vma_cache vmas[NR_VMA_CACHE];
	struct attribution attribution;
};

/*
 * The tables are variables, not maps of their own: the kernel rewrites a program for
 * each look-up in a map that it makes part of the program, and copies it for that.
 */
extern struct cs_row rows[CS_MAX_ROWS];
extern struct cs_endpoint endpoints[CS_MAX_ENDPOINTS];
extern struct cs_process processes[CS_MAX_PROCESSES];
extern char threads[CS_MAX_THREADS * sizeof(struct thread)]; /* the tool knows no struct thread */

extern const volatile struct cs_settings settings;
/*
 * Bits 1 << enum cs_family and 1 << enum cs_unsure.  A variable: which programs the kernel
 * takes is known when all are loaded, and none is loaded twice.
 */
extern volatile __u32 derived;
extern __u64 traced[CS_MAX_PIDS / 64];
extern struct cs_lost lost;
extern __u64 reached_by[CS_MAX_ENDPOINTS]; /* struct vfsmount of the path that is known */
/*
 * 0, which the verifier does not know: the first round of a loop is to it like the
 * others, and a bpf_loop() with such flags stays a call.
 */
extern volatile u32 none;

/* Pointers to kernel objects travel as plain addresses. */

/* thread.bpf.c */
int thread_find(u64 number);
int thread_reset(u64 number);
int thread_claim(u64 number);

/* ledger.bpf.c */
int row_find(struct thread *t, u64 who, u64 what);
int fold_row(struct thread *t, u64 who, u64 what, u64 bytes, u64 delivered);
int add_side(struct cs_row_key *key, u64 bytes);
int add_audit(u32 tgid, u32 primitive, u64 copied, u64 own);

/* kthread.bpf.c */
int add_kthread(u32 how, s64 bytes);

/* endpoint.bpf.c */
int endpoint_find(struct thread *t, u64 inode, u64 file);
int endpoint_known(u64 inode);
int path_describe(u32 index, u64 dentry, u64 vfsmount);
u32 socket_endpoint(u64 sk);
int process_endpoint(u64 task);

/* writeback.bpf.c */
int written_by(struct cs_row_key *key, u64 inode);

/* uring.bpf.c */
int request_goes_direct(struct thread *t, u64 dio);
int device_request_goes_direct(struct thread *t, u64 iocb);

/* buffer.bpf.c */
int remember(struct segments *s);

/* The bit of a destination in a set; two in one bit make possible what is certain. */
static __always_inline u64 destination_bit(u32 endpoint)
{
	return 1ULL << (endpoint % 64);
}

/* attribute.bpf.c */
int attribute(struct segments *s);

/*
 * What the routine returned, for fexit programs: it lies behind the arguments, of which
 * a newer kernel may have more.  An int is in the lower half, with anything above it.
 */
static __always_inline s64 returned(void *ctx)
{
	u64 value = 0;

	bpf_get_func_ret(ctx, &value);
	return value;
}

#define add(counter, n) __sync_fetch_and_add(&(counter), n)

/* Does the end of the syscall count what the family moves? Its own hooks are off then. */
static __always_inline bool is_derived(u32 family)
{
	return derived >> family & 1;
}

/* The next slot of a table of @max, or 0 when it is full. */
static __always_inline u32 next_slot(u32 *counter, u32 max)
{
	u32 slot;

	if (*counter >= max)
		return 0;
	slot = __sync_fetch_and_add(counter, 1);
	return slot < max ? slot : 0;
}

/* The tool sets all bits but its own to trace all, and clears all to stop counting. */
static __always_inline bool is_traced(struct task_struct *task)
{
	u32 tgid = task->tgid;

	return traced[(tgid / 64) & (CS_MAX_PIDS / 64 - 1)] >> (tgid % 64) & 1;
}

/* clang-format off */
/*
 * BPF_PROG() for hooks on the way of every task: one that is not traced leaves
 * before the arguments are loaded and the stack is touched.  The function
 * body also knows the current task as task.
 */
#define TRACED_PROG(name, args...)                                                         \
	name(unsigned long long *ctx);                                                     \
	static __always_inline int ____##name(unsigned long long *ctx, ##args,             \
					      struct task_struct *task);                   \
	int name(unsigned long long *ctx)                                                  \
	{                                                                                  \
		struct task_struct *task = bpf_get_current_task_btf();                     \
                                                                                           \
		if (!is_traced(task))                                                      \
			return 0;                                                          \
		_Pragma("GCC diagnostic push")                                             \
		_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                     \
		return ____##name(___bpf_ctx_cast(args), task);                            \
		_Pragma("GCC diagnostic pop")                                              \
	}                                                                                  \
	static __always_inline int ____##name(unsigned long long *ctx, ##args,             \
					      struct task_struct *task)
/* clang-format on */

/*
 * A task's address as a number, less that of a map, as the verifier has it: a
 * difference of two pointers is a number, while a pointer can neither be
 * multiplied nor kept.
 */
static __always_inline u64 task_number(struct task_struct *task)
{
	return (u64)task - (u64)traced;
}

/* Of an address, by 2^64 over the golden ratio: 32 bits. */
static __always_inline u32 hash(u64 address)
{
	return address * 0x9e3779b97f4a7c15 >> 32;
}

/* Where a task's state is, unless another task was first. */
static __always_inline u32 thread_home(u64 number)
{
	return hash(number) % CS_MAX_THREADS;
}

/*
 * The element of a table, or NULL beyond it, as for -1.  The compiler is kept from
 * knowing the index, once to compare the very register that it uses, and once not to
 * use it before: the verifier understands nothing else.
 */
#define element_at(table, max, index)                \
	({                                           \
		typeof(&(table)[0]) _element = NULL; \
		u64 _index = (index);                \
                                                     \
		barrier_var(_index);                 \
		if (_index < (max)) {                \
			barrier_var(_index);         \
			_element = &(table)[_index]; \
		}                                    \
		_element;                            \
	})

static __always_inline struct thread *thread_at(u32 slot)
{
	return element_at((struct thread *)threads, CS_MAX_THREADS, slot);
}

static __always_inline struct cs_row *row_at(u32 slot)
{
	return element_at(rows, CS_MAX_ROWS, slot);
}

static __always_inline struct cs_process *process_at(u32 index)
{
	return element_at(processes, CS_MAX_PROCESSES, index);
}

/* Something of the process at @index was not kept: its transfers are not all that moved. */
static __always_inline void process_loses(u32 index)
{
	struct cs_process *p = process_at(index);

	if (p)
		p->lost = 1;
}

static __always_inline struct cs_endpoint *endpoint_in(u32 index)
{
	return element_at(endpoints, CS_MAX_ENDPOINTS, index);
}

/* The state of a task, or NULL when it has none. */
static __always_inline struct thread *thread_known(struct task_struct *task)
{
	u64 number = task_number(task);
	struct thread *t = thread_at(thread_home(number));

	if (t && t->task == number)
		return t;
	return thread_at(thread_find(number));
}

/* The state of the current task, which gets one; NULL when it cannot, or is a kernel thread. */
static __always_inline struct thread *thread_of(struct task_struct *task)
{
	u64 number = task_number(task);
	struct thread *t = thread_at(thread_home(number));

	if (t && t->task == number && t->process)
		return t;
	return thread_at(thread_claim(number));
}

/* For hooks that found no state; 0 for the verifier, which believes no call that it is. */
static __always_inline int kthread_moved(enum cs_kthread_moved how, s64 bytes)
{
	add_kthread(how, bytes);
	return 0;
}

/*
 * @number, of which the verifier knows no more than that: where it is one of many
 * constants, it would follow each of them to the end of the program.  It keeps what
 * it knows in registers and on the stack, and forgets it only in map memory.
 */
static __always_inline u64 unknown(struct thread *t, u64 number)
{
	volatile u64 *scratch = &t->scratch;

	*scratch = number;
	return *scratch;
}

/* The address of a kernel object as a number: else it stays a pointer. */
static __always_inline u64 address(struct thread *t, const void *pointer)
{
	return unknown(t, (u64)pointer);
}

/*
 * Where the thread keeps the endpoint of an inode, if it does; one that had to make
 * room for another is beside it, where endpoint_find() looks.
 */
static __always_inline struct endpoint_cache *endpoint_cached(struct thread *t, u64 inode)
{
	return &t->endpoints[hash(inode) % NR_ENDPOINT_CACHE];
}

static __always_inline struct endpoint_cache *endpoint_beside(struct thread *t, u64 inode)
{
	return &t->endpoints[hash(inode) % NR_ENDPOINT_CACHE ^ 1];
}

/* Is the inode there still the one that it was? */
static __always_inline bool is_cached(const struct endpoint_cache *c)
{
	struct inode *inode = (void *)c->inode;

	return c->ino == BPF_CORE_READ(inode, i_ino) &&
	       c->generation == BPF_CORE_READ(inode, i_generation);
}

static __always_inline u32 endpoint_of(struct thread *t, struct file *file)
{
	struct inode *inode = file->f_inode;
	u64 at = address(t, inode);
	struct endpoint_cache *c = endpoint_cached(t, at);

	if (c->inode == at && c->ino == inode->i_ino && c->generation == inode->i_generation)
		return c->index;
	return endpoint_find(t, at, address(t, file));
}

#define TS_COMPAT 0x0002
#define NR_ioctl 16
#define NR_sendfile 40
#define NR_io_submit 209
#define NR_splice 275
#define NR_vmsplice 278
#define NR_sendmmsg 307
#define NR_recvmmsg 299
#define NR_process_vm_readv 310
#define NR_process_vm_writev 311
#define NR_copy_file_range 326
#define NR_io_uring_enter 426

static __always_inline u32 current_call(struct task_struct *task)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);

	if (task->thread_info.status & TS_COMPAT)
		return CS_CALL_COMPAT;
	return (u16)regs->orig_ax;
}

#define NO_SYSCALL 0xffff /* orig_ax of a fault */

/* The same where a fault of the process may be what runs. */
static __always_inline u32 call_or_fault(struct task_struct *task)
{
	u32 call = current_call(task);

	return call == NO_SYSCALL ? CS_CALL_FAULT : call;
}

/*
 * The same, or the request that is under way.  Rows need it not: row_find()
 * puts the request there, so that what goes by calls does not look for one.
 */
static __always_inline u32 call_or_request(struct thread *t, struct task_struct *task)
{
	return t->request ? t->request : call_or_fault(task);
}

/*
 * A routine copied @bytes between a file and memory of the kernel: for the
 * splice that is under way, or for the kernel itself (exec, a core dump).
 * A splice has an ITER_BVEC, in any call: overlayfs copies files on an open().
 */
static __always_inline void copied_inside(struct thread *t, struct task_struct *task,
					  enum cs_primitive primitive, struct iov_iter *iter,
					  u64 bytes)
{
	u32 call = call_or_request(t, task);

	if (call == NR_sendfile || call == NR_splice || call == NR_copy_file_range ||
	    call >= CS_CALL_NO_SYSCALL ||
	    iter->iter_type == bpf_core_enum_value(enum iter_type, ITER_BVEC))
		t->copied += bytes;
	else
		add_audit(task->tgid, primitive, 0, bytes);
}

#endif
