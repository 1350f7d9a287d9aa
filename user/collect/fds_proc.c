// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "collect/fds_private.h"

#define KERNEL_THREAD 0x00200000 /* PF_KTHREAD */
#define FIRST_PID_NAMESPACE 0xeffffffc /* PROC_PID_INIT_INO */

ssize_t proc_read(int folder, const char *name, char *buffer, size_t size)
{
	_cleanup_close_ int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	do {
		got = read(fd, buffer + length, size - 1 - length);
		if (got < 0)
			return -errno;
		length += got;
	} while (got && length < size - 1);
	buffer[length] = 0;
	return (ssize_t)length;
}

const char *proc_comm(struct fds *fds, int folder)
{
	char comm[80];
	ssize_t length = proc_read(folder, "comm", comm, sizeof(comm));

	if (length <= 0)
		return "";
	return arena_copy(&fds->arena, comm, length - (comm[length - 1] == '\n'));
}

bool proc_has_no_fds(int folder)
{
	char stat[512], *end, state;
	unsigned long flags;

	if (proc_read(folder, "stat", stat, sizeof(stat)) < 0)
		return false;
	/* The name may hold anything, brackets too. */
	end = strrchr(stat, ')');
	if (!end || sscanf(end + 1, " %c %*d %*d %*d %*d %*d %lu", &state, &flags) != 2)
		return false;
	return flags & KERNEL_THREAD || state == 'Z' || state == 'X';
}

DIR *proc_folder(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

long proc_next_number(DIR *folder, const char **name)
{
	struct dirent *entry;

	while ((entry = readdir(folder))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		*name = entry->d_name;
		return strtol(entry->d_name, NULL, 10);
	}
	return -1;
}

int proc_fdinfo(int folder, const char *fd, struct proc_fdinfo *ret)
{
	unsigned long long offset, ino = 0;
	char path[64], text[512], *at;
	unsigned int flags;
	ssize_t length;

	snprintf(path, sizeof(path), "fdinfo/%s", fd);
	length = proc_read(folder, path, text, sizeof(text));
	if (length < 0)
		return (int)length;
	if (sscanf(text, "pos:\t%llu\nflags:\t%o", &offset, &flags) != 2)
		return -EPROTO;
	at = strstr(text, "\nino:\t");
	if (at)
		sscanf(at, "\nino:\t%llu", &ino);
	*ret = (struct proc_fdinfo){ offset, ino, flags };
	return 0;
}

bool proc_is_first_namespace(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) && st.st_ino == FIRST_PID_NAMESPACE;
}
