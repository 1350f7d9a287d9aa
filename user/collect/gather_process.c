// SPDX-License-Identifier: MIT
/* The files of a process, by the links that the kernel keeps below /proc/PID. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "collect/gather.h"
#include "util/maps.h"
#include "util/cleanup.h"

/* A link is followed to the inode itself, which may have no name any more. */
static bool add_link(struct gather *gather, int folder, const char *name)
{
	_cleanup_close_ int fd = openat(folder, name, O_PATH | O_CLOEXEC);
	char path[PATH_MAX];
	ssize_t length = readlinkat(folder, name, path, sizeof(path) - 1);
	struct residency residency;
	int error;

	if (fd < 0 || length < 0)
		return true; /* closed meanwhile */
	path[length] = 0;
	error = residency_of_fd(gather->reader, fd, gather->extents, &residency);
	if (error == RESIDENCY_NOT_REGULAR || error == RESIDENCY_PSEUDO || error == -EISDIR)
		return true;
	if (error)
		gather->on_problem(gather, path, false, residency_why(error));
	return gather_add(gather, path, false, &residency);
}

/* Returns 0, 1 if the search was ended, or a negative errno. */
static int add_links(struct gather *gather, pid_t pid, const char *kind)
{
	_cleanup_closedir_ DIR *folder = NULL;
	struct dirent *entry;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, kind);
	folder = opendir(path);
	if (!folder)
		return -errno;
	errno = 0;
	while ((entry = readdir(folder))) {
		if (!isxdigit((unsigned char)entry->d_name[0]))
			continue;
		if (!add_link(gather, dirfd(folder), entry->d_name))
			return 1;
	}
	return 0;
}

/* May this user follow the links of map_files?  Only some may, even their own. */
static bool may_follow_mappings(pid_t pid)
{
	_cleanup_closedir_ DIR *folder = NULL;
	struct dirent *entry;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/map_files", pid);
	folder = opendir(path);
	while (folder && (entry = readdir(folder))) {
		_cleanup_close_ int fd = -1;

		if (!isxdigit((unsigned char)entry->d_name[0]))
			continue;
		fd = openat(dirfd(folder), entry->d_name, O_PATH | O_CLOEXEC);
		if (fd < 0 && (errno == EPERM || errno == EACCES))
			return false;
	}
	return true;
}

static bool add_mapping(struct gather *gather, const char *path, uint64_t ino)
{
	static const char deleted[] = " (deleted)";
	size_t length = strlen(path);
	struct residency residency;
	int error;

	if (length > strlen(deleted) && !strcmp(path + length - strlen(deleted), deleted)) {
		gather->on_problem(gather, path, false,
				   "mapped, but it has no name any more: root can look at it");
		return true;
	}
	error = residency_of_path(gather->reader, AT_FDCWD, path, false, gather->extents,
				  &residency);
	if (error == RESIDENCY_NOT_REGULAR)
		return true;
	/* Another file by now, or in another namespace of mounts. */
	if (residency.has_inode && residency.ino != ino) {
		residency_release(&residency);
		gather->on_problem(gather, path, false,
				   "mapped, but the name leads to another file: root can look at "
				   "it");
		return true;
	}
	if (error)
		gather->on_problem(gather, path, false, residency_why(error));
	return gather_add(gather, path, false, &residency);
}

static int add_mappings_by_name(struct gather *gather, pid_t pid)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_fclose_ FILE *maps = NULL;
	struct maps_line line;
	size_t size = 0;
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	maps = fopen(name, "re");
	if (!maps)
		return -errno;
	while (getline(&text, &size, maps) > 0)
		if (maps_parse(text, &line) && *line.path == '/' &&
		    !add_mapping(gather, line.path, line.ino))
			return 1;
	return 0;
}

void gather_process(struct gather *gather, pid_t pid)
{
	int error = add_links(gather, pid, "fd");
	char what[32];

	if (!error)
		error = may_follow_mappings(pid) ? add_links(gather, pid, "map_files") :
						   add_mappings_by_name(gather, pid);
	if (error >= 0)
		return;
	snprintf(what, sizeof(what), "process %d", pid);
	gather->on_problem(gather, what, true,
			   error == -ENOENT || error == -ESRCH ? "there is none" :
								 "no permission to look at it: be "
								 "its owner or root");
}
