// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets: what is sent and received by copy or by page reference, and what a
 * NIC fetches by DMA.
 */
#include "bpf/row.bpf.h"
#include "bpf/skb.bpf.h"
#include "bpf/inode.bpf.h"
#include <bpf/bpf_endian.h>

/* By a syscall, or by a request of io_uring whose buffer is not the process's. */
static __always_inline bool is_splice(u32 call)
{
	return call == NR_sendfile || call == NR_splice || call >= CS_CALL_NO_SYSCALL;
}

/*
 * The kernel's own sockets (nbd, RPC) have no file, or one of the kernel's: what they move
 * in the middle of a splice is not of that.
 */
static __always_inline bool may_be_spliced(struct file *file)
{
	struct socket *socket;
	struct sock *sk;

	if (!file)
		return false;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	return !BPF_CORE_READ_BITFIELD_PROBED(sk, sk_kern_sock);
}

/* Not what kernel TLS made of a fixed buffer: pages of its own. */
static __always_inline bool sends_user_memory(struct thread *t, struct msghdr *msg, u8 type)
{
	return user_backed(type) || (t->fixed_end && !(msg->msg_flags & MSG_SPLICE_PAGES));
}

/*
 * A send with MSG_ZEROCOPY, of @what >> 32, a call, to the endpoint @what: its pages
 * were pinned, all of them or none.  @implied: nothing tells, they should have been.
 * Apart, as the common way is shorter where its hop is known.
 */
__noinline int sent_zerocopy(struct thread *t, struct segments *s, u64 what, s64 ret, u32 implied)
{
	struct cs_row_key key = { .hop = CS_USER_TO_SOCKET };
	u8 mapping_hop = CS_MAPPING_TO_SOCKET;

	if (!t || !s)
		return 0;
	/* Addresses are offsets in the memory of a device: no buffer of the process. */
	if (t->dmabuf) {
		t->dmabuf = 0;
		s->iov = SCATTERED;
	}
	if (implied || t->spliced) {
		key.hop = CS_USER_PINNED_BY_SOCKET;
		mapping_hop = CS_MAPPING_PINNED_BY_SOCKET;
	}
	if (implied)
		key.flags = CS_ROW_DERIVED;
	else if (!t->spliced)
		key.flags = CS_ROW_NOT_PINNED;
	key.process = t->process;
	key.destination = what;
	key.call = what >> 32;
	fold_write(t, bpf_get_current_task_btf(), &key, s, ret, mapping_hop);
	return 0;
}

/*
 * The end of one message's send: user memory by an operation, else for a splice under way.
 * @pins: the bit of derived that is set where nothing tells whether pages were pinned.
 */
static __always_inline int sent(struct task_struct *task, struct file *file, struct msghdr *msg,
				enum cs_unsure pins, int ret)
{
	struct cs_row_key key = { .hop = CS_USER_TO_SOCKET };
	struct segments s;
	struct thread *t;
	u64 spliced;
	u8 type;

	t = thread_of(task);
	if (!t)
		return kthread_moved(CS_KTHREAD_SENT, ret);
	type = msg->msg_iter.iter_type;
	if (!sends_user_memory(t, msg, type)) {
		spliced = t->spliced;
		t->spliced = 0;
		if (ret > 0 && (u64)ret > spliced && may_be_spliced(file))
			t->copied += ret - spliced;
		return 0;
	}
	key.process = t->process;
	key.destination = endpoint_of(t, file);
	key.call = current_call(task);
	segments_of(t, &msg->msg_iter, type, ret, &s);
	if (msg->msg_flags & MSG_ZEROCOPY)
		return sent_zerocopy(t, &s, key.destination | (u64)key.call << 32, ret,
				     derived >> pins & 1);
	fold_write(t, task, &key, &s, ret, CS_MAPPING_TO_SOCKET);
	return 0;
}

/* Of a receive of @bytes by devmem TCP, what the process got a reference of. */
static __always_inline u64 stayed_in_device(struct thread *t, struct cs_row_key key, u64 bytes)
{
	u64 stayed = t->dmabuf;

	t->dmabuf = 0;
	if (stayed > bytes)
		stayed = bytes;
	key.hop = CS_SOCKET_HELD_BY_USER;
	fold_part(t, &key, stayed, stayed, 0);
	return stayed;
}

