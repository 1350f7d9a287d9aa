/* SPDX-License-Identifier: MIT */
/*
 * The report: transfers folded from a recording, what they add up to and what
 * there is to say about them.  Owns all it names (the recording may go), and
 * is const for everyone but the model.
 */
#ifndef MODEL_REPORT_H
#define MODEL_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/ledger.h"
#include "model/filter.h"
#include "model/recording.h"

enum verdict {
	VERDICT_UNKNOWN, /* something on the path was not seen or was lost */
	VERDICT_COPIED, /* all that was seen of it */
	VERDICT_MIXED, /* a part was copied, the rest came all the way without */
	VERDICT_ZERO_COPY,
};

/* Bytes at the copy primitives, and which of them the hooks saw. */
struct report_audit {
	bool known; /* false: nobody asked for it */
	bool last; /* of the programs that had the process number */
	uint64_t copied; /* at the primitives */
	uint64_t seen; /* by hooks on what calls them; can be more than at the primitives */
	uint64_t own; /* the kernel's own: random bytes, programs that an exec looks at */
	uint64_t unattributed; /* copied, seen by no hook */
};

struct report_process {
	bool known; /* false: lost, pid and comm mean nothing */
	uint32_t pid;
	const char *comm; /* any bytes */
	bool lost; /* some operations of it, or parts of them, were not kept */
	struct report_audit audit; /* of all programs that had the pid */
};

struct report_endpoint {
	bool known; /* false: lost, there is no more than the inode at most */
	bool resolved; /* false: memory that could not be looked up */
	bool path_cut; /* the path lacks its outermost folders */
	bool deleted;
	bool tls; /* a socket that kernel TLS was put on while tracing */
	bool has_inode;
	enum cs_kind kind;
	bool has_process; /* memory of another process than the one that moved the bytes */
	uint32_t pid;
	const char *comm; /* of that process: any bytes; else NULL */
	const char *path; /* any bytes; NULL without; of a unix socket: its name */
	const char *first_path; /* of a file that was renamed while tracing; else NULL */
	const char *local; /* of tcp and udp: "10.0.0.1:80"; else NULL */
	const char *peer;
	/* How many sockets of its kind have the address at either end. */
	uint32_t local_sharers, peer_sharers;
	uint32_t dev_major, dev_minor;
	uint32_t rdev_major, rdev_minor; /* of a device */
	uint64_t ino;
	uint64_t filled_bytes; /* page cache bytes added while tracing */
	/* A file of which RWF_DONTCACHE asked that its pages leave the page cache. */
	bool uncached;
	enum residency_source resident_source; /* RESIDENCY_BY_NONE: what stays is not known */
	uint64_t resident_bytes; /* in the page cache at the end */
};

struct report_hop {
	enum cs_hop id;
	enum provenance provenance;
	uint64_t bytes;
};

struct report_call {
	const char *name;
	uint64_t count;
	bool idle; /* none of them moved a byte of the transfer */
};

/* Of one transfer, and of the report by itself. */
enum { FINDINGS_MAX = 32 };

/* What had filled memory before it was used again. */
struct may_be_from {
	const struct report_endpoint *endpoint;
	uint64_t bytes; /* delivered from that memory */
};

struct finding {
	const char *code;
	const char *text; /* one sentence */
	bool obvious; /* the picture shows it already */
};

struct counters {
	uint64_t mode_switches;
	uint64_t voluntary; /* context switches */
	uint64_t involuntary;
	uint64_t minor; /* page faults */
	uint64_t major;
};

struct transfer {
	const struct report_process *process;
	const struct report_endpoint *from;
	const struct report_endpoint *to;
	const struct report_hop *hops; /* in the order of the path */
	const struct report_call *calls; /* most frequent first */
	const struct finding *findings;
	const struct may_be_from *may_be_from; /* most bytes first; none unless from memory */
	size_t nr_hops, nr_calls, nr_findings, nr_may_be_from;
	uint64_t operations;
	uint64_t delivered_bytes;
	uint64_t cpu_copied_bytes;
	uint64_t buffered_bytes; /* through the page cache in spite of O_DIRECT */
	uint64_t uncached_bytes; /* through pages that were not to stay there: RWF_DONTCACHE */
	struct counters counters;
	enum provenance provenance; /* of what was copied and referenced */
	enum verdict verdict;
	double copied_share; /* of what was delivered, 0 to 1; NAN: not known */
	bool failed; /* hooks that counted it counted wrong in the self-check */
	bool unseen_tls; /* an end of it is kernel TLS, which had no hooks */
	bool program_start; /* what the loader did, see the glossary */
	bool not_pinned; /* bytes were copied at once, though MSG_ZEROCOPY was asked for */
	bool followed; /* hooks saw what was copied between the socket and its device */
};

