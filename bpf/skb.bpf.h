/* SPDX-License-Identifier: GPL-2.0 */
/* Packets on their way to a device, and whose they are. */
#ifndef CS_SKB_BPF_H
#define CS_SKB_BPF_H

#include "bpf/ledger.bpf.h"

#define UDP_HEADER_BYTES 8
#define TCP_TIME_WAIT 6
#define TCP_NEW_SYN_RECV 12

/* Payload bytes of a packet that stands before a device. */
static __always_inline u64 payload_bytes(struct sk_buff *skb, u32 kind)
{
	unsigned char *head = BPF_CORE_READ(skb, head);
	u64 start =
		BPF_CORE_READ(skb, transport_header) + (u64)head - (u64)BPF_CORE_READ(skb, data);
	u64 bytes = BPF_CORE_READ(skb, len);
	u8 words = 0;

	if (kind == CS_KIND_TCP) {
		bpf_probe_read_kernel(&words, 1, head + BPF_CORE_READ(skb, transport_header) + 12);
		start += (words >> 4) * 4;
	} else {
		start += UDP_HEADER_BYTES;
	}
	return bytes > start ? bytes - start : 0;
}

/*
 * The first packets leave before the first operation on the socket has ended,
 * most of them in the context of the task that sends.  Softirqs of others run
 * there, too: a foreign socket may be described, but has no operation of ours.
 * Its state is left alone, since this may have interrupted a hook of the task.
 */
static __always_inline u32 socket_at_first_sight(struct sock *sk)
{
	u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);
	struct file *file;

	if (!is_traced(bpf_get_current_task_btf()))
		return 0;
	if (state == TCP_TIME_WAIT || state == TCP_NEW_SYN_RECV)
		return 0; /* no full struct sock */
	file = BPF_CORE_READ(sk, sk_socket, file);
	if (!file)
		return 0;
	return endpoint_find(NULL, (u64)BPF_CORE_READ(file, f_inode), (u64)file);
}

/* The endpoint that sends @skb, which has a socket; 0 if it is nothing to us. */
static __always_inline u32 sender_of(struct sk_buff *skb)
{
	struct sock *sk = BPF_CORE_READ(skb, sk);
	u32 index = socket_endpoint((u64)sk);

	return index ? index : socket_at_first_sight(sk);
}

#endif
