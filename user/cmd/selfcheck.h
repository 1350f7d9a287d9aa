/* SPDX-License-Identifier: MIT */
/* Moves known bytes along known paths and compares what the hooks counted. */
#ifndef CMD_SELFCHECK_H
#define CMD_SELFCHECK_H

#include <stdbool.h>

#include "collect/hooks.h"

#define SELFCHECK_WORKLOAD "--workload"

/* Prints a line for each path; returns 0, 1 if a count was wrong, 125 if it could not run. */
int selfcheck_run(enum tier tier, bool audit);

/* What the traced child does with the files in @folder; returns an exit status. */
int selfcheck_workload(const char *folder);

#endif
