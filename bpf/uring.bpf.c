// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: the operation is the request, not the call that submits it.  A
 * request is issued in the submitter, in a worker or in the thread that polls
 * the queue (SQPOLL), all of them threads of the process, or after any syscall
 * once a poll says that it can go on.  What the routines inside move counts
 * as usual; the rows are those of the request.
 */
#include "bpf/ledger.bpf.h"
#include "bpf/queued.bpf.h"

#define MAX_UNFINISHED 4096
#define MAX_VECTOR 1024 /* UIO_MAXIOV */
#define IORING_RECVSEND_FIXED_BUF (1 << 2)
#define IORING_SEND_VECTORIZED (1 << 5)

enum io_uring_op {
	IORING_OP_READV = 1,
	IORING_OP_WRITEV = 2,
	IORING_OP_READ_FIXED = 4,
	IORING_OP_WRITE_FIXED = 5,
	IORING_OP_WRITE = 23,
	IORING_OP_SEND = 26,
	IORING_OP_SEND_ZC = 47,
	IORING_OP_SENDMSG_ZC = 48,
	IORING_OP_READV_FIXED = 60,
	IORING_OP_WRITEV_FIXED = 61,
};

/* Of a process: where the mode switches of io_uring_enter() go. */
struct ring {
	u32 slot; /* of the row of the request before, + 1 */
	u32 entered; /* mode switches before there was one */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CS_MAX_PROCESSES);
	__type(key, u32);
	__type(value, struct ring);
} rings SEC(".maps");

/* Requests that moved a part, were counted, and will be issued again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_UNFINISHED);
	__type(key, u64);
	__type(value, u32);
} unfinished SEC(".maps");

__u64 nr_unfinished;

/* Of the buffers of a vector: where they lie, and whether one follows another. */
struct hull {
	u64 start, end, bytes;
	u64 gaps;
};

/* By request: the kernel keeps no vector of one that is issued again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_UNFINISHED);
	__type(key, u64);
	__type(value, struct hull);
} vectors SEC(".maps");

/* What was cached for one request or for syscalls must not be taken for another. */
static __always_inline void forget_rows(struct thread *t, u32 request)
{
	int i;

	for (i = 0; i < NR_ROW_CACHE; i++)
		t->rows[i].who = 0;
	t->cached_request = request;
}

static __always_inline void one_fixed_buffer(struct thread *t, u64 start, u64 bytes)
{
	t->fixed_end = start + bytes;
	t->fixed_start = 0;
	t->fixed_bytes = bytes;
}

struct vector {
	u64 at; /* struct iovec in the kernel */
	u64 left; /* of them */
	struct hull hull;
};

static long add_to_hull(u32 i, struct vector *vector)
{
	struct hull *h = &vector->hull;
	struct iovec v = {};
	u64 start, end;

	if (!vector->left)
		return 1;
	bpf_probe_read_kernel(&v, sizeof(v), (void *)vector->at);
	vector->at += sizeof(v);
	vector->left--;
	start = (u64)v.iov_base;
	end = start + v.iov_len;
	/* A page of the kernel: the request was issued before, and this is a bio_vec now. */
	if ((s64)start < 0) {
		h->end = none;
		return 1;
	}
	if (h->bytes && start != h->end)
		h->gaps++;
	if (!h->bytes || start < h->start)
		h->start = start;
	if (end > h->end)
		h->end = end;
	h->bytes += v.iov_len;
	return 0;
}

/*
 * The kernel turns a vector of fixed buffers into one of pages, in place, when it first
 * issues the request: see io_import_reg_vec() in io_uring/rsrc.c.  Not inline: the
 * verifier looks at it once.
 */
__noinline int fixed_vector(struct thread *t, u64 request, u64 iovecs, u32 room, u32 nr)
{
	struct vector v = { .at = iovecs + (u64)(room - nr) * sizeof(struct iovec), .left = nr };
	struct hull *kept;

	if (!t)
		return 0;
	v.hull.gaps = none;
	bpf_loop(MAX_VECTOR, add_to_hull, &v, 0);
	kept = bpf_map_lookup_elem(&vectors, &request);
	if (v.hull.end && !v.left && room >= nr)
		bpf_map_update_elem(&vectors, &request, &v.hull, BPF_ANY);
	else if (kept)
		v.hull = *kept;
	else
		/* Not known: an end that is no address, before a beginning that is none. */
		v.hull = (struct hull){ .start = ~0ULL, .end = 1, .gaps = 1 };
	t->fixed_bytes = v.hull.bytes;
	t->fixed_end = v.hull.end;
	t->fixed_start = v.hull.gaps ? v.hull.start : 0;
	return 0;
}

