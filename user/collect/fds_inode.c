// SPDX-License-Identifier: MIT
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "collect/fds_private.h"

struct inode_name {
	uint64_t ino;
	dev_t dev;
	const char *name; /* of anonymous inodes, which are all one; else empty */
	uint32_t index;
};

static int compare(const void *one, const void *other)
{
	const struct inode_name *a = one, *b = other;

	if (a->ino != b->ino)
		return a->ino < b->ino ? -1 : 1;
	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	return strcmp(a->name, b->name);
}

static bool is_anonymous(const struct stat *st)
{
	return !(st->st_mode & S_IFMT);
}

static enum fds_kind kind_of(const struct stat *st, const char *name)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		/* Of a namespace or a process: "net:[4026531840]". */
		return *name == '/' ? FDS_FILE : FDS_OTHER;
	case S_IFDIR:
		return FDS_FOLDER;
	case S_IFIFO:
		return FDS_PIPE;
	case S_IFCHR:
	case S_IFBLK:
		return FDS_DEVICE;
	}
	return FDS_OTHER; /* sockets: whoever asks for their protocol knows better */
}

static struct inode_name key_of(const struct stat *st, const char *name)
{
	return (struct inode_name){
		.ino = st->st_ino,
		.dev = st->st_dev,
		.name = is_anonymous(st) ? name : "",
	};
}

uint32_t inode_find(struct fds_work *work, const struct stat *st, const char *name)
{
	struct inode_name key = key_of(st, name), **found;

	found = tfind(&key, &work->inodes, compare);
	return found ? (*found)->index : FDS_NONE;
}

static uint32_t add(struct fds_work *work, struct inode_name key, enum fds_kind kind)
{
	struct inode_name *node = zalloc(1, sizeof(*node));
	struct fds_inode *inode;

	*node = key;
	node->name = arena_copy(&work->fds->arena, key.name, strlen(key.name));
	node->index = fds_add_inode(work->fds, kind);
	inode = &work->fds->inodes[node->index];
	inode->dev_major = major(key.dev);
	inode->dev_minor = minor(key.dev);
	inode->ino = key.ino;
	if (!tsearch(node, &work->inodes, compare))
		abort();
	return node->index;
}

/* Of a file without a name /proc says so behind the name that it had. */
static const char *path_of(struct fds *fds, const char *name, bool deleted)
{
	static const char suffix[] = " (deleted)";
	size_t length = strlen(name), more = strlen(suffix);

	if (deleted && length > more && !strcmp(name + length - more, suffix))
		length -= more;
	return arena_copy(&fds->arena, name, length);
}

uint32_t inode_get(struct fds_work *work, const struct stat *st, const char *name, bool *ret_new)
{
	uint32_t index = inode_find(work, st, name);
	struct fds_inode *inode;
	bool nameless;

	*ret_new = index == FDS_NONE;
	if (!*ret_new)
		return index;
	index = add(work, key_of(st, name), kind_of(st, name));
	inode = &work->fds->inodes[index];
	inode->rdev_major = major(st->st_rdev);
	inode->rdev_minor = minor(st->st_rdev);
	inode->deleted = !st->st_nlink && *name == '/';
	nameless = S_ISSOCK(st->st_mode) || (S_ISFIFO(st->st_mode) && *name != '/');
	if (!nameless)
		inode->path = path_of(work->fds, name, inode->deleted);
	if (S_ISSOCK(st->st_mode)) {
		work->has_sockets = true;
		work->socket_major = major(st->st_dev);
		work->socket_minor = minor(st->st_dev);
	}
	return index;
}

uint32_t inode_get_socket(struct fds_work *work, enum fds_kind kind, uint64_t ino)
{
	struct stat st = {
		.st_mode = S_IFSOCK,
		.st_dev = makedev(work->socket_major, work->socket_minor),
		.st_ino = ino,
	};
	uint32_t index = inode_find(work, &st, "");

	if (index != FDS_NONE)
		return index;
	index = add(work, key_of(&st, ""), kind);
	work->fds->inodes[index].only_peer = true;
	return index;
}

void inodes_end(struct fds_work *work)
{
	tdestroy(work->inodes, free);
	work->inodes = NULL;
}
