// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/inherited.h"
#include "collect/scan.h"
#include "collect/target.h"
#include "util/memory.h"

static int pidfd_open(pid_t pid)
{
	return syscall(SYS_pidfd_open, pid, 0);
}

/* Is there a folder of a cgroup of version 2? Its path and its id are kept. */
static bool cgroup_is(struct target *t, const char *above)
{
	struct statfs fs;
	struct stat st;

	snprintf(t->cgroup_path, sizeof(t->cgroup_path), "%s%s", above, t->cgroup);
	if (stat(t->cgroup_path, &st) || !S_ISDIR(st.st_mode) || statfs(t->cgroup_path, &fs) ||
	    fs.f_type != CGROUP2_SUPER_MAGIC)
		return false;
	/* The number of a kernfs folder is its id. */
	t->cgroup_id = st.st_ino;
	return true;
}

/* A cgroup is named from the root of the hierarchy, or by a path. */
static int cgroup_find(struct target *t, char *why, size_t why_size)
{
	struct stat st;

	/* Where version 1 is mounted beside it, version 2 is one below. */
	if ((t->cgroup[0] == '/' && cgroup_is(t, "")) || cgroup_is(t, "/sys/fs/cgroup/") ||
	    cgroup_is(t, "/sys/fs/cgroup/unified/"))
		return 0;
	if (t->cgroup[0] == '/' && !stat(t->cgroup, &st)) {
		snprintf(why, why_size,
			 "%s is no cgroup of version 2: name a folder below /sys/fs/cgroup",
			 t->cgroup);
		return -EINVAL;
	}
	snprintf(why, why_size, "no cgroup %s of version 2: name a folder below /sys/fs/cgroup",
		 t->cgroup);
	return -ENOENT;
}

int target_check(struct target *t, char *why, size_t why_size)
{
	if (t->cgroup)
		return cgroup_find(t, why, why_size);
	if (!t->nr_pids)
		return 0;
	t->pidfds = calloc(t->nr_pids, sizeof(*t->pidfds));
	if (!t->pidfds)
		return -ENOMEM;
	memset(t->pidfds, -1, t->nr_pids * sizeof(*t->pidfds));
	for (size_t i = 0; i < t->nr_pids; i++) {
		t->pidfds[i] = pidfd_open(t->pids[i]);
		if (t->pidfds[i] >= 0)
			continue;
		if (errno == EINVAL || errno == ENOENT)
			snprintf(why, why_size, "%d is a thread: name its process", t->pids[i]);
		else
			snprintf(why, why_size, "no process %d", t->pids[i]);
		return -ESRCH;
	}
	return 0;
}

/* Waits without moving a byte: the child is traced by now. */
static bool told_to_go(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
	return p.revents & POLLIN;
}

static void child_run(struct target *t, int go, int error)
{
	if (!told_to_go(go))
		_exit(125);
	inherited_restore();
	execvp(t->command[0], t->command);
	if (write(error, &errno, sizeof(errno)) < 0)
		_exit(125);
	_exit(127);
}

int target_fork(struct target *t, char *why, size_t why_size)
{
	int go[2], error[2];

	if (pipe2(go, O_CLOEXEC) || pipe2(error, O_CLOEXEC)) {
		snprintf(why, why_size, "cannot make a pipe: %s", strerror(errno));
		return -errno;
	}
	t->child = fork();
	if (t->child < 0) {
		snprintf(why, why_size, "cannot fork: %s", strerror(errno));
		return -errno;
	}
	if (!t->child) {
		close(go[1]);
		close(error[0]);
		child_run(t, go[0], error[1]);
	}
	close(go[0]);
	close(error[1]);
	t->child_go = go[1];
	t->child_error = error[0];
	return 0;
}

void target_settings(const struct target *t, struct hooks_options *options)
{
	struct cs_settings *s = &options->settings;

	s->own_tgid = getpid();
	s->command_tgid = t->command ? t->child : 0;
	s->all = t->all;
	s->follow = t->follow;
	if (t->comm) {
		s->by_comm = 1;
		snprintf(s->comm, sizeof(s->comm), "%s", t->comm);
	}
	if (t->cgroup) {
		s->by_cgroup = 1;
		options->cgroup_id = t->cgroup_id;
	}
}