static __always_inline void fixed_vector_of_rw(struct thread *t, struct io_kiocb *req)
{
	struct io_async_rw *async = BPF_CORE_READ(req, async_data);
	struct io_rw *rw = (void *)&req->cmd;

	if (bpf_core_field_exists(async->vec))
		fixed_vector(t, address(t, req), (u64)BPF_CORE_READ(async, vec.iovec),
			     BPF_CORE_READ(async, vec.nr), BPF_CORE_READ(rw, len));
}

static __always_inline void fixed_vector_of_send(struct thread *t, struct io_kiocb *req)
{
	struct io_async_msghdr *async = BPF_CORE_READ(req, async_data);

	if (bpf_core_field_exists(async->vec))
		fixed_vector(t, address(t, req), (u64)BPF_CORE_READ(async, vec.iovec),
			     BPF_CORE_READ(async, vec.nr),
			     BPF_CORE_READ(async, msg.msg_iter.nr_segs));
}

/* Pages of fixed buffers are to the routines inside as those of a splice. */
static __always_inline void find_fixed_buffers(struct thread *t, struct io_kiocb *req)
{
	u8 opcode = req->opcode;
	struct io_sr_msg *send = (void *)&req->cmd;
	struct io_rw *rw = (void *)&req->cmd;
	u16 flags;

	t->fixed_end = 0;
	t->fixed_start = 0;
	if (opcode == IORING_OP_READ_FIXED || opcode == IORING_OP_WRITE_FIXED) {
		one_fixed_buffer(t, BPF_CORE_READ(rw, addr), BPF_CORE_READ(rw, len));
		return;
	}
	if (opcode == IORING_OP_READV_FIXED || opcode == IORING_OP_WRITEV_FIXED) {
		fixed_vector_of_rw(t, req);
		return;
	}
	if (opcode != IORING_OP_SEND && opcode != IORING_OP_SEND_ZC &&
	    opcode != IORING_OP_SENDMSG_ZC)
		return;
	flags = BPF_CORE_READ(send, flags);
	if (!(flags & IORING_RECVSEND_FIXED_BUF))
		return;
	if (opcode == IORING_OP_SENDMSG_ZC || flags & IORING_SEND_VECTORIZED)
		fixed_vector_of_send(t, req);
	else
		one_fixed_buffer(t, (u64)BPF_CORE_READ(send, buf), (u32)BPF_CORE_READ(send, len));
}

/* Was it counted when it was issued before? */
static __always_inline bool was_counted(struct thread *t, struct io_kiocb *req)
{
	u64 at = address(t, req);

	if (!nr_unfinished || !bpf_map_lookup_elem(&unfinished, &at))
		return false;
	bpf_map_delete_elem(&unfinished, &at);
	return true;
}

static __always_inline int request_begins(struct task_struct *task, struct io_kiocb *req)
{
	struct thread *t;
	u32 request;

	t = thread_of(task);
	if (!t)
		return 0;
	request = CS_CALL_REQUEST | req->opcode;
	if (t->cached_request != request || current_call(task) != NR_io_uring_enter)
		forget_rows(t, request);
	t->request_data = address(t, req) + bpf_core_field_offset(struct io_kiocb, cmd);
	t->request_direct = 0;
	t->request_moved = 0;
	nothing_queued(t);
	t->zcrx_depth = 0;
	t->zcrx_copied = 0;
	find_fixed_buffers(t, req);
	t->request_counted = was_counted(t, req);
	t->request_waits = 0;
	t->last_slot = NO_SLOT;
	t->request = request;
	return 0;
}

SEC("?fentry/io_issue_sqe")
int TRACED_PROG(on_request, struct io_kiocb *req)
{
	return request_begins(task, req);
}

/*
 * A request that had to wait until a poll said that it can go on.  The routine called the
 * one above up to v6.12; newer kernels call the inlined __io_issue_sqe() instead, and the
 * hook is there where that is.
 */
SEC("?fentry/io_poll_issue")
int TRACED_PROG(on_poll_issue, struct io_kiocb *req)
{
	return request_begins(task, req);
}

static __always_inline int goes_direct(struct thread *t, u64 at, u64 left)
{
	struct kiocb *iocb = (void *)at;
	struct io_rw *rw = (void *)iocb;
	struct file *file = BPF_CORE_READ(iocb, ki_filp);
	u8 opcode = t->request;

	t->direct_endpoint = endpoint_find(t, (u64)BPF_CORE_READ(file, f_inode), (u64)file);
	t->direct_left = left;
	t->direct_asked = BPF_CORE_READ(rw, len);
	t->direct_buffer = opcode == IORING_OP_READV || opcode == IORING_OP_WRITEV ||
					   opcode == IORING_OP_READV_FIXED ||
					   opcode == IORING_OP_WRITEV_FIXED ?
				   0 :
				   BPF_CORE_READ(rw, addr);
	t->request_direct = 1;
	return 0;
}

