// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring's zero-copy receive: a card writes packets into an area of the process,
 * which is told where they are.  What it did not write there is copied by a plain
 * memcpy(), which neither the other hooks nor the audit see: heads of packets, and
 * all of them without a card (ZCRX_REG_NODEV, since v7.2).
 */
#include "bpf/row.bpf.h"

/* The routine calls itself for the fragments of a packet: only the outermost one counts. */
SEC("?fentry/io_zcrx_recv_skb")
int TRACED_PROG(on_zcrx_recv_skb)
{
	struct thread *t;

	t = thread_of(task);
	if (t)
		t->zcrx_depth++;
	return 0;
}

SEC("?fexit/io_zcrx_copy_chunk")
int TRACED_PROG(on_zcrx_copy_chunk, struct io_kiocb *req)
{
	s64 copied = returned(ctx);
	struct thread *t;

	if (copied <= 0)
		return 0;
	t = thread_of(task);
	if (t)
		t->zcrx_copied += copied;
	return 0;
}

SEC("?fexit/io_zcrx_recv_skb")
int TRACED_PROG(on_zcrx_recv_skb_end, read_descriptor_t *desc)
{
	struct cs_row_key key = { .hop = CS_SOCKET_TO_USER };
	struct io_zcrx_args *args;
	struct file *file;
	struct thread *t;
	s64 moved, copied;
	u64 ops;

	t = thread_of(task);
	if (!t)
		return 0;
	if (t->zcrx_depth && --t->zcrx_depth)
		return 0;
	moved = (int)returned(ctx);
	copied = t->zcrx_copied;
	t->zcrx_copied = 0;
	if (moved <= 0)
		return 0;
	if (copied > moved)
		copied = moved;
	args = BPF_CORE_READ(desc, arg.data);
	file = BPF_CORE_READ(args, req, file);
	key.process = t->process;
	key.source = endpoint_find(t, (u64)BPF_CORE_READ(file, f_inode), (u64)file);
	key.call = call_or_request(t, task);
	/* A request goes on and on, and is one operation. */
	ops = !t->request_counted;
	t->request_counted = 1;
	if (copied) {
		fold_part(t, &key, copied, copied, ops);
		ops = 0;
		/* By none of the primitives: the audit is told, or it would miss them. */
		add_audit(task->tgid, CS_TO_ITER, copied, 0);
	}
	if (moved > copied) {
		key.hop = CS_SOCKET_HELD_BY_USER;
		fold_part(t, &key, moved - copied, moved - copied, ops);
	}
	return 0;
}

/* What struct io_uring_zcrx_ifq_reg of the process begins with, and where its area is. */
struct zcrx_registration {
	u32 card, queue, entries, flags;
	u64 area; /* address of two u64: where it is in the process, and how long */
};

/*
 * Nothing tells which socket's bytes are where in the area: what is written from there
 * later is not known.
 */
static __always_inline int area_registered(void *ctx, struct task_struct *task, u64 registration)
{
	struct zcrx_registration r = {};
	struct segments s = { .endpoint = CS_UNRESOLVED };
	u64 area[2] = {};

	if ((int)returned(ctx) || !thread_of(task))
		return 0;
	bpf_probe_read_user(&r, sizeof(r), (void *)registration);
	bpf_probe_read_user(area, sizeof(area), (void *)r.area);
	s.base = area[0];
	s.bytes = area[1];
	remember(&s);
	return 0;
}

SEC("?fexit/io_register_zcrx")
int TRACED_PROG(on_register_zcrx, void *ring, u64 registration)
{
	return area_registered(ctx, task, registration);
}

/* Its name up to v7.0. */
SEC("?fexit/io_register_zcrx_ifq")
int TRACED_PROG(on_register_zcrx_ifq, void *ring, u64 registration)
{
	return area_registered(ctx, task, registration);
}