/* Bytes of a file that went from the page cache to the disk. */
struct written_back {
	const struct report_process *process; /* whose call it was; NULL: none that is traced */
	const char *by; /* the call, or what the kernel did it for */
	uint64_t bytes;
};

struct written_file {
	const struct report_endpoint *file;
	const struct written_back *parts; /* most bytes first */
	size_t nr_parts;
	uint64_t written_back_bytes;
	/* RESIDENCY_BY_NONE: what is dirty is not known. */
	enum residency_source source;
	uint64_t dirty_bytes; /* at the end, whole pages */
	uint64_t under_writeback_bytes;
};

struct zeroed_call {
	const char *name;
	uint64_t bytes;
};

/* Of one process number. */
struct zeroed_process {
	uint32_t pid;
	const char *comm; /* any bytes; NULL: not known, it moved no data */
	const struct zeroed_call *calls; /* most bytes first */
	size_t nr_calls;
	uint64_t bytes;
};

/* Threads of the kernel of one name, which moved payload that no transfer has. */
struct report_kthread {
	const char *name; /* any bytes; NULL: several, for whose names there was no room */
	uint64_t bytes[CS_KTHREAD_MOVED_MAX];
};

struct report_totals {
	uint64_t delivered_bytes;
	uint64_t bytes[CS_HOW_MAX]; /* by how they hopped: [CS_COPY] by the CPU */
	struct counters counters;
};

struct report_options {
	const struct filter *from; /* NULL: any */
	const struct filter *to;
	uint64_t min_bytes; /* delivered */
};

struct report {
	const char *version;
	const char *kernel;
	uint64_t duration_ns;
	const struct recorded_hooks *hooks;
	size_t nr_hooks;
	/* Of the hooks together; UNKNOWN when some measure and some derive. */
	enum provenance copies;
	struct cs_lost lost;
	uint64_t lost_events;
	struct report_audit audit; /* of all processes */
	const struct report_process *audited; /* those with a known audit, one of each pid */
	size_t nr_audited;
	const struct transfer *transfers; /* those that copy most first */
	size_t nr_transfers;
	size_t nr_left_out; /* by the options */
	const struct written_file *written; /* those that wait with most first */
	size_t nr_written;
	/* Pages that the kernel cleared, which is no copy; false: nobody asked. */
	bool zeroing_known;
	uint64_t zeroed_bytes;
	const struct zeroed_process *zeroed; /* those with most bytes first */
	size_t nr_zeroed;
	unsigned int kthreads_seen; /* bits 1 << enum cs_kthread_moved: which bytes are known */
	const struct report_kthread *kthreads; /* those that moved most first */
	size_t nr_kthreads;
	bool kthreads_missing; /* some were to be traced, and may have moved bytes unseen */
	size_t unseen_tls; /* sockets with kernel TLS, which had no hooks */
	struct report_totals totals; /* of transfers[] */
	const struct finding *findings;
	size_t nr_findings;
};

struct report *report_build(const struct recording *recording,
			    const struct report_options *options);
void report_free(struct report *report);

bool lost_anything(const struct cs_lost *lost, uint64_t lost_events);
uint64_t transfer_hop_bytes(const struct transfer *transfer, enum cs_hop id);
/* Bytes that the CPU rewrote on their way, once for each time. */
uint64_t transfer_transformed(const struct transfer *transfer);
/* CPU copies per byte delivered; NAN when nothing was. */
double copies_per_byte(uint64_t cpu_copied_bytes, uint64_t delivered_bytes);

/* The words of the reports: "file", "page_cache", "copy", "measured". */
const char *kind_word(enum cs_kind kind);
const char *place_word(enum cs_place place);
const char *how_word(enum cs_how how);
const char *provenance_word(enum provenance provenance);
const char *verdict_word(enum verdict verdict);

enum cs_place hop_from(enum cs_hop id);
enum cs_place hop_to(enum cs_hop id);
enum cs_how hop_how(enum cs_hop id);
/* O_DIRECT: the DMA of the device is all that moves the bytes. */
bool hop_is_direct(enum cs_hop id);
/* Of every byte that is delivered, one hop at least does: the others come beside it. */
bool hop_passes_on(enum cs_hop id);
/* Hops with less come first on the path. */
#define HOP_RANK_MAX 9
unsigned int hop_rank(enum cs_hop id);

/* For qsort(): struct transfer, what copies most first; equal ones by their indices. */
int transfer_compare(const void *left, const void *right);

#endif
