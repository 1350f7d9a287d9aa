// SPDX-License-Identifier: MIT
/* What was zeroed, for whom: see bpf/zero.bpf.c. */
#include <stdlib.h>

#include <bpf/bpf.h>

#include "collect/hooks_private.h"
#include "collect/symbols.h"

void zeroed_prepare(struct hooks *hooks)
{
	struct symbol key = { .name = "init_on_alloc" };

	/* By libbpf, as an extern symbol, it would take its time from runs that do not need it. */
	symbols_find(&key, 1);
	hooks->bpf->rodata->init_on_alloc = key.at;
}

void zeroed_read(struct hooks *hooks, struct recording *recording)
{
	int fd = bpf_map__fd(hooks->bpf->maps.zeroed);
	size_t max = bpf_map__max_entries(hooks->bpf->maps.zeroed), count = 0;
	struct recorded_zeroed *zeroed = calloc(max, sizeof(*zeroed));
	struct cs_zeroed_key *last = NULL;

	recording->zeroed = zeroed;
	recording->nr_zeroed = 0;
	recording->zeroing = hooks_see_zeroing(hooks) && !hooks->bpf->bss->zeroing_is_blind;
	if (!zeroed || !recording->zeroing)
		return;
	while (count < max && !bpf_map_get_next_key(fd, last, &zeroed[count].key)) {
		last = &zeroed[count].key;
		if (!bpf_map_lookup_elem(fd, last, &zeroed[count].bytes))
			count++;
	}
	recording->nr_zeroed = count;
}