static __always_inline int received(struct task_struct *task, struct file *file, struct msghdr *msg,
				    s64 size, int flags, int ret)
{
	struct cs_row_key key = { .hop = CS_SOCKET_TO_USER };
	struct segments s;
	struct thread *t;
	s64 bytes = ret;
	u8 type;

	t = thread_of(task);
	if (!t)
		return kthread_moved(CS_KTHREAD_RECEIVED, flags & MSG_PEEK ? 0 : bytes);
	if (bytes < 0)
		bytes = 0;
	type = msg->msg_iter.iter_type;
	if (!in_user_memory(t, type)) {
		/* A splice from a socket that has no pages to hand on. */
		if (is_splice(call_or_request(t, task)) && may_be_spliced(file))
			t->copied += bytes;
		return 0;
	}
	/* A datagram's full length may be returned, more than there was room for. */
	if (bytes > size)
		bytes = size;
	key.process = t->process;
	key.source = endpoint_of(t, file);
	key.call = current_call(task);
	if (t->dmabuf)
		bytes -= stayed_in_device(t, key, bytes);
	segments_of(t, &msg->msg_iter, type, bytes, &s);
	fold_read(t, task, &key, &s, bytes, flags & MSG_PEEK ? 0 : bytes);
	return 0;
}

/* No payload: what the error queue tells of pinned pages. */
static __always_inline bool is_notice(int flags, int ret)
{
	return flags & MSG_ERRQUEUE && ret <= 0;
}

SEC("?fexit/tcp_sendmsg_locked")
int TRACED_PROG(on_tcp_sendmsg_locked, struct sock *sk, struct msghdr *msg, u64 size)
{
	return sent(task, sk->sk_socket->file, msg, CS_UNSURE_PINS, returned(ctx));
}

/*
 * Part of a receive by devmem TCP, since v6.12: packets in the memory of a device stay
 * there, and the process is told where; what lies in their heads is copied.
 */
SEC("?fexit/tcp_recvmsg_dmabuf")
int TRACED_PROG(on_tcp_recvmsg_dmabuf, struct sock *sk, struct sk_buff *skb, u32 offset)
{
	u32 head = skb->len - skb->data_len, linear = 0;
	int ret = returned(ctx);
	struct thread *t;

	if (ret <= 0)
		return 0;
	if (offset < head)
		linear = head - offset;
	if (linear >= (u32)ret)
		return 0;
	t = thread_of(task);
	if (t)
		t->dmabuf += ret - linear;
	return 0;
}

/* flags is the 4th argument everywhere; addr_len, the 5th, is gone in v7.1. */
SEC("?fexit/tcp_recvmsg")
int TRACED_PROG(on_tcp_recvmsg, struct sock *sk, struct msghdr *msg, u64 size, int flags)
{
	int ret;

	ret = returned(ctx);
	if (is_notice(flags, ret))
		return 0;
	/* TCP throws the bytes away. */
	if (flags & MSG_TRUNC)
		ret = 0;
	return received(task, sk->sk_socket->file, msg, size, flags, ret);
}

SEC("?fexit/udp_sendmsg")
int TRACED_PROG(on_udp_sendmsg, struct sock *sk, struct msghdr *msg, u64 size)
{
	struct thread *t;

	if (sk->__sk_common.skc_family == AF_INET6) {
		t = thread_of(task);
		if (!t)
			return 0; /* of a kernel thread: on_udpv6_sendmsg() counts it */
		t->nested_udp = 1;
	}
	return sent(task, sk->sk_socket->file, msg, CS_UNSURE_UDP_PINS, returned(ctx));
}

/* Calls udp_sendmsg() for a destination that is an IPv4 address. */
SEC("?fexit/udpv6_sendmsg")
int TRACED_PROG(on_udpv6_sendmsg, struct sock *sk, struct msghdr *msg, u64 size)
{
	struct thread *t;

	t = thread_of(task);
	if (!t)
		return kthread_moved(CS_KTHREAD_SENT, (int)returned(ctx));
	if (t->nested_udp) {
		t->nested_udp = 0;
		return 0;
	}
	return sent(task, sk->sk_socket->file, msg, CS_UNSURE_UDP_PINS, returned(ctx));
}

