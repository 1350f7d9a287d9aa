// SPDX-License-Identifier: GPL-2.0
/*
 * Names that files get after they were described: of what overlayfs copied up, of a
 * file that is renamed, and of one that had none (O_TMPFILE).  The first name stays
 * beside it where there is room.  None of this is on the way of data.
 */
#include "bpf/ledger.bpf.h"
#include "bpf/inode.bpf.h"

#define NR_MOUNTS 256 /* of a file system that are looked at */
#define RENAME_EXCHANGE 2

struct mount_walk {
	u64 sb;
	u64 at;
	u64 namespace;
	u64 found;
};

static long mount_step(u32 i, struct mount_walk *w)
{
	struct mount *mount = (void *)w->at;

	if (!mount)
		return 1;
	if (!w->found)
		w->found = w->at;
	if ((u64)BPF_CORE_READ(mount, mnt_ns) == w->namespace) {
		w->found = w->at;
		return 1;
	}
	w->at = next_mount(w->sb, w->at);
	return 0;
}

/* A struct vfsmount by which the task reaches the file system, else any one; 0: none. */
static __always_inline u64 mount_of(struct task_struct *task, u64 sb)
{
	struct mount_walk w = {
		.sb = sb,
		.at = first_mount(sb),
		.namespace = (u64)BPF_CORE_READ(task, nsproxy, mnt_ns),
	};

	bpf_loop(NR_MOUNTS, mount_step, &w, none);
	return w.found ? w.found + bpf_core_field_offset(struct mount, mnt) : 0;
}

static __always_inline void name_copied(u32 index, u64 dentry, u64 mount)
{
	struct cs_endpoint *e = endpoint_in(index);

	if (!e || index < CS_FIRST_ENDPOINT || e->flags & CS_ENDPOINT_DESCRIBED)
		return;
	path_describe(index, dentry, mount);
	e->flags |= CS_ENDPOINT_DESCRIBED;
}

/* @dentry is a file of an overlay, all of which is in the upper layer now. */
SEC("?fexit/ovl_copy_up_flags")
int TRACED_PROG(on_ovl_copy_up, struct dentry *dentry)
{
	struct thread *t = thread_known(task);
	u64 file, mount;

	if (!t || !t->copied_up)
		return 0;
	file = address(t, dentry);
	mount = mount_of(task, (u64)BPF_CORE_READ((struct dentry *)file, d_inode, i_sb));
	if (mount) {
		name_copied(t->copied_from, file, mount);
		if (!(int)returned(ctx))
			name_copied(t->copied_up, file, mount);
	}
	t->copied_up = 0;
	return 0;
}

/* Behind the new path, which may be longer than what is left before it. */
static __always_inline void keep_first(struct cs_endpoint *e)
{
	u32 bytes = e->path_bytes;

	if (e->first_bytes || !bytes || bytes >= CS_PATH_BYTES - CS_FIRST_PATH ||
	    e->flags & (CS_ENDPOINT_PATH_CUT | CS_ENDPOINT_DELETED))
		return;
	bpf_probe_read_kernel(&e->path[CS_FIRST_PATH], bytes, e->path);
	e->first_bytes = bytes;
}

/*
 * The endpoint with that @index is called @dentry now.  The path is that of the mount by
 * which it was reached first: an overlay renames the file below, too, which has another.
 */
static __always_inline void name_again(u32 index, u64 dentry, u64 sb)
{
	struct cs_endpoint *e = endpoint_in(index);
	u64 *mount = element_at(reached_by, CS_MAX_ENDPOINTS, index);

	if (!e || !mount || !*mount || !(e->flags & CS_ENDPOINT_DESCRIBED) ||
	    (u64)BPF_CORE_READ((struct vfsmount *)*mount, mnt_sb) != sb)
		return;
	keep_first(e);
	e->flags &= ~(CS_ENDPOINT_PATH_CUT | CS_ENDPOINT_DELETED);
	path_describe(index, dentry, *mount);
	if (e->path_bytes > CS_FIRST_PATH)
		e->first_bytes = 0;
}

/*
 * The endpoint of @inode that has another name, or 0.  overlayfs renames or links the
 * file below within the call for its own, whose inode no endpoint has.
 */
static __always_inline u32 endpoint_renamed(struct thread *t, u64 inode, u64 sb)
{
	u32 index = t->renamed;
	int known;

	t->renamed = 0;
	if (BPF_CORE_READ((struct super_block *)sb, s_magic) == OVERLAYFS_MAGIC)
		return index;
	known = endpoint_known(inode);
	if (known < CS_FIRST_ENDPOINT)
		return 0;
	t->renamed = known;
	return known;
}

/* @old has its new name by now, and @new that of @old if they were exchanged. */
SEC("?fexit/vfs_rename")
int TRACED_PROG(on_vfs_rename, struct renamedata *names)
{
	u64 old = (u64)BPF_CORE_READ(names, old_dentry),
	    new = (u64)BPF_CORE_READ(names, new_dentry);
	u64 inode = (u64)BPF_CORE_READ((struct dentry *)old, d_inode);
	u64 sb = (u64)BPF_CORE_READ((struct inode *)inode, i_sb);
	struct thread *t;
	int exchanged;

	if ((int)returned(ctx))
		return 0;
	t = thread_of(task);
	if (!t)
		return 0;
	name_again(endpoint_renamed(t, inode, sb), old, sb);
	if (!(BPF_CORE_READ(names, flags) & RENAME_EXCHANGE))
		return 0;
	exchanged = endpoint_known((u64)BPF_CORE_READ((struct dentry *)new, d_inode));
	if (exchanged >= CS_FIRST_ENDPOINT)
		name_again(exchanged, new, sb);
	return 0;
}

/* Of a file that has a name, that stays the one it is known by. */
SEC("?fexit/vfs_link")
int TRACED_PROG(on_vfs_link, struct dentry *old, void *idmap, struct inode *folder,
		struct dentry *new)
{
	struct cs_endpoint *e;
	struct thread *t;
	u64 inode, sb;
	u32 index;

	if ((int)returned(ctx))
		return 0;
	t = thread_of(task);
	if (!t)
		return 0;
	inode = (u64)BPF_CORE_READ(old, d_inode);
	sb = (u64)BPF_CORE_READ((struct inode *)inode, i_sb);
	index = endpoint_renamed(t, inode, sb);
	e = endpoint_in(index);
	if (e && e->flags & CS_ENDPOINT_DELETED)
		name_again(index, address(t, new), sb);
	return 0;
}
