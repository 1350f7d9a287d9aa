/* SPDX-License-Identifier: MIT */
/* Threads of the kernel that moved payload. */
#ifndef MODEL_KTHREADS_H
#define MODEL_KTHREADS_H

#include "model/report.h"
#include "util/memory.h"

/* Fills in the kthreads parts of the report. */
void list_kthreads(const struct recording *recording, struct report *report, struct arena *arena);

#endif
