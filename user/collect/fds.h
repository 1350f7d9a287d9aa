/* SPDX-License-Identifier: MIT */
/* Finds what processes have open and mapped, and who else has it. */
#ifndef COLLECT_FDS_H
#define COLLECT_FDS_H

#include <sys/types.h>

#include "collect/residency.h"
#include "model/fds.h"

struct fds_collector {
	struct residency_reader *reader;
	struct fds *fds; /* what was found is added here */
	/* A process that could not be read, or not to its end, and why. */
	void (*on_problem)(pid_t pid, const char *why);
};

/* Returns the number of processes that were read, in part at least. */
size_t fds_collect(struct fds_collector *collector, const pid_t *pids, size_t nr_pids);

#endif
