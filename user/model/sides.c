// SPDX-License-Identifier: MIT
/*
 * What devices, faults and write-back did for an endpoint, shared out to the
 * flows that it was done for.
 */
#include <stdlib.h>

#include "model/fold.h"
#include "util/memory.h"

/* Flows by one of their ends, then by process, as they were before this step. */
struct index {
	const struct flow *flows; /* copied: the originals move and grow */
	uint32_t *order;
	size_t count;
	bool by_source;
};

struct sides {
	struct fold *fold;
	struct index sources, destinations;
	struct cs_row *rows; /* the endpoint in key.source, whichever end it is */
	size_t nr_rows;
	struct weight *weights;
};

static uint32_t end_of(const struct flow *flow, bool by_source)
{
	return by_source ? flow->from : flow->to;
}

static int compare_flows(const void *left, const void *right, void *context)
{
	const struct index *index = context;
	const struct flow *a = &index->flows[*(const uint32_t *)left];
	const struct flow *b = &index->flows[*(const uint32_t *)right];
	uint32_t end_a = end_of(a, index->by_source), end_b = end_of(b, index->by_source);

	if (end_a != end_b)
		return end_a < end_b ? -1 : 1;
	if (a->process != b->process)
		return a->process < b->process ? -1 : 1;
	end_a = end_of(a, !index->by_source);
	end_b = end_of(b, !index->by_source);
	return end_a < end_b ? -1 : end_a > end_b;
}

static void make_index(struct index *index, const struct flow *flows, size_t count, bool by_source)
{
	*index = (struct index){ flows, zalloc(count, sizeof(uint32_t)), count, by_source };
	for (size_t i = 0; i < count; i++)
		index->order[i] = (uint32_t)i;
	qsort_r(index->order, count, sizeof(uint32_t), compare_flows, index);
}

