// SPDX-License-Identifier: GPL-2.0
/*
 * Copies from socket buffer to socket buffer, after the call that sent the
 * bytes: pinned pages that a receiver on this host may not keep, and packets
 * for a device that cannot gather.  They run in any task, so the packet tells
 * whose they are, and process 0 stands for its owner.
 */
#include "bpf/skb.bpf.h"
#include "bpf/compat.bpf.h"

#define MAX_PINNINGS 16384
#define SKBFL_ZEROCOPY_ENABLE 1 /* of an enum without a name to ask the kernel for */

/* Who pinned the pages of the packets that name a struct ubuf_info. */
struct pinning {
	u64 owner; /* a socket, or a ring */
	u64 kind; /* tells MSG_ZEROCOPY's from io_uring's */
	u32 endpoint;
	u32 in_packet; /* the ubuf_info lies in a packet of the socket: MSG_ZEROCOPY */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_PINNINGS);
	__type(key, u64);
	__type(value, struct pinning);
} pinnings SEC(".maps");

/* The socket of the packet whose control block is the ubuf_info. */
static __always_inline u64 socket_around(u64 uarg)
{
	struct sk_buff *skb = (void *)(uarg - bpf_core_field_offset(struct sk_buff, cb));

	return (u64)BPF_CORE_READ(skb, sk);
}

/* The ring of the request whose data the ubuf_info is in. */
static __always_inline u64 ring_around(u64 uarg)
{
	struct io_kiocb *req = (void *)(uarg - bpf_core_field_offset(struct io_notif_data, uarg) -
					bpf_core_field_offset(struct io_kiocb, cmd));

	return (u64)BPF_CORE_READ(req, ctx);
}

static __always_inline u64 owner_around(u64 uarg, bool in_packet)
{
	return in_packet ? socket_around(uarg) : ring_around(uarg);
}

/* The send that is under way pinned @bytes; the packets will name @uarg. */
static __always_inline void pinned(struct thread *t, struct sock *sk, struct msghdr *msg, u64 uarg,
				   u64 bytes)
{
	struct pinning p = {};

	t->spliced += bytes;
	p.kind = ubuf_kind(uarg);
	p.endpoint = endpoint_of(t, sk->sk_socket->file);
	p.in_packet = !msg->msg_ubuf;
	p.owner = owner_around(uarg, p.in_packet);
	bpf_map_update_elem(&pinnings, &uarg, &p, BPF_ANY);
}

SEC("?fexit/skb_zerocopy_iter_stream")
int TRACED_PROG(on_skb_zerocopy_iter_stream, struct sock *sk, struct sk_buff *skb,
		struct msghdr *msg, int len, struct ubuf_info *uarg)
{
	struct thread *t;
	u64 binding = 0;
	int ret;

	ret = returned(ctx);
	if (ret <= 0)
		return 0;
	t = thread_of(task);
	if (!t)
		return 0;
	pinned(t, sk, msg, address(t, uarg), ret);
	/* The sixth argument, since v6.16: the memory of a device, for devmem TCP. */
	if (!bpf_get_func_arg(ctx, 5, &binding) && binding)
		t->dmabuf = 1;
	return 0;
}

/*
 * What UDP pins, by an inlined routine that calls this one; TCP's is seen
 * above.  io_uring comes here twice, the second time without a message.
 */
SEC("?fexit/__zerocopy_sg_from_iter")
int TRACED_PROG(on_zerocopy_sg_from_iter, struct msghdr *msg, struct sock *sk, struct sk_buff *skb,
		void *from, u64 length)
{
	struct skb_shared_info *info;
	struct thread *t;
	int ret;

	ret = returned(ctx);
	if (ret < 0 || !msg || !sk || sk->sk_protocol != IPPROTO_UDP)
		return 0;
	info = (void *)(skb->head + skb->end);
	t = thread_of(task);
	if (t)
		pinned(t, sk, msg, (u64)BPF_CORE_READ(info, destructor_arg), length);
	return 0;
}

/*
 * Before it runs, as it lets go of the pages.  The packet has no socket any
 * more.  Entries of pages unpinned long ago may have the address of a new
 * ubuf_info of someone else, so kind and owner are compared.
 */
SEC("?fentry/skb_copy_ubufs")
int BPF_PROG(on_skb_copy_ubufs, struct sk_buff *skb)
{
	struct cs_row_key key = {
		.call = CS_CALL_KERNEL,
		.hop = CS_SOCKET_TO_SOCKET,
		.flags = CS_ROW_PINNED,
	};
	struct skb_shared_info *info = (void *)(skb->head + skb->end);
	struct pinning *p;
	u64 uarg;

	if (!skb->data_len || !(BPF_CORE_READ(info, flags) & SKBFL_ZEROCOPY_ENABLE))
		return 0;
	uarg = (u64)BPF_CORE_READ(info, destructor_arg);
	p = bpf_map_lookup_elem(&pinnings, &uarg);
	if (!p || p->kind != ubuf_kind(uarg) || p->owner != owner_around(uarg, p->in_packet))
		return 0;
	key.destination = p->endpoint;
	add_side(&key, skb->data_len);
	return 0;
}

/* The owner is that of @skb; @bytes, or the payload of the packet @whole. */
static __always_inline int copied_for_device(struct sk_buff *skb, struct sk_buff *whole, u64 bytes)
{
	struct cs_row_key key = { .call = CS_CALL_KERNEL, .hop = CS_SOCKET_TO_SOCKET };
	struct cs_endpoint *e;
	u32 index;

	index = sender_of(skb);
	e = endpoint_in(index);
	if (!index || !e)
		return 0;
	key.destination = index;
	add_side(&key, whole ? payload_bytes(whole, e->kind) : bytes);
	return 0;
}

/* Packets that came in (skb_iif) may have a socket, too: the one that receives. */
static __always_inline bool is_sent(struct sk_buff *skb)
{
	return skb->sk && !skb->skb_iif;
}

/* A large packet was cut into the segments @at: those without fragments hold copies. */
static __always_inline bool are_copies(u64 at)
{
	return at && at < (u64)-4095 && !BPF_CORE_READ((struct sk_buff *)at, data_len);
}

SEC("?fexit/skb_segment")
int BPF_PROG(on_skb_segment, struct sk_buff *skb)
{
	u64 segments = returned(ctx);

	if (!is_sent(skb) || BPF_CORE_READ(skb, sk, sk_protocol) == IPPROTO_UDP ||
	    !are_copies(segments))
		return 0;
	return copied_for_device(skb, skb, 0);
}

/*
 * UDP takes the socket from the large packet while it is cut, and gives it to
 * the segments.  Segments without one are of a receiver.
 */
SEC("?fexit/__udp_gso_segment")
int BPF_PROG(on_udp_gso_segment, struct sk_buff *skb)
{
	u64 segments = returned(ctx);

	if (!are_copies(segments) || !BPF_CORE_READ((struct sk_buff *)segments, sk))
		return 0;
	return copied_for_device((struct sk_buff *)segments, skb, 0);
}

/*
 * A packet's fragments put behind its header.  Drivers pull a few bytes of
 * headers; for a device that cannot gather all is pulled.
 */
SEC("?fexit/__pskb_pull_tail")
int BPF_PROG(on_pskb_pull_tail, struct sk_buff *skb, int delta)
{
	if (!is_sent(skb) || !returned(ctx) || delta <= 0 || skb->data_len)
		return 0;
	return copied_for_device(skb, NULL, delta);
}
