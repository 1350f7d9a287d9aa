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
	struct bpf_link *link;
};

#define AUDIT_PRIMITIVES 3

struct hooks {
	struct hooks_options options;
	struct copyscope_bpf *bpf;
	struct recorded_hooks families[CS_FAMILY_MAX];
	const struct cs_row *rows; /* the maps, mapped */
	const struct cs_endpoint *endpoints;
	const struct cs_process *processes;
	bool fexit_works;
	struct bpf_link *audit[AUDIT_PRIMITIVES + 1]; /* the last one: random bytes */
	struct hook_status states[]; /* by row of the table */
};

/* ledger.c */
int ledger_map(struct hooks *hooks);
void ledger_unmap(struct hooks *hooks);

/* audit.c */
void audit_close(struct hooks *hooks);

#endif
