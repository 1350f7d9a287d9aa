/* SPDX-License-Identifier: MIT */
/* What rows name by numbers: endpoints, processes, calls. Names go to an arena. */
#ifndef MODEL_NAMES_H
#define MODEL_NAMES_H

#include "model/recording.h"
#include "model/report.h"
#include "util/memory.h"

struct report_endpoint name_endpoint(const struct recording *recording, uint32_t index,
				     struct arena *arena);
struct report_process name_process(const struct recording *recording, uint32_t index,
				   struct arena *arena);
/* Fills in what the audit found of each of recording->processes, and adds it up. */
struct report_audit audit_processes(const struct recording *recording,
				    struct report_process *processes);
const char *name_call(uint16_t call, struct arena *arena);

enum cs_kind endpoint_kind(const struct recording *recording, uint32_t index);

#endif