/* A number may be another process's by the time that it is marked. */
static void trace_found(void *context, pid_t pid)
{
	struct hooks *hooks = context;
	uint64_t started = scan_started(pid);

	if (!started || hooks_trace(hooks, pid))
		return;
	if (scan_started(pid) != started)
		hooks_untrace(hooks, pid);
}

static void add_running(void *context, pid_t pid)
{
	struct target *t = context;

	t->running = grow(t->running, &t->running_room, t->nr_running + 1, sizeof(*t->running));
	t->running[t->nr_running++] = pid;
}

void target_find_running(struct target *t)
{
	struct target following = *t;

	/* Those that are left out are counted, too. */
	following.follow = true;
	if (t->nr_pids)
		scan_running(&following, add_running, t);
}

/* Lets the command run; finds out whether it could. */
static int child_start(struct target *t, char *why, size_t why_size)
{
	int error = 0;

	if (write(t->child_go, "", 1) != 1) {
		snprintf(why, why_size, "cannot start %s: %s", t->command[0], strerror(errno));
		return -errno;
	}
	close(t->child_go);
	t->child_go = -1;
	if (read(t->child_error, &error, sizeof(error)) != sizeof(error))
		return 0; /* closed by the exec */
	if (error == ENOENT)
		snprintf(why, why_size, "%s: command not found", t->command[0]);
	else
		snprintf(why, why_size, "cannot run %s: %s", t->command[0], strerror(error));
	return -error;
}

int target_trace(struct target *t, struct hooks *hooks, char *why, size_t why_size)
{
	for (size_t i = 0; i < t->nr_pids; i++) {
		int error = hooks_trace(hooks, t->pids[i]);

		if (error) {
			snprintf(why, why_size, "cannot trace process %d", t->pids[i]);
			return error;
		}
		/* It ended before, and the hook on its end did not see it marked. */
		if (kill(t->pids[i], 0) && errno == ESRCH)
			hooks_untrace(hooks, t->pids[i]);
	}
	if (t->all)
		hooks_trace_all(hooks);
	else if (t->comm || t->cgroup || (t->nr_pids && t->follow))
		scan_running(t, trace_found, hooks);
	if (!t->command)
		return 0;
	return child_start(t, why, why_size);
}

static bool reap(struct target *t)
{
	int status;

	if (t->child_reaped)
		return true;
	if (waitpid(t->child, &status, WNOHANG) != t->child)
		return false;
	t->child_reaped = true;
	t->child_status = status;
	return true;
}

static bool targets_gone(struct target *t)
{
	if (t->command)
		return reap(t);
	for (size_t i = 0; i < t->nr_pids; i++)
		if (t->pidfds[i] >= 0)
			return false;
	return t->nr_pids;
}

int target_wait(struct target *t, int signal_fd, int timeout_ms, int *signal)
{
	struct pollfd *polls = calloc(t->nr_pids + 1, sizeof(*polls));
	struct signalfd_siginfo info;
	int ret = 0;

	*signal = 0;
	if (!polls)
		return 1;
	if (targets_gone(t)) {
		free(polls);
		return 1;
	}
	polls[0] = (struct pollfd){ .fd = signal_fd, .events = POLLIN };
	for (size_t i = 0; i < t->nr_pids; i++)
		polls[i + 1] = (struct pollfd){ .fd = t->pidfds[i], .events = POLLIN };
	if (poll(polls, t->nr_pids + 1, timeout_ms) > 0) {
		for (size_t i = 0; i < t->nr_pids; i++) {
			if (!polls[i + 1].revents)
				continue;
			close(t->pidfds[i]);
			t->pidfds[i] = -1;
		}
		if (polls[0].revents && read(signal_fd, &info, sizeof(info)) == sizeof(info) &&
		    info.ssi_signo != SIGCHLD)
			*signal = info.ssi_signo;
	}
	ret = targets_gone(t);
	free(polls);
	return ret;
}

void target_deinit(struct target *t)
{
	for (size_t i = 0; t->pidfds && i < t->nr_pids; i++)
		if (t->pidfds[i] >= 0)
			close(t->pidfds[i]);
	free(t->pidfds);
	free(t->running);
	if (t->command && t->child > 0) {
		if (t->child_go > 0)
			close(t->child_go);
		if (t->child_error > 0)
			close(t->child_error);
	}
}
