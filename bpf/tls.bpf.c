// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel TLS in software.  Encryption and decryption are a pass of the CPU
 * over the bytes: from where they are into new pages, which is no copy that
 * could be saved.  The routines are those of the module tls, and what lies
 * below, TCP, gets pages by reference.
 */
#include "bpf/row.bpf.h"

#define REQUEST_SPLICE (CS_CALL_REQUEST | 30) /* IORING_OP_SPLICE */

/* Else the end of the syscall counts what is sent and received. */
static __always_inline bool is_measured(void)
{
	return !is_derived(CS_FAMILY_TCP);
}

/* Whose bytes a record has: the process's own, or those that a splice hands on. */
static __always_inline u8 origin(struct thread *t, struct task_struct *task)
{
	u32 call = call_or_request(t, task);

	return call == NR_sendfile || call == NR_splice || call == REQUEST_SPLICE ?
		       CS_ROW_HANDED_ON :
		       0;
}

/* Pages of the sender from which a record will be encrypted at once. */
SEC("?fexit/sk_msg_zerocopy_from_iter")
int TRACED_PROG(on_sk_msg_zerocopy_from_iter, struct sock *sk, struct iov_iter *from, void *msg,
		u32 bytes)
{
	struct thread *t;

	if ((int)returned(ctx))
		return 0;
	t = thread_of(task);
	if (t)
		t->encrypted += bytes;
	return 0;
}

/*
 * The record that is open gets encrypted: it holds pages of the sender, which
 * the send counts, pages of files and what was copied.
 */
static __always_inline int record_closes(struct task_struct *task, struct sock *sk)
{
	struct cs_row_key key = { .call = CS_CALL_KERNEL, .hop = CS_SOCKET_ENCRYPTED };
	struct tls_context *context =
		BPF_CORE_READ((struct inet_connection_sock *)sk, icsk_ulp_data);
	struct tls_sw_context_tx *tx = BPF_CORE_READ(context, priv_ctx_tx);
	struct tls_rec *record = BPF_CORE_READ(tx, open_rec);
	struct thread *t;
	u64 bytes, pinned;

	if (!record)
		return 0;
	t = thread_of(task);
	if (!t)
		return 0;
	bytes = BPF_CORE_READ(record, msg_plaintext.sg.size);
	/* Of this record: since the one before it, of the same call. */
	pinned = t->encrypted - t->encrypted_before;
	t->encrypted_before = t->encrypted;
	if (bytes <= pinned)
		return 0;
	key.process = t->process;
	key.flags = origin(t, task);
	key.destination = endpoint_of(t, sk->sk_socket->file);
	add_side(&key, bytes - pinned);
	return 0;
}

SEC("?fentry/tls_push_record")
int TRACED_PROG(on_tls_push_record, struct sock *sk)
{
	return record_closes(task, sk);
}

/*
 * Its only caller, where the compiler leaves no trace of the routine itself.  While a
 * program on the socket (sockmap) holds a record back, this is called again for it; no
 * kernel since v7.3 lets one.
 */
SEC("?fentry/bpf_exec_tx_verdict")
int TRACED_PROG(on_bpf_exec_tx_verdict, void *msg, struct sock *sk)
{
	return record_closes(task, sk);
}

/* Of a call that transformed one part and copied the other: moves bytes from row to row. */
static __always_inline void part_was_copied(struct thread *t, u64 copied)
{
	u32 slot = t->last_slot;
	struct cs_row *row = row_at(slot);
	struct cs_row_key key;

	if (!row || row->bytes < copied)
		return;
	key = row->key;
	switch (key.hop) {
	case CS_MAPPING_ENCRYPTED:
		key.hop = CS_MAPPING_TO_SOCKET;
		break;
	case CS_USER_ENCRYPTED:
		key.hop = CS_USER_TO_SOCKET;
		break;
	default:
		key.hop = CS_SOCKET_TO_USER;
	}
	add(row->bytes, -copied);
	add_side(&key, copied);
}

SEC("?fexit/tls_sw_sendmsg")
int TRACED_PROG(on_tls_sw_sendmsg, struct sock *sk, struct msghdr *msg)
{
	struct cs_row_key key = { .hop = CS_USER_ENCRYPTED };
	u8 mapping_hop = CS_MAPPING_ENCRYPTED;
	struct segments s;
	struct thread *t;
	u64 encrypted;
	int ret;

	t = thread_of(task);
	if (!t)
		return 0;
	ret = returned(ctx);
	encrypted = t->encrypted;
	t->encrypted = 0;
	t->encrypted_before = 0;
	if (!is_measured() || !in_user_memory(t, msg->msg_iter.iter_type))
		return 0;
	if (ret > 0 && !encrypted) {
		key.hop = CS_USER_TO_SOCKET;
		mapping_hop = CS_MAPPING_TO_SOCKET;
	}
	key.process = t->process;
	key.destination = endpoint_of(t, sk->sk_socket->file);
	key.call = current_call(task);
	segments_of(t, &msg->msg_iter, msg->msg_iter.iter_type, ret, &s);
	fold_write(t, task, &key, &s, ret, mapping_hop);
	if (ret > 0 && encrypted && encrypted < (u64)ret)
		part_was_copied(t, ret - encrypted);
	return 0;
}

