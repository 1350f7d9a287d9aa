/* SPDX-License-Identifier: MIT */
/* The one table of hooks; doctor, docs/hooks.md and provenance read it. */
#ifndef COLLECT_TABLE_H
#define COLLECT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/settings.h"

enum hook_kind {
	HOOK_FEXIT,
	HOOK_FENTRY,
	HOOK_TRACEPOINT,
	HOOK_BREAKPOINT,
};

enum hook_need {
	NEED_ALWAYS, /* its fact cannot be measured without it */
	NEED_IF_PRESENT, /* the fact is not there where the kernel lacks the function */
	NEED_TO_TRACE, /* nothing can be traced without it */
	NEED_SELDOM, /* nothing of the fact is lost but what the row says */
};

struct hook {
	const char *fact; /* rows with one fact are alternatives, best first */
	int family; /* enum cs_family, or -1 */
	enum hook_need need;
	enum hook_kind kind;
	const char *program;
	const char *target;
	const char *arguments; /* that the program was written for: see prototype_fits() */
	const char *loses;
	const char *module; /* that the target may be in, else NULL */
	const char *where; /* a routine; the hook is there where the kernel has it, else NULL */
	const char *with; /* the program that this one is of no use without, else NULL */
	unsigned int unsure; /* bit of enum cs_unsure: the family stays measured without the fact */
	/* Kinds of endpoints, as bits: what a skipped run may have moved, or told of. */
	uint8_t from, to;
};

extern const struct hook hook_table[];
extern const size_t hook_table_size;

/* By enum cs_family, CS_FAMILY_MAX of them. */
extern const char *const family_names[];

#endif
