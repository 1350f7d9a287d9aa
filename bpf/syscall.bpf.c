// SPDX-License-Identifier: GPL-2.0
/*
 * The derived tier: what a syscall and its endpoints imply, for the families
 * of routines that offer no hook (derived).  It slows every syscall
 * of every task a little, so it is attached only when a family needs it.
 * Arguments are still in the registers when the syscall ends.
 */
#include "bpf/row.bpf.h"
#include "bpf/inode.bpf.h"
#include "bpf/direct.bpf.h"
#include "bpf/buffer.bpf.h"

#define EINTR 4
#define MAX_MESSAGES 1024 /* UIO_MAXIOV, as the kernel has it */

enum {
	NR_read = 0,
	NR_write = 1,
	NR_mmap = 9,
	NR_mprotect = 10,
	NR_munmap = 11,
	NR_brk = 12,
	NR_pread64 = 17,
	NR_pwrite64 = 18,
	NR_readv = 19,
	NR_writev = 20,
	NR_mremap = 25,
	NR_sendfile64 = 40,
	NR_sendto = 44,
	NR_recvfrom = 45,
	NR_sendmsg = 46,
	NR_recvmsg = 47,
	NR_tee = 276,
	NR_preadv = 295,
	NR_pwritev = 296,
	NR_copy_file_range2 = 326,
	NR_preadv2 = 327,
	NR_pwritev2 = 328,
};

struct user_msghdr {
	u64 name;
	u64 name_bytes;
	u64 iov;
	u64 nr_iov;
	u64 control;
	u64 control_bytes;
	u64 flags;
};

struct user_mmsghdr {
	struct user_msghdr header;
	u32 bytes;
	u32 unused;
};

/* How a syscall moves bytes: one buffer, an iovec or a message; which way. */
struct form {
	bool moves, in, iov, message;
	u32 flags; /* MSG_* */
};

static __always_inline struct form form_of(u32 call, struct pt_regs *regs)
{
	struct form f = { .moves = true };

	switch (call) {
	case NR_read:
	case NR_pread64:
		f.in = true;
		break;
	case NR_readv:
	case NR_preadv:
	case NR_preadv2:
		f.in = true;
		f.iov = true;
		break;
	case NR_recvfrom:
		f.in = true;
		f.flags = regs->r10;
		break;
	case NR_recvmsg:
		f.in = true;
		f.message = true;
		f.flags = regs->dx;
		break;
	case NR_write:
	case NR_pwrite64:
		break;
	case NR_writev:
	case NR_pwritev:
	case NR_pwritev2:
		f.iov = true;
		break;
	case NR_sendto:
		f.flags = regs->r10;
		break;
	case NR_sendmsg:
		f.message = true;
		f.flags = regs->dx;
		break;
	default:
		f.moves = false;
	}
	return f;
}

static __always_inline u32 family_of(u32 kind, bool in)
{
	switch (kind) {
	case CS_KIND_FILE:
		return in ? CS_FAMILY_FILE_READ : CS_FAMILY_FILE_WRITE;
	case CS_KIND_TCP:
		return CS_FAMILY_TCP;
	case CS_KIND_UDP:
		return CS_FAMILY_UDP;
	case CS_KIND_UNIX:
		return CS_FAMILY_UNIX;
	case CS_KIND_PIPE:
		return CS_FAMILY_PIPE;
	default:
		return CS_FAMILY_DEVICE;
	}
}

static __always_inline u8 hop_of(u32 kind, bool in, bool pinned)
{
	switch (kind) {
	case CS_KIND_FILE:
		return in ? CS_CACHE_TO_USER : CS_USER_TO_CACHE;
	case CS_KIND_PIPE:
		return in ? CS_PIPE_TO_USER : CS_USER_TO_PIPE;
	case CS_KIND_TCP:
	case CS_KIND_UDP:
	case CS_KIND_UNIX:
		if (in)
			return CS_SOCKET_TO_USER;
		return pinned ? CS_USER_PINNED_BY_SOCKET : CS_USER_TO_SOCKET;
	default:
		return in ? CS_DEVICE_TO_USER : CS_USER_TO_DEVICE;
	}
}

