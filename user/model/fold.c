// SPDX-License-Identifier: MIT
#include "model/fold.h"

#include <stdlib.h>
#include <string.h>

#include "util/memory.h"

static size_t slot_of(const struct fold *fold, uint32_t process, uint32_t from, uint32_t to)
{
	uint64_t hash = process * 0x9e3779b97f4a7c15ull;

	hash = (hash ^ from) * 0xbf58476d1ce4e5b9ull;
	hash = (hash ^ hash >> 29 ^ to) * 0x94d049bb133111ebull;
	return (hash ^ hash >> 32) & (fold->table_size - 1);
}

static void enlarge_table(struct fold *fold)
{
	size_t size = fold->table_size ? fold->table_size * 2 : 64;

	free(fold->table);
	fold->table = zalloc(size, sizeof(*fold->table));
	fold->table_size = size;
	for (size_t i = 0; i < fold->nr_flows; i++) {
		const struct flow *flow = &fold->flows[i];
		size_t slot = slot_of(fold, flow->process, flow->from, flow->to);

		while (fold->table[slot])
			slot = (slot + 1) & (size - 1);
		fold->table[slot] = (uint32_t)i + 1;
	}
}

uint32_t fold_flow(struct fold *fold, uint32_t process, uint32_t from, uint32_t to)
{
	size_t slot;

	if (2 * (fold->nr_flows + 1) > fold->table_size)
		enlarge_table(fold);
	slot = slot_of(fold, process, from, to);
	while (fold->table[slot]) {
		const struct flow *flow = &fold->flows[fold->table[slot] - 1];

		if (flow->process == process && flow->from == from && flow->to == to)
			return fold->table[slot] - 1;
		slot = (slot + 1) & (fold->table_size - 1);
	}
	fold->flows =
		grow(fold->flows, &fold->flows_capacity, fold->nr_flows + 1, sizeof(*fold->flows));
	fold->flows[fold->nr_flows] = (struct flow){ .process = process, .from = from, .to = to };
	fold->table[slot] = (uint32_t)++fold->nr_flows;
	return fold->table[slot] - 1;
}

static void add_hop(struct fold *fold, struct flow *flow, uint8_t id, uint64_t bytes, bool derived)
{
	struct hop_node *node;
	uint32_t link;

	if (!bytes || id >= CS_HOP_MAX)
		return;
	for (link = flow->hops; link; link = node->next) {
		node = &fold->hops[link - 1];
		if (node->id == id) {
			node->bytes += bytes;
			node->derived |= derived;
			return;
		}
	}
	fold->hops = grow(fold->hops, &fold->hops_capacity, fold->nr_hops + 1, sizeof(*fold->hops));
	fold->hops[fold->nr_hops] = (struct hop_node){ bytes, flow->hops, id, derived };
	flow->hops = (uint32_t)++fold->nr_hops;
}

static void add_call(struct fold *fold, struct flow *flow, uint16_t call, uint64_t count)
{
	struct call_node *node;
	uint32_t link;

	if (!count)
		return;
	for (link = flow->calls; link; link = node->next) {
		node = &fold->calls[link - 1];
		if (node->call == call) {
			node->count += count;
			return;
		}
	}
	fold->calls =
		grow(fold->calls, &fold->calls_capacity, fold->nr_calls + 1, sizeof(*fold->calls));
	fold->calls[fold->nr_calls] = (struct call_node){ count, flow->calls, call };
	flow->calls = (uint32_t)++fold->nr_calls;
}

void fold_add(struct fold *fold, uint32_t index, const struct cs_row *row)
{
	struct flow *flow = &fold->flows[index];

	add_hop(fold, flow, row->key.hop, row->bytes, row->key.flags & CS_ROW_DERIVED);
	add_call(fold, flow, row->key.call, row->ops);
	flow->delivered += row->delivered;
	flow->not_pinned |= row->bytes && row->key.flags & CS_ROW_NOT_PINNED;
	if (row->key.call == CALL_TEE || row->key.call == CALL_TEE_REQUEST)
		flow->teed += row->delivered;
	if (row->key.flags & CS_ROW_BUFFERED)
		flow->buffered += row->bytes;
	flow->counters.mode_switches += row->mode_switches;
	flow->counters.voluntary += row->voluntary;
	flow->counters.involuntary += row->involuntary;
	flow->counters.minor += row->minor;
	flow->counters.major += row->major;
}

/* The part of `whole` that lies between two marks of a scale up to `total`. */
static uint64_t part(uint64_t whole, uint64_t start, uint64_t end, uint64_t total)
{
	unsigned __int128 wide = whole;

	/* Rounding at the marks, not each part, keeps the sum of the parts. */
	return (uint64_t)(wide * end / total) - (uint64_t)(wide * start / total);
}

void fold_share(struct fold *fold, const struct cs_row *row, const struct weight *weights,
		size_t count)
{
	uint64_t total = 0, start = 0, end;

	for (size_t i = 0; i < count; i++)
		total += weights[i].weight;
	if (!total)
		return;
	for (size_t i = 0; i < count; i++, start = end) {
		struct cs_row share = { .key = row->key };

		end = start + weights[i].weight;
		if (end <= start) /* nothing, or more than 64 bits in sum */
			continue;
		share.ops = part(row->ops, start, end, total);
		share.bytes = part(row->bytes, start, end, total);
		share.mode_switches = part(row->mode_switches, start, end, total);
		share.voluntary = part(row->voluntary, start, end, total);
		share.involuntary = part(row->involuntary, start, end, total);
		share.minor = part(row->minor, start, end, total);
		share.major = part(row->major, start, end, total);
		fold_add(fold, weights[i].flow, &share);
	}
}

void fold_split(struct fold *fold, uint32_t from, const struct weight *weights, size_t count,
		bool delivered)
{
	/* By value: adding may move the pools. */
	const struct flow flow = fold->flows[from];
	const struct counters *c = &flow.counters;
	struct cs_row counters = { .mode_switches = c->mode_switches,
				   .voluntary = c->voluntary,
				   .involuntary = c->involuntary,
				   .minor = c->minor,
				   .major = c->major };
	uint64_t total = 0, start = 0;

	fold->flows[from] =
		(struct flow){ .process = flow.process, .from = flow.from, .to = flow.to };
	for (uint32_t link = flow.hops; link;) {
		struct hop_node node = fold->hops[link - 1];
		struct cs_row row = { .bytes = node.bytes };

		row.key.hop = node.id;
		row.key.flags = node.derived ? CS_ROW_DERIVED : 0;
		fold_share(fold, &row, weights, count);
		link = node.next;
	}
	for (uint32_t link = flow.calls; link;) {
		struct call_node node = fold->calls[link - 1];
		struct cs_row row = { .ops = node.count };

		row.key.call = node.call;
		fold_share(fold, &row, weights, count);
		link = node.next;
	}
	fold_share(fold, &counters, weights, count);
	for (size_t i = 0; i < count; i++)
		total += weights[i].weight;
	for (size_t i = 0; total && i < count; i++) {
		struct flow *into = &fold->flows[weights[i].flow];
		uint64_t end = start + weights[i].weight;

		if (delivered)
			into->delivered += part(flow.delivered, start, end, total);
		into->not_pinned |= flow.not_pinned;
		into->buffered += part(flow.buffered, start, end, total);
		start = end;
	}
}

void fold_free(struct fold *fold)
{
	free(fold->flows);
	free(fold->hops);
	free(fold->calls);
	free(fold->table);
}
