// SPDX-License-Identifier: MIT
/*
 * The audit: hardware breakpoints on the copy primitives, which neither fentry
 * nor kprobes of eBPF reach (lib/ is built without ftrace).
 */
#include <dirent.h>
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "collect/hooks_private.h"
#include "collect/symbols.h"
#include "collect/table.h"

struct primitive {
	const char *names[2]; /* the newest first */
	struct bpf_program *program;
	uint64_t at;
};

static int breakpoint(uint64_t at, pid_t tid, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_X,
		.bp_addr = at,
		.bp_len = sizeof(long),
		.sample_period = 1,
		.inherit = tid > 0,
	};

	return syscall(SYS_perf_event_open, &attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static int keep(struct hooks *hooks, struct bpf_link *link)
{
	if (hooks->nr_audit == hooks->audit_capacity) {
		size_t capacity = 2 * hooks->audit_capacity + 16;
		struct bpf_link **more = realloc(hooks->audit, capacity * sizeof(*more));

		if (!more) {
			bpf_link__destroy(link);
			return -ENOMEM;
		}
		hooks->audit = more;
		hooks->audit_capacity = capacity;
	}
	hooks->audit[hooks->nr_audit++] = link;
	return 0;
}

/* Breakpoints on all primitives, for one thread or one CPU. */
static int watch(struct hooks *hooks, const struct primitive *primitives, pid_t tid, int cpu)
{
	for (int i = 0; i < CS_PRIMITIVE_MAX; i++) {
		int error, fd = breakpoint(primitives[i].at, tid, cpu);
		struct bpf_link *link;

		if (fd < 0)
			return -errno;
		link = bpf_program__attach_perf_event(primitives[i].program, fd);
		if (!link) {
			error = -errno;
			close(fd);
			return error;
		}
		error = keep(hooks, link);
		if (error)
			return error;
	}
	return 0;
}

/* Threads that start meanwhile inherit, if their creator was seen already: so look again. */
static int watch_process(struct hooks *hooks, const struct primitive *primitives, pid_t pid)
{
	int error = 0, last = 0, highest = 0;
	char path[64];
	struct dirent *d;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	do {
		last = highest;
		tasks = opendir(path);
		if (!tasks)
			return last ? 0 : -errno;
		while (!error && (d = readdir(tasks))) {
			int tid = atoi(d->d_name);

			if (tid <= last)
				continue;
			error = watch(hooks, primitives, tid, -1);
			if (error == -ESRCH)
				error = 0; /* it has ended */
			if (tid > highest)
				highest = tid;
		}
		closedir(tasks);
	} while (!error && highest > last);
	return error;
}

static int watch_cpus(struct hooks *hooks, const struct primitive *primitives)
{
	int error = 0, cpus = libbpf_num_possible_cpus();

	for (int cpu = 0; !error && cpu < cpus; cpu++) {
		error = watch(hooks, primitives, -1, cpu);
		if (error == -ENODEV)
			error = 0; /* offline */
	}
	return error;
}

static int find_primitives(struct primitive *primitives, char *why, size_t why_size)
{
	struct symbol symbols[2 * CS_PRIMITIVE_MAX];

	for (int i = 0; i < 2 * CS_PRIMITIVE_MAX; i++)
		symbols[i] = (struct symbol){ .name = primitives[i / 2].names[i % 2] ?: "" };
	symbols_find(symbols, 2 * CS_PRIMITIVE_MAX);
	for (int i = 0; i < CS_PRIMITIVE_MAX; i++) {
		struct primitive *p = &primitives[i];

		p->at = symbols[2 * i].at ?: symbols[2 * i + 1].at;
		if (p->at)
			continue;
		snprintf(why, why_size,
			 "/proc/kallsyms hides the address of %s: the audit needs root and "
			 "kernel.kptr_restrict below 2",
			 p->names[0]);
		return -ENOENT;
	}
	return 0;
}

int hooks_audit(struct hooks *hooks, const pid_t *pids, size_t count, char *why, size_t why_size)
{
	struct primitive primitives[CS_PRIMITIVE_MAX] = {
		[CS_TO_ITER] = { .names = { "_copy_to_iter" },
				 .program = hooks->bpf->progs.on_bp_copy_to_iter },
		[CS_FROM_ITER] = { .names = { "_copy_from_iter" },
				   .program = hooks->bpf->progs.on_bp_copy_from_iter },
		[CS_PAGE_FROM_ITER] = { .names = { "copy_folio_from_iter_atomic", "copy_page_from_"
										  "iter_atomic" },
					.program =
						hooks->bpf->progs.on_bp_copy_page_from_iter_atomic },
	};
	int error = find_primitives(primitives, why, why_size);

	if (error)
		return error;
	for (size_t i = 0; i < hook_table_size; i++) {
		if (hook_table[i].kind != HOOK_BREAKPOINT ||
		    hooks->states[i].state == HOOK_ATTACHED)
			continue;
		snprintf(why, why_size, "the kernel refuses the audit's program for %s: %s",
			 hook_table[i].target,
			 hooks->states[i].reason ?: strerror(hooks->states[i].error));
		return -EOPNOTSUPP;
	}
	for (size_t i = 0; i < count && !error; i++)
		error = watch_process(hooks, primitives, pids[i]);
	if (!count)
		error = watch_cpus(hooks, primitives);
	if (error)
		snprintf(why, why_size, "no hardware breakpoint on the copy primitives: %s",
			 strerror(-error));
	return error;
}

void audit_read(struct hooks *hooks, struct recording *recording)
{
	int fd = bpf_map__fd(hooks->bpf->maps.audits);
	size_t max = bpf_map__max_entries(hooks->bpf->maps.audits);
	struct recorded_audit *audits = calloc(max, sizeof(*audits));
	uint32_t *last = NULL;
	size_t count = 0;

	recording->audits = audits;
	recording->nr_audits = 0;
	if (!audits || !hooks->nr_audit)
		return;
	while (count < max && !bpf_map_get_next_key(fd, last, &audits[count].pid)) {
		last = &audits[count].pid;
		if (!bpf_map_lookup_elem(fd, last, &audits[count].audit))
			count++;
	}
	recording->nr_audits = count;
}

void audit_close(struct hooks *hooks)
{
	for (size_t i = 0; i < hooks->nr_audit; i++)
		bpf_link__destroy(hooks->audit[i]);
	free(hooks->audit);
}
