// SPDX-License-Identifier: GPL-2.0
/*
 * getsockopt(TCP_ZEROCOPY_RECEIVE): whole pages of packets are mapped into the
 * process, the rest is copied into a buffer if the process gave one.
 */
#include "bpf/row.bpf.h"

/* Behind the pages that were mapped, a part of the same call. */
static __always_inline void rest_was_copied(struct thread *t, struct cs_row_key *key,
					    struct tcp_zerocopy_receive *zc, u64 bytes)
{
	struct segments s = { .base = zc->copybuf_address, .bytes = bytes };

	key->hop = CS_SOCKET_TO_USER;
	fold_part(t, key, bytes, bytes, 0);
	segments_finish(&s, key, key->source, 0);
	remember(&s);
}

SEC("?fexit/tcp_zerocopy_receive")
int TRACED_PROG(on_tcp_zerocopy_receive, struct sock *sk, struct tcp_zerocopy_receive *zc)
{
	struct cs_row_key key = { .hop = CS_SOCKET_MAPPED };
	struct thread *t;

	if ((int)returned(ctx))
		return 0;
	t = thread_of(task);
	if (!t)
		return 0;
	key.process = t->process;
	key.source = endpoint_of(t, sk->sk_socket->file);
	key.call = current_call(task);
	t->copied = 0;
	fold(t, task, &key, zc->length, zc->length);
	if (zc->copybuf_len > 0)
		rest_was_copied(t, &key, zc, zc->copybuf_len);
	return 0;
}
