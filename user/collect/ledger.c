// SPDX-License-Identifier: MIT
/* The ledger: its tables are variables of the programs, so a look at them costs no syscall. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "collect/hooks_private.h"
#include "collect/table.h"

/* libbpf would write each page of the tables as it makes them, though the kernel has cleared them. */
int ledger_make(struct hooks *hooks)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	struct bpf_map *map = hooks->bpf->maps.bss;
	int error, fd;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "ledger", bpf_map__key_size(map),
			    bpf_map__value_size(map), 1, &options);
	if (fd < 0)
		return fd;
	error = bpf_map__reuse_fd(map, fd);
	close(fd);
	return error;
}

int hooks_trace(struct hooks *hooks, pid_t tgid)
{
	if (tgid <= 0 || tgid >= CS_MAX_PIDS)
		return -ERANGE;
	__atomic_fetch_or(&hooks->bpf->bss->traced[tgid / 64], 1ULL << (tgid % 64),
			  __ATOMIC_RELAXED);
	return 0;
}

void hooks_untrace(struct hooks *hooks, pid_t tgid)
{
	if (tgid <= 0 || tgid >= CS_MAX_PIDS)
		return;
	__atomic_fetch_and(&hooks->bpf->bss->traced[tgid / 64], ~(1ULL << (tgid % 64)),
			   __ATOMIC_RELAXED);
}

void hooks_trace_all(struct hooks *hooks)
{
	__u64 *traced = hooks->bpf->bss->traced;
	pid_t self = getpid();

	memset(traced, 0xff, sizeof(hooks->bpf->bss->traced));
	__atomic_fetch_and(&traced[self / 64], ~(1ULL << (self % 64)), __ATOMIC_RELAXED);
}

/* Every hook leaves at once from now on; to detach them takes longer. */
void hooks_stop(struct hooks *hooks)
{
	memset(hooks->bpf->bss->traced, 0, sizeof(hooks->bpf->bss->traced));
}

static void *copy_of(const void *from, size_t nr, size_t size)
{
	void *copy = malloc(nr * size + 1);

	if (copy)
		memcpy(copy, from, nr * size);
	return copy;
}

static size_t at_most(size_t n, size_t max)
{
	return n < max ? n : max;
}

static void add_skipped(uint64_t *by_kind, unsigned int kinds, uint64_t runs)
{
	for (int kind = 0; kind < CS_KIND_MAX; kind++)
		if (kinds >> kind & 1)
			by_kind[kind] += runs;
}

/*
 * The kernel runs no program twice at a time on a CPU.  Where it may preempt a
 * task in the middle of one, the next task there goes without: in a preemptible
 * kernel, or in softirq.  The table says of which transfers the run may have told.
 */
static void read_skipped(const struct hooks *hooks, struct recording *r)
{
	memset(r->skipped_from, 0, sizeof(r->skipped_from));
	memset(r->skipped_to, 0, sizeof(r->skipped_to));
	r->lost.runs = 0;
	for (size_t i = 0; i < hook_table_size; i++) {
		const struct hook *hook = &hook_table[i];
		struct bpf_program *program =
			bpf_object__find_program_by_name(hooks->bpf->obj, hook->program);
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);

		if (hooks->states[i].state != HOOK_ATTACHED || !program ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
			continue;
		r->lost.runs += info.recursion_misses;
		add_skipped(r->skipped_from, hook->from, info.recursion_misses);
		add_skipped(r->skipped_to, hook->to, info.recursion_misses);
	}
}

int hooks_read(struct hooks *hooks, struct recording *r)
{
	const struct copyscope_bpf__bss *bss = hooks->bpf->bss;

	r->nr_rows = at_most(bss->nr_rows, CS_MAX_ROWS);
	r->nr_endpoints = at_most(hooks->bpf->data->nr_endpoints, CS_MAX_ENDPOINTS);
	r->nr_processes = at_most(hooks->bpf->data->nr_processes, CS_MAX_PROCESSES);
	r->rows = copy_of(bss->rows, r->nr_rows, sizeof(*r->rows));
	r->endpoints = copy_of(bss->endpoints, r->nr_endpoints, sizeof(*r->endpoints));
	r->processes = copy_of(bss->processes, r->nr_processes, sizeof(*r->processes));
	memcpy(&r->lost, &bss->lost, sizeof(r->lost));
	read_skipped(hooks, r);
	r->audited = hooks->nr_audit;
	audit_read(hooks, r);
	zeroed_read(hooks, r);
	kthreads_read(hooks, r);
	r->followed = hooks_follow(hooks);
	r->sees_tls = hooks_see_tls(hooks);
	r->hooks = hooks_families(hooks, &r->nr_hooks);
	if (r->rows && r->endpoints && r->processes && r->audits && r->zeroed && r->kthreads)
		return 0;
	recording_free(r);
	return -ENOMEM;
}

void recording_free(struct recording *r)
{
	free((void *)r->rows);
	free((void *)r->endpoints);
	free((void *)r->processes);
	free((void *)r->audits);
	free((void *)r->zeroed);
	free((void *)r->kthreads);
	r->rows = NULL;
	r->endpoints = NULL;
	r->processes = NULL;
	r->audits = NULL;
	r->zeroed = NULL;
	r->kthreads = NULL;
}

uint64_t hooks_map_bytes(const struct hooks *hooks)
{
	uint64_t bytes = 0;
	struct bpf_map *map;

	bpf_object__for_each_map(map, hooks->bpf->obj)
	{
		char path[64], line[128];
		unsigned long long n;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bpf_map__fd(map));
		f = fopen(path, "r");
		if (!f)
			continue;
		while (fgets(line, sizeof(line), f))
			if (sscanf(line, "memlock: %llu", &n) == 1)
				bytes += n;
		fclose(f);
	}
	return bytes;
}