#define ON_UDP_RECVMSG(function)                                                                 \
	SEC("?fexit/" #function)                                                                 \
	int TRACED_PROG(on_##function, struct sock *sk, struct msghdr *msg, u64 size, int flags) \
	{                                                                                        \
		int ret = returned(ctx);                                                         \
                                                                                                 \
		if (is_notice(flags, ret))                                                       \
			return 0;                                                                \
		return received(task, sk->sk_socket->file, msg, size, flags, ret);               \
	}

ON_UDP_RECVMSG(udp_recvmsg)
ON_UDP_RECVMSG(udpv6_recvmsg)

SEC("?fexit/unix_stream_sendmsg")
int TRACED_PROG(on_unix_stream_sendmsg, struct socket *sock, struct msghdr *msg, u64 size)
{
	return sent(task, sock->file, msg, CS_UNSURE_PINS, returned(ctx));
}

SEC("?fexit/unix_dgram_sendmsg")
int TRACED_PROG(on_unix_dgram_sendmsg, struct socket *sock, struct msghdr *msg, u64 size)
{
	return sent(task, sock->file, msg, CS_UNSURE_PINS, returned(ctx));
}

SEC("?fexit/unix_stream_recvmsg")
int TRACED_PROG(on_unix_stream_recvmsg, struct socket *sock, struct msghdr *msg, u64 size,
		int flags)
{
	return received(task, sock->file, msg, size, flags, returned(ctx));
}

SEC("?fexit/__unix_dgram_recvmsg")
int TRACED_PROG(on_unix_dgram_recvmsg, struct sock *sk, struct msghdr *msg, u64 size, int flags)
{
	return received(task, sk->sk_socket->file, msg, size, flags, returned(ctx));
}

/* Page references that the send under way takes instead of copying. */
static __always_inline int referenced(struct task_struct *task, s64 bytes)
{
	struct thread *t;

	if (bytes <= 0)
		return 0;
	t = thread_of(task);
	if (t)
		t->spliced += bytes;
	return 0;
}

/* Arguments differ by kernel; the return value does not. */
SEC("?fexit/skb_splice_from_iter")
int TRACED_PROG(on_skb_splice_from_iter)
{
	return referenced(task, returned(ctx));
}

/*
 * Splice takes the pages of a packet.  What lies in its head, which is none of
 * its own pages, is copied: see skb_head_is_locked() and linear_to_page() in
 * net/core/skbuff.c.
 */
SEC("?fexit/skb_splice_bits")
int TRACED_PROG(on_skb_splice_bits, struct sk_buff *skb, struct sock *sk, u32 offset, void *pipe,
		u32 length)
{
	struct skb_shared_info *info = (void *)(skb->head + skb->end);
	u32 head = skb->len - skb->data_len;
	struct thread *t;
	int ret;

	ret = returned(ctx);
	if (ret <= 0 || offset >= head)
		return 0;
	if (BPF_CORE_READ_BITFIELD(skb, head_frag) &&
	    !(BPF_CORE_READ_BITFIELD(skb, cloned) &&
	      (u16)BPF_CORE_READ(info, dataref.counter) != 1))
		return 0;
	t = thread_of(task);
	if (!t)
		return 0;
	head -= offset;
	if (head > (u32)ret)
		head = ret;
	t->copied += head;
	/* By none of the primitives: the audit is told, or it would miss them. */
	add_audit(task->tgid, CS_TO_ITER, head, 0);
	return 0;
}

/* The syscall around many messages, counted with the row of the last one. */
static __always_inline int on_mmsg(struct task_struct *task)
{
	struct thread *t;
	struct cs_row *row;

	t = thread_of(task);
	if (!t)
		return 0;
	row = row_at(t->last_slot);
	if (row && row->key.call == current_call(task)) {
		add(row->ops, 1);
		add(row->mode_switches, 2);
	}
	return 0;
}

SEC("?fexit/__sys_sendmmsg")
int TRACED_PROG(on_sendmmsg)
{
	return on_mmsg(task);
}

/* The compiler inlines __sys_recvmmsg(). */
SEC("?fexit/__x64_sys_recvmmsg")
int TRACED_PROG(on_recvmmsg)
{
	return on_mmsg(task);
}

/*
 * Loopback, veth and other devices without hardware have no parent and do no
 * DMA.  This runs in any task: the socket is all that tells whose bytes they
 * are, and process 0 stands for its owner.
 */
SEC("?tp_btf/net_dev_start_xmit")
int BPF_PROG(on_net_dev_start_xmit, struct sk_buff *skb, struct net_device *dev)
{
	struct cs_row_key key = { .call = CS_CALL_KERNEL, .hop = CS_SOCKET_TO_NIC };
	struct cs_endpoint *e;
	u32 index;

	if (!dev->dev.parent || !skb->sk)
		return 0;
	index = sender_of(skb);
	e = endpoint_in(index);
	if (!index || !e)
		return 0;
	key.destination = index;
	add_side(&key, payload_bytes(skb, e->kind));
	return 0;
}