/* The first flow that is not before (endpoint, process). */
static size_t lower_bound(const struct index *index, uint32_t endpoint, uint32_t process)
{
	size_t low = 0, high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct flow *flow = &index->flows[index->order[middle]];
		uint32_t end = end_of(flow, index->by_source);

		if (end < endpoint || (end == endpoint && flow->process < process))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Bytes that are on the disk already, past the page cache. */
static uint64_t written_directly(const struct fold *fold, const struct flow *flow)
{
	uint64_t bytes = 0;

	for_each_hop(fold, flow, node)
		if (hop_to(node->id) == CS_PLACE_DISK && hop_is_direct(node->id))
			bytes += node->bytes;
	return bytes < flow->delivered ? bytes : flow->delivered;
}

/* Bytes that the process stored itself, to a mapping. */
static uint64_t made_dirty(const struct fold *fold, const struct flow *flow)
{
	uint64_t bytes = 0;

	for_each_hop(fold, flow, node)
		if (hop_how(node->id) == CS_DIRTY)
			bytes += node->bytes;
	return bytes;
}

/* What a side row names is the end of a flow, not where it begins. */
static bool is_at_destination(enum cs_hop side)
{
	return side == CS_CACHE_TO_DISK || side == CS_SOCKET_TO_NIC ||
	       side == CS_SOCKET_TO_SOCKET || side == CS_SOCKET_ENCRYPTED;
}

static uint64_t pinned_bytes(const struct fold *fold, const struct flow *flow)
{
	uint64_t bytes = 0;

	for_each_hop(fold, flow, node)
		if (node->id == CS_USER_PINNED_BY_SOCKET || node->id == CS_MAPPING_PINNED_BY_SOCKET)
			bytes += node->bytes;
	return bytes;
}

/*
 * Bytes that went into the socket, or out of it, and were in a record of TLS of
 * their own: not those that were encrypted or decrypted on that way.
 */
static uint64_t in_records(const struct fold *fold, const struct flow *flow, bool sent,
			   bool handed_on)
{
	uint64_t bytes = 0;

	for_each_hop(fold, flow, node) {
		enum cs_place at = sent ? hop_to(node->id) : hop_from(node->id);
		enum cs_place other = sent ? hop_from(node->id) : hop_to(node->id);
		bool own = other == CS_PLACE_USER_BUFFER || other == CS_PLACE_MAPPING;

		if (at != CS_PLACE_SOCKET_BUFFER || other == CS_PLACE_SOCKET_BUFFER ||
		    other == CS_PLACE_NIC || hop_how(node->id) == CS_TRANSFORM)
			continue;
		if (own != handed_on)
			bytes += node->bytes;
	}
	return bytes;
}

/* Bytes of the flow that the side row may be of. */
static uint64_t weight_of(const struct fold *fold, const struct flow *flow,
			  const struct cs_row_key *key)
{
	enum cs_hop side = key->hop;
	uint64_t mapped = 0, cached = 0;

	if (key->flags & CS_ROW_PINNED)
		return pinned_bytes(fold, flow);
	if (side == CS_SOCKET_ENCRYPTED || side == CS_SOCKET_DECRYPTED)
		return in_records(fold, flow, side == CS_SOCKET_ENCRYPTED,
				  key->flags & CS_ROW_HANDED_ON);
	if (side == CS_SOCKET_GATHERED)
		return flow->delivered;
	if (side == CS_CACHE_TO_DISK)
		return flow->delivered - written_directly(fold, flow) + made_dirty(fold, flow);
	if (is_at_destination(side))
		return flow->delivered;
	/* What came by way of the page cache or a mapping of it. */
	for_each_hop(fold, flow, node) {
		if (node->id == CS_CACHE_TO_MAPPING || node->id == CS_CACHE_TO_DISK ||
		    hop_how(node->id) == CS_DIRTY)
			continue;
		if (hop_from(node->id) == CS_PLACE_MAPPING)
			mapped += node->bytes;
		else if (hop_from(node->id) == CS_PLACE_PAGE_CACHE)
			cached += node->bytes;
	}
	return side == CS_CACHE_TO_MAPPING ? mapped : mapped + cached;
}

/* The flows that a side row belongs to; with process 0 those of all processes. */
static size_t weigh(struct sides *sides, const struct cs_row_key *key)
{
	const struct index *index = is_at_destination(key->hop) ? &sides->destinations :
								  &sides->sources;
	size_t count = 0;

	for (size_t i = lower_bound(index, key->source, key->process); i < index->count; i++) {
		const struct flow *flow = &index->flows[index->order[i]];
		uint64_t weight;

		if (end_of(flow, index->by_source) != key->source)
			break;
		if (key->process && flow->process != key->process)
			break;
		weight = weight_of(sides->fold, flow, key);
		if (weight)
			sides->weights[count++] = (struct weight){ index->order[i], weight };
	}
	return count;
}

static int compare_rows(const void *left, const void *right)
{
	const struct cs_row_key *a = &((const struct cs_row *)left)->key;
	const struct cs_row_key *b = &((const struct cs_row *)right)->key;

	if (a->hop != b->hop)
		return a->hop < b->hop ? -1 : 1;
	if (a->source != b->source)
		return a->source < b->source ? -1 : 1;
	if (a->process != b->process)
		return a->process < b->process ? -1 : 1;
	if (a->call != b->call)
		return a->call < b->call ? -1 : 1;
	return (int)a->flags - (int)b->flags;
}

/* Rows of the same key become one, so that each is shared out once. */
static void sort_and_merge(struct sides *sides)
{
	size_t kept = 0;

	if (!sides->nr_rows)
		return;
	qsort(sides->rows, sides->nr_rows, sizeof(*sides->rows), compare_rows);
	for (size_t i = 0; i < sides->nr_rows; i++) {
		if (kept && !compare_rows(&sides->rows[kept - 1], &sides->rows[i]))
			row_add(&sides->rows[kept - 1], &sides->rows[i]);
		else
			sides->rows[kept++] = sides->rows[i];
	}
	sides->nr_rows = kept;
}

/*
 * A socket or file that another process wrote to: what the device did is
 * theirs.  Such rows are pooled under process 0.
 */
static void pool_strangers(struct sides *sides)
{
	struct cs_row_key anyone = { 0 };
	bool someone = false, asked = false;

	for (size_t i = 0; i < sides->nr_rows; i++) {
		struct cs_row_key *key = &sides->rows[i].key;

		if (!is_at_destination(key->hop))
			continue;
		if (!key->process || weigh(sides, key))
			continue;
		/* Sorted: an endpoint is asked for once, not once per process. */
		if (!asked || anyone.hop != key->hop || anyone.source != key->source) {
			anyone = (struct cs_row_key){ .source = key->source, .hop = key->hop };
			someone = weigh(sides, &anyone);
			asked = true;
		}
		if (someone)
			key->process = 0;
	}
}

static void share_row(struct sides *sides, const struct cs_row *row)
{
	const struct cs_row_key *key = &row->key;
	size_t count = weigh(sides, key);
	uint32_t flow;

	if (count) {
		fold_share(sides->fold, row, sides->weights, count);
		return;
	}
	if (is_at_destination(key->hop))
		flow = fold_flow(sides->fold, key->process, CS_MEMORY, key->source);
	else
		flow = fold_flow(sides->fold, key->process, key->source, CS_MEMORY);
	fold_add(sides->fold, flow, row);
}

static void collect_rows(struct sides *sides)
{
	const struct recording *recording = sides->fold->recording;
	size_t capacity = 0;

	for (size_t i = 0; i < recording->nr_rows; i++) {
		const struct cs_row *row = &recording->rows[i];
		struct cs_row *copy;

		if (!row_is_side(row))
			continue;
		sides->rows = grow(sides->rows, &capacity, sides->nr_rows + 1, sizeof(*row));
		copy = &sides->rows[sides->nr_rows++];
		*copy = *row;
		if (is_at_destination(row->key.hop))
			copy->key.source = row->key.destination;
		copy->key.destination = 0;
		copy->delivered = 0;
	}
}

void fold_sides(struct fold *fold)
{
	size_t count = fold->nr_flows;
	struct flow *before = zalloc(count, sizeof(*before));
	struct sides sides = { .fold = fold };

	for (size_t i = 0; i < count; i++)
		before[i] = fold->flows[i];
	make_index(&sides.sources, before, count, true);
	make_index(&sides.destinations, before, count, false);
	sides.weights = zalloc(count, sizeof(*sides.weights));
	collect_rows(&sides);
	sort_and_merge(&sides);
	pool_strangers(&sides);
	sort_and_merge(&sides);
	for (size_t i = 0; i < sides.nr_rows; i++)
		share_row(&sides, &sides.rows[i]);
	free(sides.rows);
	free(sides.weights);
	free(sides.sources.order);
	free(sides.destinations.order);
	free(before);
}