static __always_inline u8 mapping_hop_of(u32 kind, bool pinned)
{
	switch (kind) {
	case CS_KIND_FILE:
		return CS_MAPPING_TO_CACHE;
	case CS_KIND_PIPE:
		return CS_MAPPING_TO_PIPE;
	case CS_KIND_TCP:
	case CS_KIND_UDP:
	case CS_KIND_UNIX:
		return pinned ? CS_MAPPING_PINNED_BY_SOCKET : CS_MAPPING_TO_SOCKET;
	default:
		return CS_MAPPING_TO_DEVICE;
	}
}

/* As the kernel numbers mem:null and mem:zero. */
#define NULL_DEVICE (1 << 20 | 3)
#define ZERO_DEVICE (1 << 20 | 5)

static __always_inline u32 device_of(u32 index)
{
	struct cs_endpoint *e = endpoint_in(index);

	return e && e->kind == CS_KIND_DEVICE ? e->rdev : 0;
}

/* Moves @bytes between the endpoint at hand and the buffers @s. */
static __always_inline void derive(struct thread *t, struct task_struct *task, u32 call,
				   u32 endpoint, bool in, u32 flags, struct segments *s, s64 bytes)
{
	struct cs_row_key key = { .process = t->process, .call = call, .flags = CS_ROW_DERIVED };
	bool pinned = flags & MSG_ZEROCOPY;
	u32 kind = kind_of(endpoint);
	u32 device = device_of(endpoint);

	key.hop = hop_of(kind, in, pinned);
	s->user = 1;
	s->bytes = bytes > 0 ? bytes : 0;
	if (!in && (device == NULL_DEVICE || device == ZERO_DEVICE)) {
		key.destination = endpoint;
		fold_dropped(t, &key, s, bytes);
		return;
	}
	if (in) {
		key.source = endpoint;
		fold_filled(t, task, &key, s, s->bytes, device == ZERO_DEVICE ? 0 : s->bytes,
			    flags & MSG_PEEK ? 0 : s->bytes);
	} else {
		key.destination = endpoint;
		fold_write(t, task, &key, s, bytes, mapping_hop_of(kind, pinned));
	}
}

struct room {
	u64 at; /* struct iovec in user memory */
	u64 left; /* of them */
	u64 bytes;
};

static long add_room(u32 i, struct room *room)
{
	struct iovec v = {};

	if (!room->left)
		return 1;
	bpf_probe_read_user(&v, sizeof(v), (void *)room->at);
	room->at += sizeof(v);
	room->left--;
	room->bytes += v.iov_len;
	return 0;
}

/* What a message has room for: with MSG_TRUNC a datagram may tell a greater length. */
__noinline u64 room_of(u64 header)
{
	struct user_msghdr *h = (void *)header;
	struct room room = {};

	bpf_probe_read_user(&room.at, sizeof(room.at), &h->iov);
	bpf_probe_read_user(&room.left, sizeof(room.left), &h->nr_iov);
	bpf_loop(MAX_MESSAGES, add_room, &room, 0);
	return room.bytes;
}

static __always_inline s64 at_most(s64 bytes, u64 room)
{
	return bytes > (s64)room ? (s64)room : bytes;
}

/* One message of sendmmsg() or recvmmsg(). */
struct messages {
	u64 at; /* struct mmsghdr in user memory */
	u32 count;
	u32 endpoint;
	u32 call;
	u32 flags;
};

static long derive_message(u32 i, struct messages *m)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *t = thread_known(task);
	struct user_mmsghdr *h = (void *)m->at;
	struct segments s = {};

	if (!t || i >= m->count)
		return 1;
	/* Stack is scarce: no copy of the whole header. */
	bpf_probe_read_user(&s.iov, sizeof(s.iov), &h[i].header.iov);
	bpf_probe_read_user(&s.bytes, sizeof(h[i].bytes), &h[i].bytes);
	if (m->flags & MSG_TRUNC)
		s.bytes = at_most(s.bytes, room_of((u64)&h[i].header));
	derive(t, task, m->call, m->endpoint, m->call == NR_recvmmsg, m->flags, &s, s.bytes);
	return 0;
}

/* The endpoint behind a descriptor; CS_MEMORY if it is not open any more. */
static __noinline u32 endpoint_of_fd(struct thread *t, u32 fd)
{
	u64 file = file_of_fd(bpf_get_current_task_btf(), fd);

	return file ? endpoint_at(t, file) : CS_MEMORY;
}