/* The plain text of a record that was decrypted. */
static __always_inline s64 record_bytes(struct sk_buff *skb)
{
	int bytes = 0;

	bpf_probe_read_kernel(&bytes, sizeof(bytes),
			      (char *)skb + bpf_core_field_offset(struct sk_buff, cb) +
				      bpf_core_field_offset(struct sk_skb_cb, strp) +
				      bpf_core_field_offset(struct strp_msg, full_len));
	return bytes;
}

SEC("?fexit/tls_rx_one_record")
int TRACED_PROG(on_tls_rx_one_record, struct sock *sk, struct msghdr *msg,
		struct tls_decrypt_arg *arg)
{
	struct cs_row_key key = { .call = CS_CALL_KERNEL, .hop = CS_SOCKET_DECRYPTED };
	struct thread *t;
	s64 bytes;

	if ((int)returned(ctx) < 0)
		return 0;
	t = thread_of(task);
	if (!t)
		return 0;
	bytes = record_bytes(BPF_CORE_READ(arg, skb));
	if (bytes <= 0)
		return 0;
	if (BPF_CORE_READ(arg, zc)) {
		t->decrypted += bytes;
		return 0;
	}
	key.process = t->process;
	key.flags = origin(t, task);
	key.source = endpoint_of(t, sk->sk_socket->file);
	add_side(&key, bytes);
	return 0;
}

/*
 * The receive buffer is too full for the rest of a record: what is there is
 * copied together, in whatever task runs.
 */
SEC("?fexit/tls_strp_copyin")
int BPF_PROG(on_tls_strp_copyin, read_descriptor_t *descriptor, struct sk_buff *skb)
{
	struct cs_row_key key = { .call = CS_CALL_KERNEL, .hop = CS_SOCKET_GATHERED };
	struct tls_strparser *parser = BPF_CORE_READ(descriptor, arg.data);
	int ret = returned(ctx);

	if (ret <= 0)
		return 0;
	key.source = socket_endpoint((u64)BPF_CORE_READ(parser, sk));
	if (key.source)
		add_side(&key, ret);
	return 0;
}

SEC("?fexit/tls_sw_recvmsg")
int TRACED_PROG(on_tls_sw_recvmsg, struct sock *sk, struct msghdr *msg, u64 size, int flags)
{
	struct cs_row_key key = { .hop = CS_DECRYPTED_TO_USER };
	struct segments s;
	struct thread *t;
	u64 bytes, decrypted;
	int ret;

	t = thread_of(task);
	if (!t)
		return 0;
	decrypted = t->decrypted;
	t->decrypted = 0;
	if (!is_measured() || !in_user_memory(t, msg->msg_iter.iter_type))
		return 0;
	ret = returned(ctx);
	if (flags & MSG_ERRQUEUE && ret <= 0)
		return 0;
	bytes = ret > 0 ? ret : 0;
	if (!decrypted)
		key.hop = CS_SOCKET_TO_USER;
	key.process = t->process;
	key.source = endpoint_of(t, sk->sk_socket->file);
	key.call = current_call(task);
	segments_of(t, &msg->msg_iter, msg->msg_iter.iter_type, bytes, &s);
	fold_read(t, task, &key, &s, bytes, flags & MSG_PEEK ? 0 : bytes);
	if (decrypted && decrypted < bytes)
		part_was_copied(t, bytes - decrypted);
	return 0;
}

/* The module may come after copyscope: then the hooks above are missing. */
SEC("?fexit/tcp_set_ulp")
int TRACED_PROG(on_tcp_set_ulp, struct sock *sk, const char *name)
{
	struct cs_endpoint *e;
	struct thread *t;
	char ulp[4] = {};
	u32 index;

	if ((int)returned(ctx))
		return 0;
	t = thread_of(task);
	if (!t)
		return 0;
	bpf_probe_read_kernel_str(ulp, sizeof(ulp), name);
	if (ulp[0] != 't' || ulp[1] != 'l' || ulp[2] != 's')
		return 0;
	index = endpoint_of(t, sk->sk_socket->file);
	e = endpoint_in(index);
	if (e)
		e->flags |= CS_ENDPOINT_TLS;
	return 0;
}
