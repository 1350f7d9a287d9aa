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

static void add_call(struct fold *fold, struct flow *flow, uint16_t call, uint64_t count,
		     bool moved)
{
	struct call_node *node;
	uint32_t link;

	if (!count)
		return;
	for (link = flow->calls; link; link = node->next) {
		node = &fold->calls[link - 1];
		if (node->call == call) {
			node->count += count;
			node->moved |= moved;
			return;
		}
	}
	fold->calls =
		grow(fold->calls, &fold->calls_capacity, fold->nr_calls + 1, sizeof(*fold->calls));
	fold->calls[fold->nr_calls] = (struct call_node){ count, flow->calls, call, moved };
	flow->calls = (uint32_t)++fold->nr_calls;
}

void fold_may_be(struct fold *fold, uint32_t index, uint32_t endpoint, uint64_t bytes)
{
	struct flow *flow = &fold->flows[index];
	struct may_be_node *node;
	uint32_t link;

	if (!bytes)
		return;
	for (link = flow->may_be; link; link = node->next) {
		node = &fold->may_be[link - 1];
		if (node->endpoint == endpoint) {
			node->bytes += bytes;
			return;
		}
	}
	fold->may_be = grow(fold->may_be, &fold->may_be_capacity, fold->nr_may_be + 1,
			    sizeof(*fold->may_be));
	fold->may_be[fold->nr_may_be] = (struct may_be_node){ bytes, flow->may_be, endpoint };
	flow->may_be = (uint32_t)++fold->nr_may_be;
}

/* The two hops by a bounce buffer of one between a disk and a buffer. */
static const struct {
	enum cs_hop whole, first, second;
} bounces[] = {
	{ CS_USER_TO_DISK, CS_USER_TO_BOUNCE, CS_BOUNCE_TO_DISK },
	{ CS_MAPPING_TO_DISK, CS_MAPPING_TO_BOUNCE, CS_BOUNCE_TO_DISK },
	{ CS_PIPE_TO_DISK, CS_PIPE_TO_BOUNCE, CS_BOUNCE_TO_DISK },
	{ CS_DISK_TO_USER, CS_DISK_TO_BOUNCE, CS_BOUNCE_TO_USER },
	{ CS_DISK_TO_PIPE, CS_DISK_TO_BOUNCE, CS_BOUNCE_TO_PIPE },
};

static void add_hops(struct fold *fold, struct flow *flow, const struct cs_row *row)
{
	bool derived = row->key.flags & CS_ROW_DERIVED;

	for (size_t i = 0; i < sizeof(bounces) / sizeof(bounces[0]); i++) {
		if (!(row->key.flags & CS_ROW_BOUNCED) || row->key.hop != bounces[i].whole)
			continue;
		add_hop(fold, flow, bounces[i].first, row->bytes, derived);
		add_hop(fold, flow, bounces[i].second, row->bytes, derived);
		return;
	}
	add_hop(fold, flow, row->key.hop, row->bytes, derived);
}

static bool row_moved(const struct cs_row *row)
{
	return row->bytes || row->delivered;
}

/* @moved: the call moved bytes, if not in this part of it. */
static void add_row(struct fold *fold, uint32_t index, const struct cs_row *row, bool moved)
{
	struct flow *flow = &fold->flows[index];

	add_hops(fold, flow, row);
	add_call(fold, flow, row->key.call, row->ops, moved);
	flow->delivered += row->delivered;
	flow->not_pinned |= row->bytes && row->key.flags & CS_ROW_NOT_PINNED;
	if (row->key.call == CALL_TEE || row->key.call == CALL_TEE_REQUEST)
		flow->teed += row->delivered;
	if (row->key.flags & CS_ROW_BUFFERED)
		flow->buffered += row->bytes;
	if (row->key.flags & CS_ROW_UNCACHED)
		flow->uncached += row->bytes;
	flow->counters.mode_switches += row->mode_switches;
	flow->counters.voluntary += row->voluntary;
	flow->counters.involuntary += row->involuntary;
	flow->counters.minor += row->minor;
	flow->counters.major += row->major;
}

void fold_add(struct fold *fold, uint32_t index, const struct cs_row *row)
{
	add_row(fold, index, row, row_moved(row));
}

/*
 * Weights as marks on a scale.  Their sum may take more than 64 bits in a
 * recording from elsewhere: then the marks are made coarser.
 */
struct scale {
	unsigned __int128 total, mark;
	unsigned int shift;
};

static struct scale scale_of(const struct weight *weights, size_t count)
{
	struct scale scale = { .total = 0 };

	for (size_t i = 0; i < count; i++)
		scale.total += weights[i].weight;
	while (scale.total >> scale.shift > UINT64_MAX)
		scale.shift++;
	return scale;
}

static uint64_t up_to(const struct scale *scale, uint64_t whole, unsigned __int128 mark)
{
	return (uint64_t)((mark >> scale->shift) * whole / (scale->total >> scale->shift));
}

/* The part of `whole` that lies between the mark that was reached and `end`. */
static uint64_t part(const struct scale *scale, uint64_t whole, unsigned __int128 end)
{
	/* Rounding at the marks, not each part, keeps the sum of the parts. */
	return up_to(scale, whole, end) - up_to(scale, whole, scale->mark);
}

/* fold_share() of a row whose call @moved bytes, if not in the row. */
static void share_row(struct fold *fold, const struct cs_row *row, const struct weight *weights,
		      size_t count, bool moved)
{
	struct scale scale = scale_of(weights, count);

	for (size_t i = 0; scale.total && i < count; i++) {
		struct cs_row share = { .key = row->key };
		unsigned __int128 end = scale.mark + weights[i].weight;

		if (!weights[i].weight)
			continue;
		share.ops = part(&scale, row->ops, end);
		share.bytes = part(&scale, row->bytes, end);
		share.mode_switches = part(&scale, row->mode_switches, end);
		share.voluntary = part(&scale, row->voluntary, end);
		share.involuntary = part(&scale, row->involuntary, end);
		share.minor = part(&scale, row->minor, end);
		share.major = part(&scale, row->major, end);
		add_row(fold, weights[i].flow, &share, moved);
		scale.mark = end;
	}
}

void fold_share(struct fold *fold, const struct cs_row *row, const struct weight *weights,
		size_t count)
{
	share_row(fold, row, weights, count, row_moved(row));
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
	struct scale scale = scale_of(weights, count);

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
		share_row(fold, &row, weights, count, node.moved);
		link = node.next;
	}
	fold_share(fold, &counters, weights, count);
	for (uint32_t link = flow.may_be; link;) {
		struct may_be_node node = fold->may_be[link - 1];
		struct scale marks = scale;

		for (size_t i = 0; marks.total && i < count; i++) {
			unsigned __int128 end = marks.mark + weights[i].weight;

			fold_may_be(fold, weights[i].flow, node.endpoint,
				    part(&marks, node.bytes, end));
			marks.mark = end;
		}
		link = node.next;
	}
	for (size_t i = 0; scale.total && i < count; i++) {
		struct flow *into = &fold->flows[weights[i].flow];
		unsigned __int128 end = scale.mark + weights[i].weight;

		if (delivered)
			into->delivered += part(&scale, flow.delivered, end);
		into->not_pinned |= flow.not_pinned;
		into->buffered += part(&scale, flow.buffered, end);
		into->uncached += part(&scale, flow.uncached, end);
		scale.mark = end;
	}
}

void fold_free(struct fold *fold)
{
	free(fold->flows);
	free(fold->hops);
	free(fold->calls);
	free(fold->may_be);
	free(fold->table);
}
