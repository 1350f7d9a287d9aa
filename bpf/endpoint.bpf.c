// SPDX-License-Identifier: GPL-2.0
/* Describes endpoints at first sight, so that they have names when gone. */
#include "bpf/ledger.bpf.h"
#include "bpf/inode.bpf.h"
#include <bpf/bpf_endian.h>

#define NAME_BYTES 256 /* NAME_MAX and a NUL */
#define PATH_DEPTH 48
#define AF_UNIX 1

__u32 nr_endpoints = CS_FIRST_ENDPOINT;
__u64 reached_by[CS_MAX_ENDPOINTS];

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CS_MAX_ENDPOINTS);
	__type(key, struct cs_inode_key);
	__type(value, u32);
} endpoint_index SEC(".maps");

/* Which socket sends what a NIC is given: struct sock by address. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CS_MAX_ENDPOINTS);
	__type(key, u64);
	__type(value, u32);
} sockets SEC(".maps");

struct path_walk {
	u64 dentry;
	u64 mount;
	u32 index; /* of the endpoint */
	u32 used;
	u32 whole; /* the walk got to the root */
};

static long path_step(u32 i, struct path_walk *w)
{
	struct cs_endpoint *e = endpoint_in(w->index);
	struct dentry *dentry = (void *)w->dentry;
	struct mount *mount = (void *)w->mount, *up;
	u64 parent = (u64)BPF_CORE_READ(dentry, d_parent);
	u64 root = (u64)BPF_CORE_READ(mount, mnt.mnt_root);
	u32 used = w->used;
	long n;

	if (w->dentry == root || w->dentry == parent) {
		up = BPF_CORE_READ(mount, mnt_parent);
		if (up == mount)
			w->whole = w->dentry == root;
		/* Without a root of its own it is in no tree: memfd, O_TMPFILE. */
		if (up == mount || w->dentry != root)
			return 1;
		w->dentry = (u64)BPF_CORE_READ(mount, mnt_mountpoint);
		w->mount = (u64)up;
		return 0;
	}
	if (!e || used > CS_PATH_BYTES - NAME_BYTES)
		return 1;
	n = bpf_probe_read_kernel_str(&e->path[used], NAME_BYTES,
				      BPF_CORE_READ(dentry, d_name.name));
	if (n <= 0)
		return 1;
	w->used += n;
	w->dentry = parent;
	return 0;
}

/*
 * Writes the names from the leaf to the root, see struct cs_endpoint.
 * bpf_d_path() is not allowed in most hooks, so this walks dentries and
 * mounts, as d_path() does; a rename meanwhile can give a mixed path.
 */
static __always_inline void describe_path(u32 index, u64 dentry, u64 vfsmount)
{
	struct cs_endpoint *e = endpoint_in(index);
	u64 *mount = element_at(reached_by, CS_MAX_ENDPOINTS, index);
	struct path_walk w = {
		.dentry = dentry,
		.mount = vfsmount - bpf_core_field_offset(struct mount, mnt),
		.index = index,
		.used = none,
	};

	if (!e || !mount)
		return;
	*mount = vfsmount;
	bpf_loop(PATH_DEPTH, path_step, &w, none);
	if (!w.whole)
		e->flags |= CS_ENDPOINT_PATH_CUT;
	e->path_bytes = w.used;
}

