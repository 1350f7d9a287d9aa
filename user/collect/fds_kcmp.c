// SPDX-License-Identifier: MIT
/*
 * Which descriptors share an open file description, by kcmp(2): it puts those
 * of one inode in an order, so that each is looked up among those before it.
 * And who else has an inode, by the links of all processes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "collect/fds_private.h"

/* One descriptor for each description, in kcmp's order. */
struct order {
	uint32_t *fds;
	uint32_t count;
	size_t room;
};

static long compare(pid_t pid, int fd, pid_t other_pid, int other_fd)
{
	return syscall(SYS_kcmp, pid, other_pid, KCMP_FILE, (unsigned long)fd,
		       (unsigned long)other_fd);
}

/*
 * Where the description is, or would be.  Returns 1 if it is there, 0 if it
 * is not, or a negative errno.
 */
static int find(const struct fds *fds, const struct order *order, pid_t pid, int fd, uint32_t *ret)
{
	uint32_t low = 0, high = order->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct fds_fd *known = &fds->fds[order->fds[middle]];
		long answer = compare(fds->processes[known->process].pid, known->fd, pid, fd);

		if (answer < 0)
			return -errno;
		if (answer == 0) {
			*ret = middle;
			return 1;
		}
		if (answer == 3)
			return -ENOTSUP; /* no order on this machine */
		if (answer == 1)
			low = middle + 1;
		else
			high = middle;
	}
	*ret = low;
	return 0;
}

static void identify(struct fds *fds, struct order *order, uint32_t index)
{
	struct fds_fd *fd = &fds->fds[index];
	pid_t pid = fds->processes[fd->process].pid;
	uint32_t at;
	int found = find(fds, order, pid, fd->fd, &at);

	if (found < 0)
		return;
	/* Is it there at all?  kcmp() finds out only when it is asked. */
	if (!found && compare(pid, fd->fd, pid, fd->fd))
		return;
	if (!found) {
		order->fds = grow(order->fds, &order->room, order->count + 1, sizeof(*order->fds));
		memmove(order->fds + at + 1, order->fds + at,
			(order->count - at) * sizeof(*order->fds));
		order->fds[at] = index;
		order->count++;
	}
	fd->identity = (uint64_t)order->fds[at] + 1;
}

static bool is_asked_for(const struct fds *fds, pid_t pid)
{
	for (uint32_t i = 0; i < fds->nr_processes; i++)
		if (fds->processes[i].pid == pid)
			return true;
	return false;
}

/*
 * A descriptor of another process: is it a holder that counts?  Returns false
 * if this user may not know.
 */
static bool meet(struct fds_work *work, const struct order *orders, pid_t pid, int folder,
		 DIR *links, const char *name, const char **comm)
{
	struct fds *fds = work->fds;
	struct proc_fdinfo info;
	char path[PATH_MAX] = "";
	uint64_t identity = 0;
	uint32_t inode, at;
	struct stat st;

	if (fstatat(dirfd(links), name, &st, 0))
		return errno != EACCES && errno != EPERM;
	if (!(st.st_mode & S_IFMT) && readlinkat(dirfd(links), name, path, sizeof(path) - 1) < 0)
		return true;
	inode = inode_find(work, &st, path);
	if (inode == FDS_NONE)
		return true;
	if (find(fds, &orders[inode], pid, atoi(name), &at) == 1)
		identity = fds->fds[orders[inode].fds[at]].identity;
	if (!identity && !S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode))
		return true;
	if (proc_fdinfo(folder, name, &info))
		return true;
	if (!*comm)
		*comm = proc_comm(fds, folder);
	at = fds_add_other(fds, pid, inode, atoi(name));
	fds->others[at].comm = *comm;
	fds->others[at].identity = identity;
	fds->others[at].access = fds_access_of(info.flags);
	return true;
}

/* Returns whether the process could be looked at, or has nothing to look at. */
static bool meet_process(struct fds_work *work, const struct order *orders, int folder, pid_t pid)
{
	_cleanup_closedir_ DIR *links = proc_folder(folder, "fd");
	const char *name, *comm = NULL;

	if (!links)
		return (errno != EACCES && errno != EPERM) || proc_has_no_fds(folder);
	while (proc_next_number(links, &name) >= 0)
		if (!meet(work, orders, pid, folder, links, name, &comm))
			return false;
	return true;
}

static void meet_all(struct fds_work *work, const struct order *orders)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	const char *name;
	long pid;

	while (proc && (pid = proc_next_number(proc, &name)) >= 0) {
		_cleanup_close_ int folder = -1;

		if (pid == getpid() || is_asked_for(work->fds, pid))
			continue;
		folder = openat(dirfd(proc), name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (folder >= 0 && !meet_process(work, orders, folder, pid))
			work->fds->unseen_processes++;
	}
}

/* Every namespace of processes has a number 1. */
static const char *why_hidden(void)
{
	if (!proc_is_first_namespace())
		return "processes outside of this PID namespace cannot be seen";
	if (access("/proc/1", F_OK))
		return "/proc hides the processes of other users";
	return NULL;
}

/* Of a descriptor that is surely there: our own. */
static int kcmp_error(void)
{
	_cleanup_close_ int fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return compare(getpid(), fd, getpid(), fd) ? errno : 0;
}

void holders_by_kcmp(struct fds_work *work)
{
	struct fds *fds = work->fds;
	struct order *orders = zalloc(fds->nr_inodes, sizeof(*orders));
	int error = kcmp_error();

	fds->identity = error ? FDS_BY_NOBODY : FDS_BY_KCMP;
	if (error == ENOSYS)
		fds->identity_why = "the kernel has no kcmp(2)";
	else if (error)
		fds->identity_why = "a filter forbids kcmp(2)";
	for (uint32_t i = 0; !error && i < fds->nr_fds; i++)
		identify(fds, &orders[fds->fds[i].inode], i);
	fds->hidden = why_hidden();
	if (fds->nr_fds)
		meet_all(work, orders);
	for (uint32_t i = 0; i < fds->nr_inodes; i++)
		free(orders[i].fds);
	free(orders);
}
