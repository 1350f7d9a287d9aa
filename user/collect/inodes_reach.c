// SPDX-License-Identifier: MIT
/*
 * From a device and an inode number to the inode.  First by the file handle
 * that ext4, XFS and the like make of number and generation: one call for each
 * inode, whether it is open or has a name or not.  Then through the links of
 * all processes: memfds, shared memory, files of other file systems.  Last by a
 * walk over those that are in memory alone, which is bounded.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "collect/gather.h"
#include "collect/inodes.h"
#include "util/cleanup.h"

#define WALKED_AT_MOST 100000 /* names */

struct reach {
	struct listed_inodes *inodes;
	size_t missing;
	size_t names_left;
};

static bool is_same(const struct listed_inode *one, const struct stat *st)
{
	return one->ino == st->st_ino && one->major == major(st->st_dev) &&
	       one->minor == minor(st->st_dev);
}

/* Takes the fd over if it is of an inode that is looked for. */
static bool take(struct reach *reach, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return false;
	for (size_t i = 0; i < reach->inodes->count; i++) {
		struct listed_inode *one = &reach->inodes->list[i];

		if (one->fd < 0 && is_same(one, &st)) {
			one->fd = fd;
			reach->missing--;
			return true;
		}
	}
	return false;
}

static int open_handle(int mount, const struct listed_inode *one)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u = { 0 };
	bool is_large = one->ino > UINT32_MAX;
	uint32_t ino32 = one->ino;

	/* Number and generation, as fs/libfs.c has them; or the number in 64 bits. */
	u.handle.handle_type = is_large ? HANDLE_XFS_INO64_GEN : HANDLE_INO32_GEN;
	u.handle.handle_bytes = is_large ? 12 : 8;
	if (is_large)
		memcpy(u.handle.f_handle, &one->ino, 8);
	else
		memcpy(u.handle.f_handle, &ino32, 4);
	memcpy(u.handle.f_handle + u.handle.handle_bytes - 4, &one->generation, 4);
	return open_by_handle_at(mount, &u.handle, O_PATH | O_CLOEXEC);
}

static void try_handles(struct reach *reach, unsigned int major, unsigned int minor,
			const char *mount_point)
{
	_cleanup_close_ int mount = -1;

	for (size_t i = 0; i < reach->inodes->count; i++) {
		struct listed_inode *one = &reach->inodes->list[i];
		int fd;

		if (one->fd >= 0 || one->major != major || one->minor != minor || !one->ino)
			continue;
		if (mount < 0)
			mount = open(mount_point, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (mount < 0)
			return;
		fd = open_handle(mount, one);
		if (fd >= 0 && !take(reach, fd))
			close(fd);
	}
}

static bool wanted(const struct reach *reach, unsigned int major, unsigned int minor)
{
	for (size_t i = 0; i < reach->inodes->count; i++)
		if (reach->inodes->list[i].fd < 0 && reach->inodes->list[i].major == major &&
		    reach->inodes->list[i].minor == minor)
			return true;
	return false;
}

static void walk(struct reach *reach, unsigned int major, unsigned int minor,
		 const char *mount_point)
{
	char *paths[] = { (char *)mount_point, NULL };
	FTSENT *entry;
	FTS *fts;

	fts = fts_open(paths, FTS_PHYSICAL | FTS_XDEV, NULL);
	while (fts && wanted(reach, major, minor) && (entry = fts_read(fts))) {
		int fd;

		if (!reach->names_left)
			break;
		reach->names_left--;
		/* Below, fts(3) would end the whole walk: see gather.c. */
		if (entry->fts_info == FTS_D && entry->fts_pathlen > GATHER_PATH_MAX)
			fts_set(fts, entry, FTS_SKIP);
		if (entry->fts_info != FTS_F)
			continue;
		fd = open(entry->fts_accpath, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && !take(reach, fd))
			close(fd);
	}
	if (fts)
		fts_close(fts);
}

static bool is_in_memory(const char *type)
{
	return !strcmp(type, "tmpfs") || !strcmp(type, "hugetlbfs") || !strcmp(type, "ramfs");
}

/* As /proc/self/mountinfo writes blanks and newlines. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (text[0] == '\\' && isdigit((unsigned char)text[1]) &&
		    isdigit((unsigned char)text[2]) && isdigit((unsigned char)text[3])) {
			*to++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 |
				       (text[3] - '0'));
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = 0;
}

static void over_mounts(struct reach *reach, bool by_walk)
{
	_cleanup_fclose_ FILE *mounts = fopen("/proc/self/mountinfo", "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	while (mounts && reach->missing && getline(&line, &size, mounts) > 0) {
		_cleanup_free_ char *point = NULL, *type = NULL;
		unsigned int major, minor;

		if (sscanf(line, "%*d %*d %u:%u %*s %ms", &major, &minor, &point) != 3 ||
		    !wanted(reach, major, minor))
			continue;
		unescape(point);
		if (!by_walk)
			try_handles(reach, major, minor, point);
		else if (sscanf(strstr(line, " - ") ?: "", " - %ms", &type) == 1 &&
			 is_in_memory(type))
			walk(reach, major, minor, point);
	}
}

static void over_links(struct reach *reach, const char *pid, const char *kind)
{
	struct dirent *entry;
	char path[64];
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, kind);
	folder = opendir(path);
	while (folder && reach->missing && (entry = readdir(folder))) {
		int fd;

		if (!isxdigit((unsigned char)entry->d_name[0]))
			continue;
		fd = openat(dirfd(folder), entry->d_name, O_PATH | O_CLOEXEC);
		if (fd >= 0 && !take(reach, fd))
			close(fd);
	}
	if (folder)
		closedir(folder);
}

static void over_processes(struct reach *reach)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	while (proc && reach->missing && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		over_links(reach, entry->d_name, "fd");
		over_links(reach, entry->d_name, "map_files");
	}
	if (proc)
		closedir(proc);
}

/* One fd for each inode; those beyond the limit stay without a name. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static struct reach begin(struct listed_inodes *inodes)
{
	struct reach reach = { .inodes = inodes, .names_left = WALKED_AT_MOST };

	raise_limit();
	for (size_t i = 0; i < inodes->count; i++)
		reach.missing += inodes->list[i].ino && inodes->list[i].fd < 0;
	return reach;
}

void inodes_reach_by_handle(struct listed_inodes *inodes)
{
	struct reach reach = begin(inodes);

	over_mounts(&reach, false);
}

void inodes_reach(struct listed_inodes *inodes)
{
	struct reach reach = begin(inodes);

	over_mounts(&reach, false);
	over_processes(&reach);
	over_mounts(&reach, true);
}
