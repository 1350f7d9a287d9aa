/* SPDX-License-Identifier: MIT */
/*
 * The table of hooks: loads what this kernel offers, remembers why the rest
 * is missing, and reads the ledger.  The only user of libbpf.
 */
#ifndef COLLECT_HOOKS_H
#define COLLECT_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/ledger.h"
#include "abi/settings.h"
#include "model/recording.h"

struct hooks;

enum tier {
	TIER_BEST, /* measured where the kernel offers the hook, else derived */
	TIER_DERIVED, /* tracepoints only */
};

struct hooks_options {
	enum tier tier;
	bool audit;
	bool zeroing; /* count pages that the kernel clears */
	bool verbose; /* let libbpf talk */
	struct cs_settings settings;
	uint64_t cgroup_id;
};

enum hook_state {
	HOOK_ABSENT, /* the kernel has no such function or tracepoint */
	HOOK_ATTACHED,
	HOOK_UNNEEDED, /* another one of its group serves */
	HOOK_REFUSED, /* loading or attaching failed: see error and reason */
	HOOK_CHANGED, /* the routine has not the arguments that the program was written for */
	HOOK_DROPPED, /* it works, but its family is derived; ENOLINK: its other half is missing */
};

/* A hook as it is on this kernel; strings live as long as the struct hooks. */
struct hook_report {
	const char *group; /* what it sees: "file reads" */
	const char *program;
	const char *target;
	const char *kind; /* "fexit", "fentry", "tracepoint", "breakpoint" */
	const char *loses; /* what is not known without its group */
	enum hook_state state;
	/*
	 * errno of HOOK_REFUSED and HOOK_DROPPED.  ECANCELED: left out by the tier; EOWNERDEAD:
	 * by a test; ENOKEY: the types of its module are not shown.
	 */
	int error;
	const char *reason; /* one line of the verifier's; NULL: it said nothing */
};

/*
 * Loads and attaches.  Returns 0 and *@ret, or a negative errno with one line
 * in @why, which says what is missing and what to do.
 */
int hooks_open(const struct hooks_options *options, struct hooks **ret, char *why, size_t why_size);
void hooks_close(struct hooks *hooks);

/* Traces the process @tgid from now on; an error if it is out of range. */
int hooks_trace(struct hooks *hooks, pid_t tgid);

/* Not any more: the number is another process's. */
void hooks_untrace(struct hooks *hooks, pid_t tgid);

/* Traces every process but this one. */
void hooks_trace_all(struct hooks *hooks);

/* Stops counting; the ledger can still be read. */
void hooks_stop(struct hooks *hooks);

size_t hooks_count(const struct hooks *hooks);
struct hook_report hooks_report(const struct hooks *hooks, size_t i);

/* A number for the programs that this copyscope was built with. */
uint64_t hooks_identity(void);

/* The self-check found @family (enum cs_family) wrong; @why must live as long as @hooks. */
void hooks_distrust(struct hooks *hooks, int family, const char *why);

/* How each family of hooks is served, for struct recording. Lives as long as @hooks. */
const struct recorded_hooks *hooks_families(const struct hooks *hooks, size_t *nr);

/* Reads the ledger into @recording; the arrays are the caller's to free. */
int hooks_read(struct hooks *hooks, struct recording *recording);
void recording_free(struct recording *recording);

/* Bytes of the kernel memory that the maps take. */
uint64_t hooks_map_bytes(const struct hooks *hooks);

/*
 * The audit: breakpoints on the copy primitives, for all threads of the @count
 * processes and what they start; with a @count of 0 for every task, on each
 * CPU.  Call it before the tracing starts.  Returns 0, or a negative errno with
 * one line in @why.
 */
int hooks_audit(struct hooks *hooks, const pid_t *pids, size_t count, char *why, size_t why_size);

#endif
