// SPDX-License-Identifier: MIT
/* Holds what the hooks saw against what the copy primitives copied. */
#include <stdlib.h>

#include "model/names.h"
#include "model/report.h"
#include "util/memory.h"

/* Where a row copies; CS_PRIMITIVE_MAX: not at a primitive, or it does not copy. */
static enum cs_primitive primitive_of(const struct cs_row_key *key)
{
	enum cs_hop hop = key->hop;
	enum cs_place from = hop_from(hop), to = hop_to(hop);

	/* What is read is copied back by a worker, which is not watched. */
	if (key->flags & CS_ROW_BOUNCED)
		return hop_to(hop) == CS_PLACE_DISK ? CS_PAGE_FROM_ITER : CS_PRIMITIVE_MAX;
	/* process_vm_readv() and process_vm_writev() */
	if (hop == CS_USER_TO_USER || hop == CS_MAPPING_TO_USER)
		return key->destination == CS_MEMORY ? CS_TO_ITER : CS_FROM_ITER;
	if (hop_how(hop) != CS_COPY || from == to || to == CS_PLACE_ANON_MEMORY)
		return hop == CS_CACHE_TO_CACHE ? CS_PAGE_FROM_ITER : CS_PRIMITIVE_MAX;
	if (to == CS_PLACE_PAGE_CACHE)
		return CS_PAGE_FROM_ITER;
	if (hop == CS_CACHE_TO_SOCKET)
		return CS_FROM_ITER;
	if (to == CS_PLACE_USER_BUFFER || from == CS_PLACE_PAGE_CACHE || hop == CS_SOCKET_TO_PIPE ||
	    hop == CS_DEVICE_TO_PIPE)
		return CS_TO_ITER;
	return CS_FROM_ITER;
}

/* One process number and what its rows say. */
struct watched {
	const struct recorded_audit *recorded;
	uint64_t seen[CS_PRIMITIVE_MAX + 1];
	bool named; /* by a program */
};

static int compare(const void *left, const void *right)
{
	const struct watched *a = left, *b = right;

	return a->recorded->pid < b->recorded->pid ? -1 : a->recorded->pid > b->recorded->pid;
}

static struct watched *find(struct watched *all, size_t count, uint32_t pid)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (all[middle].recorded->pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && all[low].recorded->pid == pid ? &all[low] : NULL;
}

/* Of each primitive: more at one does not make up for less at another. */
static struct report_audit judge_one(const struct watched *watched)
{
	const struct cs_audit *audit = &watched->recorded->audit;
	struct report_audit result = { .known = true };

	for (int i = 0; i < CS_PRIMITIVE_MAX; i++) {
		uint64_t explained = watched->seen[i] + audit->own[i];

		result.copied += audit->copied[i];
		result.own += audit->own[i];
		result.seen += watched->seen[i];
		if (audit->copied[i] > explained)
			result.unattributed += audit->copied[i] - explained;
	}
	return result;
}

static void add_up(struct report_audit *sum, const struct report_audit *part)
{
	sum->copied += part->copied;
	sum->own += part->own;
	sum->seen += part->seen;
	sum->unattributed += part->unattributed;
}

struct report_audit audit_processes(const struct recording *recording,
				    struct report_process *processes)
{
	struct report_audit sum = { .known = recording->audited };
	size_t count = recording->nr_audits;
	struct watched *all;

	if (!recording->audited)
		return sum;
	all = zalloc(count, sizeof(*all));
	for (size_t i = 0; i < count; i++)
		all[i].recorded = &recording->audits[i];
	qsort(all, count, sizeof(*all), compare);
	for (size_t i = 0; i < recording->nr_rows; i++) {
		const struct cs_row *row = &recording->rows[i];
		struct watched *watched;

		if (row->key.hop >= CS_HOP_MAX || row->key.process >= recording->nr_processes)
			continue;
		watched = find(all, count, recording->processes[row->key.process].pid);
		if (watched)
			watched->seen[primitive_of(&row->key)] += row->bytes;
	}
	for (size_t i = recording->nr_processes; i--;) {
		struct watched *watched = find(all, count, recording->processes[i].pid);

		if (!watched)
			continue;
		processes[i].audit = judge_one(watched);
		processes[i].audit.last = !watched->named;
		watched->named = true;
	}
	for (size_t i = 0; i < count; i++) {
		struct report_audit one = judge_one(&all[i]);

		add_up(&sum, &one);
	}
	free(all);
	return sum;
}
