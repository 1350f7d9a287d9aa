/* SPDX-License-Identifier: MIT */
/* Which of the processes that run already belong to a target. */
#ifndef COLLECT_SCAN_H
#define COLLECT_SCAN_H

#include "collect/target.h"

/*
 * Looks at all processes again and again until a look finds no further one, so that
 * children of those that were seen too late for the hook on fork are found, too.
 * Each is told to @found once; from then on the hooks have to see its children.
 * Returns how many there are beside t->pids.
 */
size_t scan_running(const struct target *t, void (*found)(void *context, pid_t pid), void *context);

/* When the process began, in ticks since boot; 0 when there is none of that number. */
uint64_t scan_started(pid_t pid);

#endif
