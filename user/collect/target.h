/* SPDX-License-Identifier: MIT */
/* Which processes are traced, and when that is over. */
#ifndef COLLECT_TARGET_H
#define COLLECT_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "collect/hooks.h"

struct target {
	const pid_t *pids;
	size_t nr_pids;
	const char *comm; /* NULL: by something else */
	const char *cgroup; /* as given; resolved by target_check() */
	bool all;
	bool follow;
	char *const *command; /* NULL, or argv */

	/* Set while tracing. */
	uint64_t cgroup_id;
	char cgroup_path[4096];
	int *pidfds;
	pid_t *running; /* children of pids, and theirs; see target_find_running() */
	size_t nr_running, running_room;
	pid_t child;
	int child_go, child_error; /* pipes */
	bool child_reaped;
	int child_status;
};

/* Is there what is named? Returns 0 or a negative errno and one line in @why. */
int target_check(struct target *target, char *why, size_t why_size);

/* Starts the command, stopped before its exec. */
int target_fork(struct target *target, char *why, size_t why_size);

/* Lists the children of target->pids that run now, which are left out unless it follows. */
void target_find_running(struct target *target);

void target_settings(const struct target *target, struct hooks_options *options);

/* Marks what runs already as traced; then lets the command run. */
int target_trace(struct target *target, struct hooks *hooks, char *why, size_t why_size);

/*
 * Waits for the end of all targets, a signal, or @timeout_ms (-1: none).
 * Returns 1 when the targets are gone, 0 at the time-out.
 */
int target_wait(struct target *target, int signal_fd, int timeout_ms, int *signal);

void target_deinit(struct target *target);

#endif
