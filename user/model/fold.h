/* SPDX-License-Identifier: MIT */
/*
 * Ledger rows folded into flows, the transfers in the making.  The steps, in
 * their order: link reads to writes, join splices through a pipe, then share
 * out what devices and faults did.  Whatever a step shares out it shares out
 * to the last unit: sums over the flows equal the rows.
 */
#ifndef MODEL_FOLD_H
#define MODEL_FOLD_H

#include "model/recording.h"
#include "model/report.h"

/* Links of the lists of a flow: index + 1 into the pool, 0 ends the list. */
struct hop_node {
	uint64_t bytes;
	uint32_t next;
	uint8_t id; /* enum cs_hop */
	bool derived;
};

struct call_node {
	uint64_t count;
	uint32_t next;
	uint16_t call;
	bool moved; /* one of them at least moved bytes */
};

/* Bytes from memory that another endpoint had filled before: they may be from there. */
struct may_be_node {
	uint64_t bytes;
	uint32_t next;
	uint32_t endpoint;
};

struct flow {
	uint32_t process, from, to;
	uint32_t hops, calls, may_be;
	uint64_t delivered;
	bool not_pinned; /* copied, though MSG_ZEROCOPY was asked for */
	uint64_t teed; /* of these, bytes that stayed in the pipe they came from, too */
	uint64_t buffered; /* bytes of hops through the page cache in spite of O_DIRECT */
	uint64_t uncached; /* bytes of hops through pages that were not to stay there */
	struct counters counters;
};

enum { CALL_TEE = 276, CALL_TEE_REQUEST = CS_CALL_REQUEST | 33 /* IORING_OP_TEE */ };

struct fold {
	const struct recording *recording;
	struct flow *flows;
	size_t nr_flows, flows_capacity;
	struct hop_node *hops;
	size_t nr_hops, hops_capacity;
	struct call_node *calls;
	size_t nr_calls, calls_capacity;
	struct may_be_node *may_be;
	size_t nr_may_be, may_be_capacity;
	uint32_t *table; /* hash of (process, from, to): index + 1 */
	size_t table_size; /* a power of two */
};

/* A flow that is to get a part, and how large a part. */
struct weight {
	uint32_t flow;
	uint64_t weight;
};

/* Finds or makes it. Pointers to flows do not outlive this, indices do. */
uint32_t fold_flow(struct fold *fold, uint32_t process, uint32_t from, uint32_t to);
void fold_add(struct fold *fold, uint32_t flow, const struct cs_row *row);
/* @bytes of the flow, which is from memory, may be from @endpoint. */
void fold_may_be(struct fold *fold, uint32_t flow, uint32_t endpoint, uint64_t bytes);
/* In proportion to the weights, which must not all be 0. `delivered` is not shared. */
void fold_share(struct fold *fold, const struct cs_row *row, const struct weight *weights,
		size_t count);
/*
 * Moves what is in a flow to others, in proportion to the weights, which must
 * not all be 0; its delivered bytes only if @delivered, else they are dropped.
 */
void fold_split(struct fold *fold, uint32_t from, const struct weight *weights, size_t count,
		bool delivered);
void fold_free(struct fold *fold);

#define for_each_hop(fold, flow, node)                                                            \
	for (const struct hop_node *node = (flow)->hops ? &(fold)->hops[(flow)->hops - 1] : NULL; \
	     node; node = node->next ? &(fold)->hops[node->next - 1] : NULL)

#define for_each_call(fold, flow, node)                                                         \
	for (const struct call_node *node = (flow)->calls ? &(fold)->calls[(flow)->calls - 1] : \
							    NULL;                               \
	     node; node = node->next ? &(fold)->calls[node->next - 1] : NULL)

#define for_each_may_be(fold, flow, node)                                         \
	for (const struct may_be_node *node =                                     \
		     (flow)->may_be ? &(fold)->may_be[(flow)->may_be - 1] : NULL; \
	     node; node = node->next ? &(fold)->may_be[node->next - 1] : NULL)

bool row_is_side(const struct cs_row *row);
void row_add(struct cs_row *into, const struct cs_row *row);

void fold_link(struct fold *fold); /* all rows but the side rows */
void fold_pipes(struct fold *fold);
void fold_sides(struct fold *fold);

/* Of finished transfers: which ones are the start of a program. */
void mark_program_start(struct transfer *transfers, size_t count);

/* What there is to say about a finished transfer, and about the report. */
struct arena;
void find_in_transfers(struct transfer *transfers, size_t count, struct arena *arena);
void find_in_report(struct report *report, struct arena *arena);

#endif
