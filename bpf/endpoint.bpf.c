// SPDX-License-Identifier: GPL-2.0
/* Describes endpoints at first sight, so that they have names when gone. */
#include "bpf/ledger.bpf.h"
#include "bpf/inode.bpf.h"
#include <bpf/bpf_endian.h>

#define NAME_BYTES 256 /* NAME_MAX and a NUL */
#define PATH_DEPTH 48
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17

/* Which socket sends what a NIC is given: struct sock by address. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CS_MAX_ENDPOINTS);
	__type(key, u64);
	__type(value, u32);
} sockets SEC(".maps");

/*
 * Writes the names from the leaf to the root, see struct cs_endpoint.
 * bpf_d_path() is not allowed in most hooks, so this walks dentries and
 * mounts, as d_path() does; a rename meanwhile can give a mixed path.
 */
__noinline int describe_path(u32 index, u64 file)
{
	struct cs_endpoint *e = bpf_map_lookup_elem(&endpoints, &index);
	struct file *f = (void *)file;
	struct dentry *dentry, *parent, *root;
	struct mount *mount, *up;
	struct vfsmount *vfs;
	u32 used = 0;
	int i;

	if (!e)
		return -1;
	dentry = BPF_CORE_READ(f, f_path.dentry);
	vfs = BPF_CORE_READ(f, f_path.mnt);
	mount = (void *)vfs - bpf_core_field_offset(struct mount, mnt);
	root = BPF_CORE_READ(vfs, mnt_root);
	for (i = 0; i < PATH_DEPTH; i++) {
		parent = BPF_CORE_READ(dentry, d_parent);
		if (dentry == root || dentry == parent) {
			up = BPF_CORE_READ(mount, mnt_parent);
			if (up == mount) {
				if (dentry == parent && dentry != root)
					break; /* not in the tree: memfd, O_TMPFILE */
				goto out;
			}
			if (dentry != root)
				break;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = up;
			root = BPF_CORE_READ(mount, mnt.mnt_root);
			continue;
		}
		if (used > CS_PATH_BYTES - NAME_BYTES)
			break;
		long n = bpf_probe_read_kernel_str(&e->path[used], NAME_BYTES,
						   BPF_CORE_READ(dentry, d_name.name));
		if (n <= 0)
			break;
		used += n & (NAME_BYTES * 2 - 1);
		dentry = parent;
	}
	if (used)
		e->flags |= CS_ENDPOINT_PATH_CUT;
out:
	e->path_bytes = used;
	return 0;
}

static __always_inline void describe_inet(struct cs_endpoint *e, struct sock *sk)
{
	e->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	e->peer_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (e->family == AF_INET) {
		bpf_core_read(e->local, 4, &sk->__sk_common.skc_rcv_saddr);
		bpf_core_read(e->peer, 4, &sk->__sk_common.skc_daddr);
	} else {
		bpf_core_read(e->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_core_read(e->peer, 16, &sk->__sk_common.skc_v6_daddr);
	}
}

/* A unix socket is called as it is bound, or as its peer is. */
static __always_inline void describe_unix(struct cs_endpoint *e, struct sock *sk)
{
	struct unix_sock *u = (void *)sk;
	struct unix_address *name = BPF_CORE_READ(u, addr);
	int bytes;

	if (!name) {
		u = (void *)BPF_CORE_READ(u, peer);
		name = u ? BPF_CORE_READ(u, addr) : NULL;
	}
	if (!name)
		return;
	bytes = BPF_CORE_READ(name, len) - (int)sizeof(u16);
	if (bytes <= 0 || bytes > (int)sizeof(((struct sockaddr_un *)0)->sun_path))
		return;
	bpf_probe_read_kernel(e->path, bytes & 127, name->name[0].sun_path);
	e->path_bytes = bytes;
}

__noinline int describe_socket(struct cs_endpoint *e, u32 index, u64 file)
{
	struct file *f = (void *)file;
	struct socket *socket = BPF_CORE_READ(f, private_data);
	struct sock *sk = BPF_CORE_READ(socket, sk);
	u64 at = (u64)sk;
	u16 protocol = BPF_CORE_READ(sk, sk_protocol);

	if (!e)
		return -1;
	e->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	e->kind = CS_KIND_OTHER;
	if (e->family == AF_INET || e->family == AF_INET6) {
		if (protocol == IPPROTO_TCP)
			e->kind = CS_KIND_TCP;
		else if (protocol == IPPROTO_UDP)
			e->kind = CS_KIND_UDP;
		describe_inet(e, sk);
		bpf_map_update_elem(&sockets, &at, &index, BPF_ANY);
	} else if (e->family == AF_UNIX) {
		e->kind = CS_KIND_UNIX;
		describe_unix(e, sk);
	}
	return 0;
}

/* The endpoint of struct sock @sk, or 0 if it was never seen in an operation. */
__noinline u32 socket_endpoint(u64 sk)
{
	struct sock *s = (void *)sk;
	struct cs_endpoint *e;
	u32 *index = bpf_map_lookup_elem(&sockets, &sk);

	if (!index)
		return 0;
	e = bpf_map_lookup_elem(&endpoints, index);
	/* The address may belong to a new socket by now. */
	if (!e || e->local_port != BPF_CORE_READ(s, __sk_common.skc_num))
		return 0;
	return *index;
}
