/* SPDX-License-Identifier: MIT */
/* Moves known bytes along known paths and compares what the hooks counted. */
#ifndef CMD_SELFCHECK_H
#define CMD_SELFCHECK_H

#include <stdbool.h>

#include "collect/hooks.h"

#define SELFCHECK_WORKLOAD "--workload"

/* What a self-check found, by enum cs_family: "" where all was right, else what was wrong. */
struct selfcheck {
	char wrong[CS_FAMILY_MAX][160];
	bool unsure; /* runs of hooks were skipped, which may be why: look again */
};

/*
 * Returns 0, 1 if a count was wrong, 125 if it could not run, after one line on stderr.
 * @prints: a line for each path goes to stdout.  Fills in @result.
 */
int selfcheck_run(enum tier tier, bool audit, bool prints, struct selfcheck *result);

/* What the traced child does with the files in @folder; returns an exit status. */
int selfcheck_workload(const char *folder);

#endif
