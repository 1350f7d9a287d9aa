// SPDX-License-Identifier: MIT
/*
 * Reads linked to the writes of the same bytes.  A row says what a process
 * read from A, other rows what it wrote from buffers that A had filled: the
 * read was for those writes, in proportion, and for nothing in particular as
 * far as its bytes were not written on.  What a row calls possible was written
 * from memory.
 */
#include <stdlib.h>

#include "model/fold.h"
#include "model/names.h"
#include "util/memory.h"

/* Rows of one process and one source, by destination. */
struct group {
	const struct cs_row **rows;
	size_t count;
};

bool row_is_side(const struct cs_row *row)
{
	switch (row->key.hop) {
	case CS_DISK_TO_CACHE:
	case CS_CACHE_TO_DISK:
	case CS_SOCKET_TO_NIC:
	case CS_SOCKET_TO_SOCKET:
	case CS_SOCKET_ENCRYPTED:
	case CS_SOCKET_DECRYPTED:
	case CS_SOCKET_GATHERED:
	case CS_CACHE_TO_MAPPING:
		return true;
	default:
		return false;
	}
}

void row_add(struct cs_row *into, const struct cs_row *row)
{
	into->ops += row->ops;
	into->bytes += row->bytes;
	into->delivered += row->delivered;
	into->mode_switches += row->mode_switches;
	into->voluntary += row->voluntary;
	into->involuntary += row->involuntary;
	into->minor += row->minor;
	into->major += row->major;
}

static bool is_read(const struct cs_row *row)
{
	return row->key.hop < CS_HOP_MAX && row->key.destination == CS_MEMORY &&
	       !(row->key.flags & CS_ROW_POSSIBLE) &&
	       (hop_to(row->key.hop) == CS_PLACE_USER_BUFFER || row->key.hop == CS_SOCKET_MAPPED);
}

/* What is written from a mapping of a file was not read: of a socket, it was received. */
static bool is_linked_write(const struct recording *recording, const struct cs_row *row)
{
	if (row->key.hop >= CS_HOP_MAX || row->key.source == CS_MEMORY)
		return false;
	return hop_from(row->key.hop) == CS_PLACE_USER_BUFFER ||
	       (hop_from(row->key.hop) == CS_PLACE_MAPPING &&
		endpoint_kind(recording, row->key.source) == CS_KIND_TCP);
}

static int compare(const void *left, const void *right)
{
	const struct cs_row_key *a = &(*(const struct cs_row *const *)left)->key;
	const struct cs_row_key *b = &(*(const struct cs_row *const *)right)->key;

	if (a->process != b->process)
		return a->process < b->process ? -1 : 1;
	if (a->source != b->source)
		return a->source < b->source ? -1 : 1;
	if (a->destination != b->destination)
		return a->destination < b->destination ? -1 : 1;
	/* The order decides where odd units go: keep it the same every time. */
	if (a->hop != b->hop)
		return a->hop < b->hop ? -1 : 1;
	if (a->call != b->call)
		return a->call < b->call ? -1 : 1;
	return (int)a->flags - (int)b->flags;
}

/* Rows of the same key are next to each other, and shared out as one. */
static void share_reads(struct fold *fold, const struct group *group, const struct weight *weights,
			size_t nr_weights)
{
	size_t end;

	for (size_t start = 0; start < group->count; start = end) {
		struct cs_row sum = *group->rows[start];

		for (end = start + 1; end < group->count; end++) {
			if (compare(&group->rows[start], &group->rows[end]))
				break;
			row_add(&sum, group->rows[end]);
		}
		if (is_read(&sum))
			fold_share(fold, &sum, weights, nr_weights);
	}
}

static void link_group(struct fold *fold, const struct group *group)
{
	const struct cs_row_key *key = &group->rows[0]->key;
	struct weight *weights = zalloc(group->count + 1, sizeof(*weights));
	uint64_t read = 0, written = 0;
	size_t nr_weights = 0, reads = 0;

	for (size_t i = 0; i < group->count; i++) {
		const struct cs_row *row = group->rows[i];
		uint32_t flow;

		/* From memory that was used again: no share of the reads is for it. */
		if (row->key.flags & CS_ROW_POSSIBLE && !is_read(row)) {
			flow = fold_flow(fold, key->process, CS_MEMORY, row->key.destination);
			fold_add(fold, flow, row);
			fold_may_be(fold, flow, key->source, row->delivered);
			continue;
		}
		if (is_read(row)) {
			read += row->delivered;
			reads++;
			continue;
		}
		flow = fold_flow(fold, key->process, key->source, row->key.destination);
		fold_add(fold, flow, row);
		if (!is_linked_write(fold->recording, row) || !row->delivered)
			continue;
		if (!nr_weights || weights[nr_weights - 1].flow != flow)
			weights[nr_weights++] = (struct weight){ flow, 0 };
		weights[nr_weights - 1].weight += row->delivered;
		written += row->delivered;
	}
	if (read > written || (!written && reads)) {
		/* What was not written on stays with the process. */
		uint32_t kept = fold_flow(fold, key->process, key->source, CS_MEMORY);

		fold->flows[kept].delivered += read - written;
		/* Reads that got nothing are all that is there: they weigh something. */
		weights[nr_weights++] = (struct weight){ kept, read ? read - written : 1 };
	}
	share_reads(fold, group, weights, nr_weights);
	free(weights);
}

void fold_link(struct fold *fold)
{
	const struct recording *recording = fold->recording;
	const struct cs_row **rows = zalloc(recording->nr_rows, sizeof(*rows));
	size_t count = 0, end;

	for (size_t i = 0; i < recording->nr_rows; i++)
		if (!row_is_side(&recording->rows[i]))
			rows[count++] = &recording->rows[i];
	qsort(rows, count, sizeof(*rows), compare);
	for (size_t start = 0; start < count; start = end) {
		const struct cs_row_key *first = &rows[start]->key;

		for (end = start + 1; end < count; end++)
			if (rows[end]->key.process != first->process ||
			    rows[end]->key.source != first->source)
				break;
		link_group(fold, &(struct group){ rows + start, end - start });
	}
	free(rows);
}
