// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/gather.h"
#include "util/cleanup.h"
#include "util/memory.h"

struct inode_key {
	uint32_t major, minor;
	uint64_t ino;
};

static int compare_keys(const void *one, const void *other)
{
	const struct inode_key *a = one, *b = other;

	if (a->ino != b->ino)
		return a->ino < b->ino ? -1 : 1;
	if (a->major != b->major)
		return a->major < b->major ? -1 : 1;
	return (a->minor > b->minor) - (a->minor < b->minor);
}

bool gather_is_new(struct gather *gather, uint32_t major, uint32_t minor, uint64_t ino)
{
	struct inode_key *key = zalloc(1, sizeof(*key)), **in_tree;

	*key = (struct inode_key){ major, minor, ino };
	in_tree = tsearch(key, &gather->seen, compare_keys);
	if (!in_tree)
		abort();
	if (*in_tree == key)
		return true;
	free(key);
	return false;
}

void gather_end(struct gather *gather)
{
	tdestroy(gather->seen, free);
	gather->seen = NULL;
}

bool gather_add(struct gather *gather, const char *path, bool named, struct residency *residency)
{
	static const char deleted[] = " (deleted)";
	struct pages_file *file;
	size_t length = strlen(path);

	if (residency->has_inode &&
	    !gather_is_new(gather, residency->dev_major, residency->dev_minor, residency->ino)) {
		residency_release(residency);
		return true;
	}
	file = pages_add(gather->pages);
	file->residency = *residency;
	file->named = named;
	file->deleted = residency->ino && !residency->links;
	/* As the kernel's links below /proc call it. */
	if (file->deleted && length > strlen(deleted) &&
	    !strcmp(path + length - strlen(deleted), deleted))
		length -= strlen(deleted);
	file->path = strndup(path, length);
	if (!file->path)
		abort();
	return !gather->on_file || gather->on_file(gather);
}

/* Folders of /proc and the like are not gone into: opening their files may act. */
static bool is_pseudo_folder(const FTSENT *entry)
{
	_cleanup_close_ int fd = -1;

	if (entry->fts_level > FTS_ROOTLEVEL &&
	    entry->fts_statp->st_dev == entry->fts_parent->fts_statp->st_dev)
		return false;
	fd = open(entry->fts_accpath, O_PATH | O_CLOEXEC);
	return fd >= 0 && residency_is_pseudo(fd);
}

static bool add_file(struct gather *gather, const FTSENT *entry)
{
	bool named = entry->fts_level == FTS_ROOTLEVEL;
	struct residency residency;
	int error = residency_of_path(gather->reader, AT_FDCWD, entry->fts_accpath, named,
				      gather->extents, &residency);

	/* Gone, or another kind of thing by now: such is life on the way. */
	if (!named && (error == -ENOENT || error == -ELOOP || error == -EISDIR ||
		       error == RESIDENCY_NOT_REGULAR || error == RESIDENCY_PSEUDO))
		return true;
	if (error)
		gather->on_problem(gather, entry->fts_path, named, residency_why(error));
	return gather_add(gather, entry->fts_path, named, &residency);
}

static void problem(struct gather *gather, const FTSENT *entry, int error)
{
	bool named = entry->fts_level == FTS_ROOTLEVEL;
	struct residency residency;

	if (!named && error == -ENOENT)
		return;
	gather->on_problem(gather, entry->fts_path, named, residency_why(error));
	if (!named)
		return;
	residency_init(&residency);
	residency.error = error;
	residency.why = residency_why(error);
	gather_add(gather, entry->fts_path, true, &residency);
}

/*
 * glibc's fts(3) doubles its room for a path, and ends the whole walk when that would be more
 * than 16 bits can tell: the last room that it gets is a little more than half of this.
 */
enum { TOO_DEEP_SHOWN = 60 };

static bool is_too_deep(const FTSENT *entry)
{
	return entry->fts_pathlen > GATHER_PATH_MAX;
}

static bool visit(struct gather *gather, FTS *walk, FTSENT *entry)
{
	switch (entry->fts_info) {
	case FTS_D:
		if (is_too_deep(entry)) {
			char kept = entry->fts_path[TOO_DEEP_SHOWN];

			/* Named by its first part: the rest is 32 KiB of names. */
			entry->fts_path[TOO_DEEP_SHOWN] = 0;
			gather->on_problem(gather, entry->fts_path, false,
					   "left out, as a chain of folders below is longer than "
					   "32 KiB");
			entry->fts_path[TOO_DEEP_SHOWN] = kept;
			fts_set(walk, entry, FTS_SKIP);
			return true;
		}
		if (!is_pseudo_folder(entry))
			return true;
		if (entry->fts_level == FTS_ROOTLEVEL)
			problem(gather, entry, RESIDENCY_PSEUDO);
		fts_set(walk, entry, FTS_SKIP);
		return true;
	case FTS_F:
		return add_file(gather, entry);
	case FTS_DEFAULT:
	case FTS_SL:
		if (entry->fts_level == FTS_ROOTLEVEL)
			problem(gather, entry, RESIDENCY_NOT_REGULAR);
		return true;
	case FTS_SLNONE:
		if (entry->fts_level == FTS_ROOTLEVEL)
			problem(gather, entry, -ENOENT);
		return true;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		problem(gather, entry, -entry->fts_errno);
		return true;
	default: /* FTS_DP; FTS_DC: a folder that is on the way to itself */
		return true;
	}
}

static int by_name(const FTSENT **one, const FTSENT **other)
{
	return strcmp((*one)->fts_name, (*other)->fts_name);
}

void gather_path(struct gather *gather, const char *path)
{
	_cleanup_free_ char *copy = strdup(path);
	char *paths[] = { copy, NULL };
	struct residency residency;
	FTSENT *entry;
	FTS *walk;

	/* fts_open() takes no empty name. */
	if (!*path) {
		residency_init(&residency);
		gather->on_problem(gather, path, true, residency_why(-ENOENT));
		return;
	}
	walk = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW, by_name);
	if (!walk) {
		gather->on_problem(gather, path, true, residency_why(-errno));
		return;
	}
	while ((errno = 0, entry = fts_read(walk)))
		if (!visit(gather, walk, entry))
			break;
	/* Not at its end, but unable to go on. */
	if (!entry && errno)
		gather->on_problem(gather, path, true, residency_why(-errno));
	fts_close(walk);
}
