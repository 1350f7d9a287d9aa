// SPDX-License-Identifier: MIT
#include "model/zeroed.h"

#include <stdlib.h>
#include <string.h>

#include "model/names.h"

/* By process, most bytes first in each. */
static int compare_recorded(const void *left, const void *right)
{
	const struct recorded_zeroed *a = left, *b = right;

	if (a->key.tgid != b->key.tgid)
		return a->key.tgid < b->key.tgid ? -1 : 1;
	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return (int)a->key.call - (int)b->key.call;
}

static int compare_processes(const void *left, const void *right)
{
	const struct zeroed_process *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

/* The last program that had the number; NULL: none that moved data. */
static const char *comm_of(const struct recording *recording, uint32_t pid, struct arena *arena)
{
	for (size_t i = recording->nr_processes; i-- > 1;)
		if (recording->processes[i].pid == pid)
			return name_process(recording, (uint32_t)i, arena).comm;
	return NULL;
}

void list_zeroed(const struct recording *recording, struct report *report, struct arena *arena)
{
	size_t count = recording->nr_zeroed, nr_processes = 0;
	struct recorded_zeroed *sorted = zalloc(count, sizeof(*sorted));
	struct zeroed_process *processes = arena_alloc(arena, count * sizeof(*processes));
	struct zeroed_call *calls = arena_alloc(arena, count * sizeof(*calls));

	report->zeroing_known = recording->zeroing;
	if (count) {
		memcpy(sorted, recording->zeroed, count * sizeof(*sorted));
		qsort(sorted, count, sizeof(*sorted), compare_recorded);
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t pid = sorted[i].key.tgid;

		if (!i || sorted[i - 1].key.tgid != pid)
			processes[nr_processes++] = (struct zeroed_process){
				.pid = pid,
				.comm = comm_of(recording, pid, arena),
				.calls = &calls[i],
			};
		calls[i].name = name_call(sorted[i].key.call, arena);
		calls[i].bytes = sorted[i].bytes;
		processes[nr_processes - 1].nr_calls++;
		processes[nr_processes - 1].bytes += sorted[i].bytes;
		report->zeroed_bytes += sorted[i].bytes;
	}
	if (nr_processes)
		qsort(processes, nr_processes, sizeof(*processes), compare_processes);
	report->zeroed = processes;
	report->nr_zeroed = nr_processes;
	free(sorted);
}
