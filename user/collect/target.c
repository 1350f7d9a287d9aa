// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/inherited.h"
#include "collect/target.h"

static int pidfd_open(pid_t pid)
{
	return syscall(SYS_pidfd_open, pid, 0);
}

/* A cgroup is named from the root of the hierarchy, or by a path. */
static int cgroup_find(struct target *t, char *why, size_t why_size)
{
	struct stat st;

	snprintf(t->cgroup_path, sizeof(t->cgroup_path), "%s", t->cgroup);
	if (t->cgroup[0] != '/' || stat(t->cgroup_path, &st))
		snprintf(t->cgroup_path, sizeof(t->cgroup_path), "/sys/fs/cgroup/%s", t->cgroup);
	if (stat(t->cgroup_path, &st) || !S_ISDIR(st.st_mode)) {
		snprintf(why, why_size, "no cgroup %s: name a folder below /sys/fs/cgroup",
			 t->cgroup);
		return -ENOENT;
	}
	/* The number of a kernfs folder is its id. */
	t->cgroup_id = st.st_ino;
	return 0;
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

static bool comm_is(const char *pid, const char *comm)
{
	char path[64], line[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	f = fopen(path, "r");
	if (!f)
		return false;
	if (fgets(line, sizeof(line), f))
		line[strcspn(line, "\n")] = 0;
	fclose(f);
	/* The kernel keeps 15 bytes of a name. */
	return !strncmp(line, comm, CS_COMM_BYTES - 1);
}

static void trace_by_comm(struct target *t, struct hooks *hooks)
{
	DIR *proc = opendir("/proc");
	struct dirent *d;

	while (proc && (d = readdir(proc)))
		if (isdigit((unsigned char)d->d_name[0]) && atoi(d->d_name) != getpid() &&
		    comm_is(d->d_name, t->comm))
			hooks_trace(hooks, atoi(d->d_name));
	if (proc)
		closedir(proc);
}

/* The processes of a cgroup and of those below it. */
static void trace_cgroup(struct hooks *hooks, const char *path)
{
	char below[4096 + 256];
	struct dirent *d;
	DIR *dir;
	FILE *f;
	int pid;

	snprintf(below, sizeof(below), "%s/cgroup.procs", path);
	f = fopen(below, "r");
	while (f && fscanf(f, "%d", &pid) == 1)
		if (pid != getpid())
			hooks_trace(hooks, pid);
	if (f)
		fclose(f);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		if (d->d_type != DT_DIR || d->d_name[0] == '.')
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, d->d_name);
		trace_cgroup(hooks, below);
	}
	if (dir)
		closedir(dir);
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
	}
	if (t->all)
		hooks_trace_all(hooks);
	if (t->comm)
		trace_by_comm(t, hooks);
	if (t->cgroup)
		trace_cgroup(hooks, t->cgroup_path);
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
	if (t->command && t->child > 0) {
		if (t->child_go > 0)
			close(t->child_go);
		if (t->child_error > 0)
			close(t->child_error);
	}
}
