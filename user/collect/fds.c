// SPDX-License-Identifier: MIT
/* Descriptors of processes, by the links that the kernel keeps below /proc/PID. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/xattr.h>

#include "collect/fds_private.h"

static const char ended[] = "it ended while it was read";

static const char *why_of(int error)
{
	if (error == -EACCES || error == -EPERM)
		return "no permission to look at it: be its owner or root";
	if (error == -ENOENT || error == -ESRCH)
		return ended;
	return strerrordesc_np(-error);
}

static enum fds_kind socket_kind(const char *protocol)
{
	if (!strncmp(protocol, "TCP", 3) || !strncmp(protocol, "MPTCP", 5))
		return FDS_TCP;
	if (!strncmp(protocol, "UDP", 3))
		return FDS_UDP;
	return !strncmp(protocol, "UNIX", 4) ? FDS_UNIX : FDS_OTHER;
}

/* The kernel tells a socket's protocol as an attribute of its inode. */
static void describe_socket(struct fds *fds, uint32_t inode, int own)
{
	char path[32], protocol[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", own);
	length = getxattr(path, "system.sockprotoname", protocol, sizeof(protocol) - 1);
	if (length <= 0)
		return;
	protocol[length] = 0;
	fds->inodes[inode].socket.protocol = arena_copy(&fds->arena, protocol, strlen(protocol));
	fds->inodes[inode].kind = socket_kind(protocol);
}

/* @own is an fd of the same inode, for its place only. */
static void describe(struct fds_work *work, uint32_t index, int own, const struct stat *st)
{
	struct fds_inode *inode = &work->fds->inodes[index];

	if (S_ISSOCK(st->st_mode))
		describe_socket(work->fds, index, own);
	else if (inode->kind == FDS_FILE)
		residency_of_fd(work->collector->reader, own, false, &inode->residency);
}

static void keep_kernel_ino(struct fds_work *work, uint32_t fd, uint64_t ino)
{
	work->kernel_inos = grow(work->kernel_inos, &work->kernel_inos_room, fd + 1,
				 sizeof(*work->kernel_inos));
	work->kernel_inos[fd] = ino;
}

/*
 * The link leads to the inode itself, which may have no name; what was opened
 * here stays that inode, whatever the process does meanwhile.  Returns 0, or
 * a negative errno that ends the list.
 */
static int read_fd(struct fds_work *work, uint32_t process, int folder, const char *name)
{
	_cleanup_close_ int own = openat(folder, name, O_PATH | O_CLOEXEC);
	char self[32], path[PATH_MAX];
	struct proc_fdinfo info = { 0 };
	ssize_t length;
	uint32_t inode, at;
	struct fds_fd *fd;
	struct stat st;
	bool is_new;

	/* The list may be there for those who must not follow its links. */
	if (own < 0 && (errno == EACCES || errno == EPERM || errno == EMFILE))
		return -errno;
	if (own < 0 || fstat(own, &st))
		return 0; /* closed meanwhile */
	snprintf(self, sizeof(self), "/proc/self/fd/%d", own);
	length = readlink(self, path, sizeof(path) - 1);
	if (length < 0)
		return -errno;
	path[length] = 0;
	inode = inode_get(work, &st, path, &is_new);
	if (is_new)
		describe(work, inode, own, &st);
	at = fds_add_fd(work->fds, process, inode, atoi(name));
	fd = &work->fds->fds[at];
	fd->path = work->fds->inodes[inode].path;
	if (!is_new && fd->path && !work->fds->inodes[inode].deleted && strcmp(fd->path, path))
		fd->path = arena_copy(&work->fds->arena, path, length);
	fd->has_flags = !proc_fdinfo(work->folders[process], name, &info);
	keep_kernel_ino(work, at, info.ino);
	if (!fd->has_flags)
		return 0;
	fd->flags = info.flags & ~(uint32_t)O_CLOEXEC;
	fd->cloexec = info.flags & O_CLOEXEC;
	if (fds_is_seekable(work->fds->inodes[inode].kind) && !(info.flags & O_PATH))
		fd->offset = info.offset;
	return 0;
}

static int read_fds(struct fds_work *work, uint32_t process)
{
	_cleanup_closedir_ DIR *folder = proc_folder(work->folders[process], "fd");
	const char *name;
	int error = 0;

	if (!folder)
		return -errno;
	while (!error && proc_next_number(folder, &name) >= 0)
		error = read_fd(work, process, dirfd(folder), name);
	return error;
}

/* One that waits for its parent's wait(2) has closed all. */
static bool is_zombie(const char *status)
{
	return strstr(status, "\nState:\tZ") || strstr(status, "\nState:\tX");
}

/* Then lists are empty or break off, which looks like no error. */
static bool has_ended(int folder)
{
	char status[4096];

	return proc_read(folder, "status", status, sizeof(status)) < 0 || is_zombie(status);
}

static int value_of(const char *status, const char *key)
{
	const char *at = strstr(status, key);

	return at ? atoi(at + strlen(key)) : 0;
}

/* Returns why there is nothing to read, or NULL. */
static const char *refuse(struct fds *fds, int folder, pid_t pid)
{
	char status[4096], path[64];
	ssize_t length;
	int leader;

	if (folder < 0 && errno == ENOENT) {
		/* Others' processes may be hidden. */
		snprintf(path, sizeof(path), "/proc/%d", pid);
		if (kill(pid, 0) && errno == ESRCH)
			return "there is none";
		return why_of(-EACCES);
	}
	if (folder < 0)
		return why_of(-errno);
	length = proc_read(folder, "status", status, sizeof(status));
	if (length < 0)
		return why_of((int)length);
	leader = value_of(status, "\nTgid:\t");
	if (leader && leader != pid)
		return arena_printf(&fds->arena, "it is a thread of process %d: give that", leader);
	if (is_zombie(status))
		return "it has ended, and its parent has not noticed yet: all is closed";
	if (proc_has_no_fds(folder))
		return "it is a kernel thread, which has no descriptors";
	return NULL;
}

static bool read_process(struct fds_work *work, pid_t pid)
{
	char path[32];
	const char *why;
	int folder, error;
	uint32_t at;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	why = refuse(work->fds, folder, pid);
	at = fds_add_process(work->fds, pid);
	work->folders[at] = folder;
	work->fds->processes[at].comm = folder < 0 ? "" : proc_comm(work->fds, folder);
	if (!why) {
		error = read_fds(work, at);
		if (!error)
			error = mappings_read(work, at);
		if (!error && has_ended(folder))
			error = -ESRCH;
		why = error ? why_of(error) : NULL;
	}
	work->fds->processes[at].why = why;
	if (why)
		work->collector->on_problem(pid, why);
	return !why || work->fds->processes[at].nr_fds;
}

static bool met_before(const pid_t *pids, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (pids[i] == pids[at])
			return true;
	return false;
}

/* One stays open for each process: as many as may be. */
static void allow_many_folders(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

size_t fds_collect(struct fds_collector *collector, const pid_t *pids, size_t nr_pids)
{
	struct fds_work work = {
		.collector = collector,
		.fds = collector->fds,
		.folders = zalloc(nr_pids, sizeof(int)),
	};
	size_t read = 0;

	allow_many_folders();
	for (size_t i = 0; i < nr_pids; i++)
		if (!met_before(pids, i))
			read += read_process(&work, pids[i]);
	sockets_describe(&work);
	if (holders_by_iterator(&work))
		holders_by_kcmp(&work);
	for (uint32_t i = 0; i < work.fds->nr_processes; i++)
		if (work.folders[i] >= 0)
			close(work.folders[i]);
	inodes_end(&work);
	free(work.folders);
	free(work.kernel_inos);
	return read;
}
