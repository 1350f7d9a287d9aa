/* SPDX-License-Identifier: GPL-2.0 */
/* Types of the network for bpf/kernel.h, which includes this: sockets, packets, kernel TLS. */
#ifndef CS_KERNEL_NET_H
#define CS_KERNEL_NET_H

struct file;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr {
	u8 s6_addr[16];
};

struct sock_common {
	u16 skc_family;
	unsigned char skc_state;
	u16 skc_num;
	u16 skc_dport;
	u32 skc_daddr;
	u32 skc_rcv_saddr;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct socket {
	struct file *file;
	struct sock *sk;
};

struct sock {
	struct sock_common __sk_common;
	u16 sk_protocol;
	u16 sk_type;
	struct socket *sk_socket;
	u8 sk_kern_sock : 1; /* made by the kernel, for itself */
};

struct sockaddr_un {
	u16 sun_family;
	char sun_path[108];
};

struct unix_address {
	int len;
	struct sockaddr_un name[0];
};

struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};

struct device {
	struct device *parent;
};

struct net_device {
	struct device dev;
};

struct ubuf_info {
	const void *ops;
};

struct skb_shared_info {
	u8 flags;
	struct {
		int counter;
	} dataref;
	void *destructor_arg;
};

struct sk_buff {
	struct sock *sk;
	char cb[48];
	unsigned int len;
	unsigned int data_len;
	int skb_iif;
	u8 cloned : 1;
	u8 head_frag : 1;
	unsigned int end;
	unsigned char *head;
	unsigned char *data;
	u16 transport_header;
};

struct inet_connection_sock {
	void *icsk_ulp_data;
};

/* What getsockopt(TCP_ZEROCOPY_RECEIVE) asks for and is told. */
struct tcp_zerocopy_receive {
	u64 address;
	u32 length;
	u64 copybuf_address;
	int copybuf_len;
};

/* Kernel TLS: most of these are types of a module. */
struct tls_context {
	void *priv_ctx_tx;
};

struct tls_sw_context_tx {
	struct tls_rec *open_rec;
};

struct sk_msg_sg {
	u32 size;
};

struct sk_msg {
	struct sk_msg_sg sg;
};

struct tls_rec {
	struct sk_msg msg_plaintext;
};

struct tls_decrypt_arg {
	bool zc; /* into the buffers of the receiver */
	struct sk_buff *skb; /* else into this one */
};

struct tls_strparser {
	struct sock *sk;
};

typedef struct {
	union {
		void *data;
	} arg;
} read_descriptor_t;

struct strp_msg {
	int full_len;
};

struct _strp_msg {
	int accum_len;
};

/* In the control block of a received packet. */
struct sk_skb_cb {
	struct _strp_msg strp;
};

#pragma clang attribute pop

#endif
