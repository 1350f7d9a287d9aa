/* SPDX-License-Identifier: MIT */
/* The one table of hooks; doctor, docs/hooks.md and provenance read it. */
#ifndef COLLECT_TABLE_H
#define COLLECT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "abi/settings.h"

enum hook_kind {
	HOOK_FEXIT,
	HOOK_FENTRY,
	HOOK_TRACEPOINT,
};

enum hook_need {
	NEED_ALWAYS, /* its fact cannot be measured without it */
	NEED_IF_PRESENT, /* the fact is not there where the kernel lacks the function */
	NEED_SELDOM, /* nothing of the fact is lost but what the row says */
};

struct hook {
	const char *fact; /* rows with one fact are alternatives, newest first */
	int family; /* enum cs_family, or -1 */
	enum hook_need need;
	enum hook_kind kind;
	const char *program;
	const char *target;
	const char *loses;
	const char *module; /* that the target may be in, else NULL */
};

extern const struct hook hook_table[];
extern const size_t hook_table_size;

/* By enum cs_family, CS_FAMILY_MAX of them. */
extern const char *const family_names[];

#endif
