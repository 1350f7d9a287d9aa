/* SPDX-License-Identifier: GPL-2.0 */
/* Operations between two files without a user buffer. */
#ifndef CS_DIRECT_BPF_H
#define CS_DIRECT_BPF_H

#include "bpf/row.bpf.h"
#include "bpf/inode.bpf.h"

/* The file behind a descriptor of the current task as an address, or 0. */
static __always_inline u64 file_of_fd(struct task_struct *task, u32 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = NULL;

	if (fd < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return (u64)file;
}

/* By kind of source and of destination: the hop of what was copied, of what was handed on. */
static __always_inline u8 direct_hop(u32 from, u32 to, bool copied)
{
	bool to_socket = to == CS_KIND_TCP || to == CS_KIND_UDP || to == CS_KIND_UNIX;

	switch (from) {
	case CS_KIND_FILE:
		if (to == CS_KIND_FILE)
			return copied ? CS_CACHE_TO_CACHE : CS_EXTENTS_SHARED;
		if (to == CS_KIND_PIPE)
			return copied ? CS_CACHE_TO_PIPE : CS_CACHE_HELD_BY_PIPE;
		if (to_socket)
			return copied ? CS_CACHE_TO_SOCKET : CS_CACHE_HELD_BY_SOCKET;
		return CS_CACHE_TO_DEVICE;
	case CS_KIND_PIPE:
		if (to == CS_KIND_FILE)
			return copied ? CS_PIPE_TO_CACHE : CS_PIPE_HELD_BY_CACHE;
		if (to == CS_KIND_PIPE)
			return CS_PIPE_HELD_BY_PIPE;
		if (to_socket)
			return copied ? CS_PIPE_TO_SOCKET : CS_PIPE_HELD_BY_SOCKET;
		return CS_PIPE_HELD_BY_DEVICE;
	case CS_KIND_DEVICE:
	case CS_KIND_OTHER:
		return CS_DEVICE_TO_PIPE;
	default:
		if (to == CS_KIND_FILE)
			return CS_SOCKET_TO_CACHE;
		return copied ? CS_SOCKET_TO_PIPE : CS_SOCKET_HELD_BY_PIPE;
	}
}

static __always_inline u32 kind_of(u32 index)
{
	struct cs_endpoint *e = endpoint_in(index);

	if (!e)
		return CS_KIND_OTHER;
	return e->flags & CS_ENDPOINT_TEXT ? CS_KIND_DEVICE : e->kind;
}

/* endpoint_of() for what the verifier does not know to be a file. */
static __always_inline u32 endpoint_at(struct thread *t, u64 file)
{
	struct inode *inode = BPF_CORE_READ((struct file *)file, f_inode);
	struct endpoint_cache *c = endpoint_cached(t, (u64)inode);

	if (c->inode == (u64)inode && is_cached(c))
		return c->index;
	return endpoint_find(t, (u64)inode, file);
}

/* directio.bpf.c: the same for a splice from or to a file with O_DIRECT. */
int fold_disk(struct thread *t, struct cs_row_key *key, u64 bytes, u64 copied);

/* By hops of one kind what was copied, by hops of the other what was handed on. */
static __always_inline void fold_split(struct thread *t, struct cs_row_key *key, u32 from, u32 to,
				       u64 bytes, u64 copied)
{
	if (copied > bytes)
		copied = bytes;
	key->hop = unknown(t, direct_hop(from, to, copied == bytes && bytes));
	if (copied == bytes || !copied) {
		fold_apart(t, key, bytes, bytes);
		return;
	}
	key->hop = unknown(t, direct_hop(from, to, false));
	fold_apart(t, key, bytes - copied, bytes - copied);
	key->hop = unknown(t, direct_hop(from, to, true));
	fold_part(t, key, copied, copied, 0);
}

/* Which family moves what goes through an endpoint, and by which bit its references are unsure. */
static __always_inline u32 families_of(u32 kind)
{
	switch (kind) {
	case CS_KIND_TCP:
		return 1 << CS_FAMILY_TCP | 1 << CS_UNSURE_REFERENCES;
	case CS_KIND_UDP:
		return 1 << CS_FAMILY_UDP | 1 << CS_UNSURE_REFERENCES;
	case CS_KIND_UNIX:
		return 1 << CS_FAMILY_UNIX | 1 << CS_UNSURE_REFERENCES;
	case CS_KIND_FILE:
		return 1 << CS_FAMILY_FILE_READ | 1 << CS_FAMILY_FILE_WRITE;
	default:
		return 0;
	}
}

/*
 * What a splice copied is told by hooks on both ends.  Where one of them is off, what it
 * did is implied, and the row says so.
 */
static __always_inline u8 ends_derived(u32 from, u32 to)
{
	u32 off = derived;

	return off && off & (families_of(from) | families_of(to)) ? CS_ROW_DERIVED : 0;
}

/* An operation that moved @ret bytes from one endpoint to another. */
static __always_inline void fold_between(struct thread *t, struct task_struct *task, u32 source,
					 u32 destination, s64 ret, u8 flags)
{
	u64 copied = t->copied;
	u64 bytes = ret > 0 ? ret : 0;
	u32 from = kind_of(source), to = kind_of(destination);
	struct cs_row_key key = {
		.process = t->process,
		.source = source,
		.destination = destination,
		.call = current_call(task),
		.flags = flags,
	};

	t->copied = 0;
	t->spliced = 0;
	key.flags |= ends_derived(from, to);
	flags = key.flags;
	/* Derived: files are copied to files, everything else is handed on. */
	if (flags & CS_ROW_DERIVED)
		copied = to == CS_KIND_FILE ? bytes : 0;
	else if (t->disk_to_pipe | t->pipe_to_disk) {
		fold_disk(t, &key, bytes, copied);
		return;
	}
	fold_split(t, &key, from, to, bytes, copied);
}

#define FMODE_WRITE 0x2
#define EBADF 9

/*
 * The end of vmsplice(): with the end of a pipe that writes, user pages go into
 * the pipe as they are; with the one that reads, bytes are copied out.
 */
static __always_inline void fold_vmsplice(struct thread *t, struct task_struct *task,
					  struct pt_regs *regs, s64 ret, u8 flags)
{
	struct cs_row_key key = { .process = t->process, .call = NR_vmsplice, .flags = flags };
	struct segments s = { .iov = regs->si, .bytes = ret > 0 ? ret : 0, .user = 1 };
	u64 file = file_of_fd(task, regs->di);
	u32 pipe;

	if (!file || ret == -EBADF)
		return;
	pipe = endpoint_at(t, file);
	if (BPF_CORE_READ((struct file *)file, f_mode) & FMODE_WRITE) {
		key.destination = pipe;
		key.hop = CS_USER_PINNED_BY_PIPE;
		fold_write(t, task, &key, &s, ret, CS_MAPPING_PINNED_BY_PIPE);
	} else {
		key.source = pipe;
		key.hop = CS_PIPE_TO_USER;
		fold_read(t, task, &key, &s, s.bytes, s.bytes);
	}
}

static __always_inline void fold_direct(struct thread *t, struct task_struct *task, struct file *in,
					struct file *out, s64 ret)
{
	fold_between(t, task, endpoint_of(t, in), endpoint_of(t, out), ret, 0);
}

#endif