/* The same for name.bpf.c; a call less deep where operations describe an endpoint. */
__noinline int path_describe(u32 index, u64 dentry, u64 vfsmount)
{
	describe_path(index, dentry, vfsmount);
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

static __always_inline void describe_socket(struct cs_endpoint *e, u32 index, u64 file)
{
	struct file *f = (void *)file;
	struct socket *socket = BPF_CORE_READ(f, private_data);
	struct sock *sk = BPF_CORE_READ(socket, sk);
	u64 at = (u64)sk;
	u16 protocol = BPF_CORE_READ(sk, sk_protocol);

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
}

static __always_inline void describe_kind(struct cs_endpoint *e, u32 format, u64 inode)
{
	if (format == S_IFIFO) {
		e->kind = CS_KIND_PIPE;
	} else if (format == S_IFREG) {
		e->kind = CS_KIND_FILE;
	} else if (format == S_IFCHR || format == S_IFBLK) {
		e->kind = CS_KIND_DEVICE;
		e->rdev = BPF_CORE_READ((struct inode *)inode, i_rdev);
	} else {
		e->kind = CS_KIND_OTHER;
	}
}

static __always_inline void endpoint_describe(struct cs_endpoint *e, u32 index, u64 inode, u64 file)
{
	u32 format = BPF_CORE_READ((struct inode *)inode, i_mode) & S_IFMT;
	struct path *path;

	if (format == S_IFSOCK) {
		describe_socket(e, index, file);
	} else {
		path = (void *)path_of(file);
		describe_path(index, (u64)BPF_CORE_READ(path, dentry),
			      (u64)BPF_CORE_READ(path, mnt));
		describe_kind(e, format, inode);
	}
	if (!BPF_CORE_READ((struct inode *)inode, i_nlink))
		e->flags |= CS_ENDPOINT_DELETED;
	e->flags |= CS_ENDPOINT_DESCRIBED;
}

#define MADE (1u << 31)

/*
 * The slot of @key, with MADE if it is new; CS_LOST_ENDPOINT when the table is full.
 * Global as real_inode() is: the verifier knows nothing of what these return, and
 * looks at what comes after them once, not once for each of their ways.
 */
__noinline u32 endpoint_slot(struct cs_inode_key *inode)
{
	struct cs_inode_key copy, *key = &copy; /* Linux 6.1 takes keys from the stack only */
	u32 slot, *known;

	if (!inode)
		return CS_LOST_ENDPOINT;
	copy = *inode;
	known = bpf_map_lookup_elem(&endpoint_index, key);
	if (known)
		return *known;
	slot = next_slot(&nr_endpoints, CS_MAX_ENDPOINTS);
	if (slot && !bpf_map_update_elem(&endpoint_index, key, &slot, BPF_NOEXIST))
		return slot | MADE;
	known = bpf_map_lookup_elem(&endpoint_index, key);
	if (known)
		return *known;
	add(lost.endpoints, 1);
	return CS_LOST_ENDPOINT;
}

/* The inode that holds the page cache of @file: overlayfs has none of its own. */
__noinline u64 real_inode(u64 inode, u64 file)
{
	struct file *below;

	if (!file || BPF_CORE_READ((struct inode *)inode, i_sb, s_magic) != OVERLAYFS_MAGIC ||
	    (BPF_CORE_READ((struct inode *)inode, i_mode) & S_IFMT) != S_IFREG)
		return inode;
	below = file_below((struct file *)file);
	return below ? (u64)BPF_CORE_READ(below, f_inode) : inode;
}

/* The endpoint of an inode that made room for another, or -1. */
__noinline int look_beside(struct thread *t, u64 inode)
{
	struct endpoint_cache *c;

	if (!t)
		return -1;
	c = endpoint_beside(t, inode);
	return c->inode == inode && is_cached(c) ? (int)c->index : -1;
}

/*
 * The index of the endpoint behind @inode, described by @file if that is not 0
 * and it was not yet; kept in the cache of @t if there is one.  Never fails: a
 * full table gives CS_LOST_ENDPOINT.
 */
__noinline int endpoint_find(struct thread *t, u64 inode, u64 file)
{
	struct cs_inode_key key;
	struct cs_endpoint *e;
	struct endpoint_cache *c;
	u64 of_file = inode;
	u32 slot, made;
	int known;

	if (!inode)
		return CS_LOST_ENDPOINT;
	known = look_beside(t, inode);
	if (known >= 0)
		return known;
	inode = real_inode(inode, file);
	inode_key(inode, &key);
	slot = endpoint_slot(&key);
	made = slot & MADE;
	slot &= ~MADE;
	if (slot == CS_LOST_ENDPOINT)
		return slot;
	e = endpoint_in(slot);
	if (!e)
		return CS_LOST_ENDPOINT;
	if (made) {
		e->inode = key;
		if ((BPF_CORE_READ((struct inode *)inode, i_mode) & S_IFMT) == S_IFREG)
			e->kind = CS_KIND_FILE;
		if (is_in_memory(inode))
			e->flags |= CS_ENDPOINT_IN_MEMORY;
	}
	if (file && !(e->flags & CS_ENDPOINT_DESCRIBED))
		endpoint_describe(e, slot, inode, file);
	/* Another file with the inode of an overlay may stand on another one. */
	if (t && file && inode == of_file) {
		c = endpoint_cached(t, inode);
		*endpoint_beside(t, inode) = *c;
		c->inode = inode;
		c->ino = key.ino;
		c->generation = key.generation;
		c->index = slot;
	}
	return slot;
}

/* The index of an endpoint seen before, or -1. */
__noinline int endpoint_known(u64 inode)
{
	struct cs_inode_key key;
	u32 *known;

	inode_key(inode, &key);
	known = bpf_map_lookup_elem(&endpoint_index, &key);
	return known ? *known : -1;
}

static __always_inline bool is_peer(const struct cs_endpoint *e, struct sock *sk)
{
	u32 peer[4] = {}, known[4];
	int i;

	if (e->peer_port != bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport)))
		return false;
	if (e->family == AF_INET)
		bpf_core_read(peer, 4, &sk->__sk_common.skc_daddr);
	else
		bpf_core_read(peer, 16, &sk->__sk_common.skc_v6_daddr);
	__builtin_memcpy(known, e->peer, sizeof(known));
	for (i = 0; i < 4; i++)
		if (peer[i] != known[i])
			return false;
	return true;
}

/* The endpoint of struct sock @sk, or 0 if it was never seen in an operation. */
__noinline u32 socket_endpoint(u64 sk)
{
	struct sock *s = (void *)sk;
	struct cs_endpoint *e;
	u32 *index = bpf_map_lookup_elem(&sockets, &sk);

	if (!index)
		return 0;
	e = endpoint_in(*index);
	/*
	 * The address may belong to a new socket by now: at a listener's port its peer
	 * is another.  UDP may have been connected since.
	 */
	if (!e || e->local_port != BPF_CORE_READ(s, __sk_common.skc_num))
		return 0;
	return e->kind != CS_KIND_TCP || is_peer(e, s) ? *index : 0;
}

/* The memory of the process of @task, as an endpoint. */
__noinline int process_endpoint(u64 task)
{
	struct task_struct *leader = BPF_CORE_READ((struct task_struct *)task, group_leader);
	struct cs_inode_key key = {
		.generation = BPF_CORE_READ(leader, tgid),
		.ino = BPF_CORE_READ(leader, start_boottime),
	};
	struct cs_endpoint *e;
	u32 slot, made;

	slot = endpoint_slot(&key);
	made = slot & MADE;
	slot &= ~MADE;
	e = endpoint_in(slot);
	if (slot == CS_LOST_ENDPOINT || !e || !made)
		return slot;
	e->inode = key;
	e->kind = CS_KIND_MEMORY;
	e->rdev = key.generation;
	bpf_probe_read_kernel(e->path, sizeof(leader->comm), leader->comm);
	e->path_bytes = sizeof(leader->comm);
	e->flags |= CS_ENDPOINT_PROCESS | CS_ENDPOINT_DESCRIBED;
	return slot;
}
