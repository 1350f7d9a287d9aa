// SPDX-License-Identifier: MIT
#include "model/kthreads.h"

#include <stdlib.h>
#include <string.h>

/* Who sends receives as well: it is in the list, where what it sent is not known. */
#define SILENT (1u << CS_KTHREAD_READ | 1u << CS_KTHREAD_WRITTEN | 1u << CS_KTHREAD_RECEIVED)

static uint64_t moved(const struct report_kthread *kthread)
{
	uint64_t bytes = 0;

	for (int how = 0; how < CS_KTHREAD_MOVED_MAX; how++)
		bytes += kthread->bytes[how];
	return bytes;
}

static int compare(const void *left, const void *right)
{
	const struct report_kthread *a = left, *b = right;
	uint64_t of_a = moved(a), of_b = moved(b);

	if (of_a != of_b)
		return of_a > of_b ? -1 : 1;
	return strcmp(a->name ? a->name : "", b->name ? b->name : "");
}

void list_kthreads(const struct recording *recording, struct report *report, struct arena *arena)
{
	size_t count = recording->nr_kthreads, kept = 0;
	struct report_kthread *kthreads = arena_alloc(arena, count * sizeof(*kthreads));

	report->kthreads_seen = recording->kthreads_seen;
	report->kthreads_missing = recording->all && (recording->kthreads_seen & SILENT) != SILENT;
	for (size_t i = 0; i < count; i++) {
		const struct recorded_kthread *from = &recording->kthreads[i];
		struct report_kthread *kthread = &kthreads[kept];
		size_t length = strnlen(from->key.name, sizeof(from->key.name));

		kthread->name = length ? arena_copy(arena, from->key.name, length) : NULL;
		memcpy(kthread->bytes, from->moved.bytes, sizeof(kthread->bytes));
		/* Of an interval in which it slept. */
		if (moved(kthread))
			kept++;
	}
	if (kept)
		qsort(kthreads, kept, sizeof(*kthreads), compare);
	report->kthreads = kthreads;
	report->nr_kthreads = kept;
}
