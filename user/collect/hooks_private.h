/* SPDX-License-Identifier: MIT */
/* What the files that make up hooks.h share. */
#ifndef COLLECT_HOOKS_PRIVATE_H
#define COLLECT_HOOKS_PRIVATE_H

#include <bpf/libbpf.h>
#include <linux/types.h>

#include "collect/hooks.h"
#include "copyscope.skel.h"

struct hook_status {
	enum hook_state state;
	int error;
	char *reason; /* of the verifier; NULL: none */
	struct bpf_link *link;
};

struct hooks {
	struct hooks_options options;
	struct copyscope_bpf *bpf;
	struct recorded_hooks families[CS_FAMILY_MAX];
	__u32 derived; /* bits 1 << enum cs_family and 1 << enum cs_unsure */
	struct bpf_link **audit; /* breakpoints */
	size_t nr_audit, audit_capacity;
	struct hook_status states[]; /* by row of the table */
};

/*
 * release.c: closes the links.  The kernel lets go of the hooks meanwhile and later, in
 * another process; they count nothing when hooks_stop() was called, or nothing was traced.
 */
void hooks_release(struct hooks *hooks);

/* Is every hook attached that sees copies between a socket and its device? */
bool hooks_follow(const struct hooks *hooks);
/* Is kernel TLS seen? Not if its module came later. */
bool hooks_see_tls(const struct hooks *hooks);

/* Is every send seen of a thread of the kernel? Up to v6.4 pages go by other routines. */
bool hooks_see_sent_pages(const struct hooks *hooks);

/* Was it asked for, and is every hook attached that it takes? */
bool hooks_see_zeroing(const struct hooks *hooks);

/* zeroed.c: _prepare() comes before the programs are loaded. */
void zeroed_prepare(struct hooks *hooks);
void zeroed_read(struct hooks *hooks, struct recording *recording);

/* kthreads.c */
void kthreads_read(struct hooks *hooks, struct recording *recording);

/* ledger.c: comes before the programs are loaded; returns 0 or a negative errno. */
int ledger_make(struct hooks *hooks);

/* audit.c */
void audit_read(struct hooks *hooks, struct recording *recording);
void audit_close(struct hooks *hooks);

#endif
