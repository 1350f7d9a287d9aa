// SPDX-License-Identifier: MIT
/* What threads of the kernel moved: see bpf/kthread.bpf.c. */
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "collect/hooks_private.h"

/* Which families must be measured for what a thread of the kernel moves to be seen. */
static const __u32 seen_by[CS_KTHREAD_MOVED_MAX] = {
	[CS_KTHREAD_READ] = 1 << CS_FAMILY_FILE_READ | 1 << CS_FAMILY_SPLICE,
	[CS_KTHREAD_WRITTEN] = 1 << CS_FAMILY_FILE_WRITE,
	[CS_KTHREAD_SENT] = 1 << CS_FAMILY_TCP | 1 << CS_FAMILY_UDP | 1 << CS_FAMILY_UNIX,
	[CS_KTHREAD_RECEIVED] = 1 << CS_FAMILY_TCP | 1 << CS_FAMILY_UDP | 1 << CS_FAMILY_UNIX,
};

void kthreads_read(struct hooks *hooks, struct recording *recording)
{
	int fd = bpf_map__fd(hooks->bpf->maps.kthreads);
	struct recorded_kthread *kthreads = calloc(CS_MAX_KTHREADS + 1, sizeof(*kthreads));
	struct cs_kthread_key *last = NULL;
	size_t count = 0;

	recording->all = hooks->options.settings.all;
	recording->kthreads = kthreads;
	recording->nr_kthreads = 0;
	recording->kthreads_seen = 0;
	for (int how = 0; how < CS_KTHREAD_MOVED_MAX; how++)
		if (!(hooks->derived & seen_by[how]))
			recording->kthreads_seen |= 1 << how;
	if (!hooks_see_sent_pages(hooks))
		recording->kthreads_seen &= ~(1u << CS_KTHREAD_SENT);
	while (kthreads && count < CS_MAX_KTHREADS &&
	       !bpf_map_get_next_key(fd, last, &kthreads[count].key)) {
		last = &kthreads[count].key;
		if (!bpf_map_lookup_elem(fd, last, &kthreads[count].moved))
			count++;
	}
	if (kthreads)
		kthreads[count++] =
			(struct recorded_kthread){ .moved = hooks->bpf->bss->kthreads_unnamed };
	recording->nr_kthreads = count;
}