/* Inline: all of the eight frames that a program may have are in use below it. */
static __always_inline void derive_messages(struct thread *t, struct pt_regs *regs, s64 ret)
{
	u32 endpoint = endpoint_of_fd(t, regs->di);
	u32 call = regs->orig_ax;
	struct messages m;
	struct cs_row *row;

	if (ret <= 0 || endpoint == CS_MEMORY ||
	    !is_derived(family_of(kind_of(endpoint), call == NR_recvmmsg)))
		return;
	m.at = regs->si;
	m.count = ret;
	m.endpoint = endpoint;
	m.call = call;
	m.flags = regs->r10;
	bpf_loop(MAX_MESSAGES, derive_message, &m, 0);
	row = row_at(t->last_slot);
	if (row) {
		add(row->ops, 1);
		add(row->mode_switches, 2);
	}
}

/* Not inline, as the two below: a program's stack has 512 bytes for all its frames. */
static __noinline void derive_direct(struct thread *t, struct pt_regs *regs, s64 ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 in, out;

	switch (regs->orig_ax) {
	case NR_sendfile64:
		in = file_of_fd(task, regs->si);
		out = file_of_fd(task, regs->di);
		break;
	case NR_tee:
		in = file_of_fd(task, regs->di);
		out = file_of_fd(task, regs->si);
		break;
	default:
		in = file_of_fd(task, regs->di);
		out = file_of_fd(task, regs->dx);
	}
	if (in && out)
		fold_between(t, task, endpoint_at(t, in), endpoint_at(t, out), ret, CS_ROW_DERIVED);
}

static __noinline void derive_vmsplice(struct thread *t, struct pt_regs *regs, s64 ret)
{
	fold_vmsplice(t, bpf_get_current_task_btf(), regs, ret, CS_ROW_DERIVED);
}

static __noinline void derive_one(struct thread *t, struct pt_regs *regs, s64 ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 call = regs->orig_ax;
	struct form f = form_of(call, regs);
	struct user_msghdr *h = (void *)regs->si;
	struct segments s = {};
	u32 endpoint, family;
	u64 file;

	if (!f.moves)
		return;
	file = file_of_fd(task, regs->di);
	if (!file)
		return;
	endpoint = endpoint_at(t, file);
	family = family_of(kind_of(endpoint), f.in);
	if (!is_derived(family))
		return;
	if (f.in && f.flags & MSG_TRUNC && family == CS_FAMILY_TCP)
		ret = 0;
	if (f.message) {
		bpf_probe_read_user(&s.iov, sizeof(s.iov), &h->iov);
		if (f.in && f.flags & MSG_TRUNC)
			ret = at_most(ret, room_of(regs->si));
	} else if (f.iov) {
		s.iov = regs->si;
	} else {
		s.base = regs->si;
		if (ret > (s64)regs->dx)
			ret = regs->dx; /* a longer datagram, cut */
	}
	derive(t, task, call, endpoint, f.in, f.flags, &s, ret);
}

SEC("?tp_btf/sys_exit")
int TRACED_PROG(on_sys_exit, struct pt_regs *regs, s64 ret)
{
	struct thread *t;
	u32 call;

	call = regs->orig_ax;
	/* Calls that failed at once never got to the data. */
	if (task->thread_info.status & TS_COMPAT || (ret < 0 && ret != -EAGAIN && ret != -EINTR))
		return 0;
	switch (call) {
	case NR_mmap:
	case NR_mprotect:
	case NR_brk:
	case NR_mremap:
		return is_derived(CS_FAMILY_MAPPING) ? mappings_changed(task, 0, 0) : 0;
	case NR_munmap:
		return is_derived(CS_FAMILY_MAPPING) ? mappings_changed(task, regs->di, regs->si) :
						       0;
	case NR_sendfile64:
	case NR_splice:
	case NR_tee:
	case NR_copy_file_range2:
		if (!is_derived(CS_FAMILY_SPLICE))
			return 0;
		t = thread_of(task);
		if (t)
			derive_direct(t, regs, ret);
		return 0;
	case NR_vmsplice:
		if (!is_derived(CS_FAMILY_SPLICE))
			return 0;
		t = thread_of(task);
		if (t)
			derive_vmsplice(t, regs, ret);
		return 0;
	case NR_sendmmsg:
	case NR_recvmmsg:
		t = thread_of(task);
		if (t)
			derive_messages(t, regs, ret);
		return 0;
	default:
		/* form_of() knows the rest; most calls are none of those. */
		if (call > NR_pwritev2 || (call > NR_recvmsg && call < NR_preadv))
			return 0;
		t = thread_of(task);
		if (t)
			derive_one(t, regs, ret);
	}
	return 0;
}
