/* SPDX-License-Identifier: MIT */
/* Memory that the kernel filled with zeroes, by process. */
#ifndef MODEL_ZEROED_H
#define MODEL_ZEROED_H

#include "model/report.h"
#include "util/memory.h"

/* Fills in the zeroed_* parts of the report. */
void list_zeroed(const struct recording *recording, struct report *report, struct arena *arena);

#endif
