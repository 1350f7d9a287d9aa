/* SPDX-License-Identifier: MIT */
/*
 * Everything the model ever sees: a header, the ledger and how it was taken.
 * Filled in by collect/, or by hand in tests.
 */
#ifndef MODEL_RECORDING_H
#define MODEL_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/ledger.h"
#include "model/residency.h"

enum provenance {
	PROVENANCE_UNKNOWN,
	PROVENANCE_DERIVED,
	PROVENANCE_READ,
	PROVENANCE_MEASURED,
};

/*
 * A family of hooks ("file reads") and how its numbers came about: unknown
 * where it has no part in what was measured.
 */
struct recorded_hooks {
	const char *name;
	enum provenance provenance;
	const char *failed; /* what the self-check found wrong on this kernel; NULL: nothing */
};

/* What the processes with a number had copied at the primitives. */
struct recorded_audit {
	uint32_t pid;
	struct cs_audit audit;
};

/*
 * What of a file that was written to, or used by RWF_DONTCACHE, was in the page
 * cache and still dirty when the recording ended.
 */
struct recorded_dirty {
	uint32_t endpoint; /* index */
	enum residency_source source; /* RESIDENCY_BY_NONE: not known */
	uint64_t resident_bytes; /* whole pages, as the others */
	uint64_t dirty_bytes; /* whole pages */
	uint64_t under_writeback_bytes; /* on their way to the disk */
};

/* Pages that the kernel cleared in a call of a process, which may have moved nothing. */
struct recorded_zeroed {
	struct cs_zeroed_key key;
	uint64_t bytes;
};

/* Payload that traced threads of the kernel of one name moved, which no row has. */
struct recorded_kthread {
	struct cs_kthread_key key; /* no name: of several, for whose names there was no room */
	struct cs_kthread moved;
};

struct recording {
	const char *version; /* of copyscope */
	const char *kernel; /* uname -r */
	uint64_t duration_ns;
	const struct recorded_hooks *hooks;
	size_t nr_hooks;
	struct cs_lost lost;
	/* Runs of lost.runs, by the kind of source and destination that they may have told of. */
	uint64_t skipped_from[CS_KIND_MAX], skipped_to[CS_KIND_MAX];
	uint64_t lost_events;
	bool followed; /* what sockets copy after the call was counted */
	bool sees_tls; /* hooks were on the kernel's TLS */
	bool audited; /* the copy primitives were counted, too */
	const struct recorded_audit *audits;
	size_t nr_audits;
	bool zeroing; /* what was zeroed was counted, too */
	const struct recorded_zeroed *zeroed;
	size_t nr_zeroed;
	bool all; /* threads of the kernel were to be traced, too */
	unsigned int kthreads_seen; /* bits 1 << enum cs_kthread_moved: what hooks tell of them */
	const struct recorded_kthread *kthreads;
	size_t nr_kthreads;
	const struct recorded_dirty *dirty; /* in the order of endpoints */
	size_t nr_dirty;
	const struct cs_row *rows;
	size_t nr_rows;
	/* By endpoint index: the first CS_FIRST_ENDPOINT slots are unused. */
	const struct cs_endpoint *endpoints;
	size_t nr_endpoints;
	const struct cs_process *processes; /* [0] is the kernel */
	size_t nr_processes;
};

#endif
