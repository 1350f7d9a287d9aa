// SPDX-License-Identifier: MIT
#include "collect/scan.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/memory.h"

struct process {
	pid_t pid, parent;
	uint64_t started;
	char comm[64];
};

struct scan {
	const struct target *target;
	uint64_t *members; /* a bit for each number */
	void (*found)(void *context, pid_t pid);
	void *context;
	size_t nr_new, nr;
};

static bool is_member(const struct scan *scan, pid_t pid)
{
	return pid > 0 && pid < CS_MAX_PIDS && scan->members[pid / 64] >> pid % 64 & 1;
}

static void set_member(struct scan *scan, pid_t pid)
{
	if (pid > 0 && pid < CS_MAX_PIDS)
		scan->members[pid / 64] |= (uint64_t)1 << pid % 64;
}

static void add(struct scan *scan, pid_t pid)
{
	if (pid == getpid() || is_member(scan, pid))
		return;
	set_member(scan, pid);
	scan->found(scan->context, pid);
	scan->nr_new++;
}

/* A name may hold blanks and parentheses: what follows the last one is the rest. */
static bool read_process(pid_t pid, struct process *ret)
{
	char path[64], text[1024];
	_cleanup_fclose_ FILE *file = NULL;
	char *name, *end;
	size_t length;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	text[length] = 0;
	name = strchr(text, '(');
	end = strrchr(text, ')');
	if (!name || !end || end < name)
		return false;
	*ret = (struct process){ .pid = pid };
	snprintf(ret->comm, sizeof(ret->comm), "%.*s", (int)(end - name - 1), name + 1);
	/* state, parent, 17 more, and the start as the 22nd of all */
	return sscanf(end + 1,
		      " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
		      "%*d %*d %*d %lu",
		      &ret->parent, &ret->started) == 2;
}

uint64_t scan_started(pid_t pid)
{
	struct process process;

	return read_process(pid, &process) ? process.started : 0;
}

static void look_at(struct scan *scan, pid_t pid)
{
	const struct target *t = scan->target;
	struct process process;

	if (is_member(scan, pid) || !read_process(pid, &process))
		return;
	/* The kernel keeps 15 bytes of a name. */
	if ((t->comm && !strncmp(process.comm, t->comm, CS_COMM_BYTES - 1)) ||
	    (t->follow && is_member(scan, process.parent)))
		add(scan, pid);
}

static void look_at_all(struct scan *scan)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			look_at(scan, atoi(entry->d_name));
	if (proc)
		closedir(proc);
}

/* The processes of a cgroup and of those below it. */
static void look_at_cgroup(struct scan *scan, const char *path)
{
	char below[PATH_MAX + 256];
	struct dirent *entry;
	FILE *members;
	DIR *folder;
	int pid;

	snprintf(below, sizeof(below), "%s/cgroup.procs", path);
	members = fopen(below, "re");
	while (members && fscanf(members, "%d", &pid) == 1)
		add(scan, pid);
	if (members)
		fclose(members);
	folder = opendir(path);
	while (folder && (entry = readdir(folder))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) <
		    (int)sizeof(below))
			look_at_cgroup(scan, below);
	}
	if (folder)
		closedir(folder);
}

size_t scan_running(const struct target *t, void (*found)(void *context, pid_t pid), void *context)
{
	struct scan scan = {
		.target = t,
		.members = zalloc(CS_MAX_PIDS / 64, sizeof(uint64_t)),
		.found = found,
		.context = context,
	};

	for (size_t i = 0; i < t->nr_pids; i++)
		set_member(&scan, t->pids[i]);
	do {
		scan.nr_new = 0;
		if (t->cgroup)
			look_at_cgroup(&scan, t->cgroup_path);
		else
			look_at_all(&scan);
		scan.nr += scan.nr_new;
	} while (scan.nr_new);
	free(scan.members);
	return scan.nr;
}