/*
 * The first bio of a direct read or write.  It ends in any task, and only then
 * is known what came of it; so it counts when all is queued, as what was asked
 * for.  Only iomap's bios lead back to the request.
 */
__noinline int request_goes_direct(struct thread *t, u64 dio)
{
	struct iomap_dio *d = (void *)dio;
	struct kiocb *iocb = BPF_CORE_READ(d, iocb);
	s64 left;

	if (!t || (u64)iocb != t->request_data)
		return 0;
	left = BPF_CORE_READ(d, i_size) - BPF_CORE_READ(iocb, ki_pos);
	return goes_direct(t, (u64)iocb, left > 0 ? left : 0);
}

/*
 * The same once all of it is queued; nothing is beyond the end of the device.
 * Bios over a fixed buffer do not lead back to the request.
 */
__noinline int device_request_goes_direct(struct thread *t, u64 iocb)
{
	if (!t || iocb != t->request_data)
		return 0;
	if (t->fixed_end)
		t->direct_bytes = t->fixed_bytes;
	return goes_direct(t, iocb, t->direct_bytes);
}

static __always_inline void count_direct(struct thread *t, struct task_struct *task)
{
	struct segments s = { .base = t->direct_buffer };
	u8 opcode = t->request;

	if (opcode == IORING_OP_WRITE || opcode == IORING_OP_WRITEV ||
	    opcode == IORING_OP_WRITE_FIXED || opcode == IORING_OP_WRITEV_FIXED)
		queued_write(t, task, &s);
	else
		queued_read(t, task, &s, t->direct_asked);
}

static __always_inline void request_over(struct thread *t, struct task_struct *task)
{
	t->request = 0;
	t->fixed_end = 0;
	if (current_call(task) != NR_io_uring_enter)
		forget_rows(t, 0);
}

static __always_inline int request_ends(struct task_struct *task, struct io_kiocb *req, int ret)
{
	u32 process, slot, one = 1;
	struct cs_row *row;
	struct ring *ring;
	struct thread *t;
	bool done, is_part;
	u64 at;

	t = thread_of(task);
	if (!t || !t->request)
		return 0;
	/* If the disk is quick and the file ends before the request: -EAGAIN, for the rest. */
	is_part = t->request_direct && t->request_moved && ret == -EAGAIN;
	if (is_part || (t->request_direct && !ret))
		count_direct(t, task);
	request_over(t, task);
	slot = t->last_slot;
	row = row_at(slot);
	if (!row)
		return 0;
	done = ret != -EAGAIN && !t->request_waits;
	if ((done || is_part) && !t->request_counted) {
		add(row->ops, 1);
		t->request_counted = 1;
	}
	if (!done && t->request_counted) {
		at = address(t, req);
		bpf_map_update_elem(&unfinished, &at, &one, BPF_ANY);
		add(nr_unfinished, 1);
	}
	process = t->process;
	ring = bpf_map_lookup_elem(&rings, &process);
	if (ring)
		ring->slot = slot + 1;
	return 0;
}

SEC("?fexit/io_issue_sqe")
int TRACED_PROG(on_request_end, struct io_kiocb *req)
{
	return request_ends(task, req, returned(ctx));
}

/* Its result is that of the operation: one that completes later is told by a code. */
SEC("?fexit/io_poll_issue")
int TRACED_PROG(on_poll_issue_end, struct io_kiocb *req)
{
	int ret = returned(ctx);

	return request_ends(task, req, ret == -EIOCBQUEUED ? 0 : ret);
}

/* It submits, waits, or both: its mode switches go to a request of the process. */
SEC("?fexit/__x64_sys_io_uring_enter")
int TRACED_PROG(on_io_uring_enter)
{
	struct cs_row *row;
	struct ring *ring;
	struct thread *t;
	u32 process;

	t = thread_of(task);
	if (!t)
		return 0;
	/* Should the kernel have skipped the run at a request's end. */
	if (t->request)
		request_over(t, task);
	process = t->process;
	ring = bpf_map_lookup_elem(&rings, &process);
	if (!ring)
		return 0;
	row = row_at(ring->slot - 1);
	if (row)
		add(row->mode_switches, 2 + __sync_lock_test_and_set(&ring->entered, 0));
	else
		add(ring->entered, 2);
	return 0;
}
