// SPDX-License-Identifier: MIT
/*
 * One pass over all types for all hooks: btf__find_by_name_kind() would take one for
 * each, and so would libbpf for each program.  Both were a third of the time until the
 * tool traces.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "collect/prototype.h"
#include "collect/table.h"
#include "collect/targets.h"
#include "util/memory.h"

#define TRACEPOINT "btf_trace_" /* names of their typedefs begin with it */

/* What a row asks for. */
struct sought {
	const char *name;
	size_t row;
	bool tracepoint;
	bool where; /* only whether it is there */
};

struct search {
	struct sought *sought; /* sorted */
	size_t nr_sought;
	struct target *targets;
};

static int compare_targets(bool tracepoint, const char *name, const struct sought *sought)
{
	return tracepoint != sought->tracepoint ? tracepoint - sought->tracepoint :
						  strcmp(name, sought->name);
}

static int by_target(const void *one, const void *other)
{
	const struct sought *a = one;

	return compare_targets(a->tracepoint, a->name, other);
}

/* Routines are functions; each tracepoint has a typedef. */
static const char *name_of(const struct btf *btf, const struct btf_type *type, bool *tracepoint)
{
	const char *name;

	*tracepoint = btf_is_typedef(type);
	if (!*tracepoint && !btf_is_func(type))
		return NULL;
	name = btf__name_by_offset(btf, type->name_off);
	if (!*tracepoint)
		return name;
	return strncmp(name, TRACEPOINT, strlen(TRACEPOINT)) ? NULL : name + strlen(TRACEPOINT);
}

/* @module: its name, NULL for the kernel's own types. */
static void note(struct search *search, const struct sought *sought, const struct btf *btf,
		 __u32 type, const char *module, int fd)
{
	const struct hook *hook = &hook_table[sought->row];
	struct target *target = &search->targets[sought->row];

	if (module && (!hook->module || strcmp(hook->module, module)))
		return;
	if (sought->where) {
		target->where = true;
		return;
	}
	/* Two static routines may have one name. */
	if (target->type && !target->changed)
		return;
	if (target->module > 0)
		close(target->module);
	target->type = type;
	target->changed = !prototype_fits(btf, type, hook->arguments);
	target->module = fd > 0 ? dup(fd) : fd;
}

/* Types from @first on. */
static void scan(struct search *search, const struct btf *btf, __u32 first, const char *module,
		 int fd)
{
	__u32 end = btf__type_cnt(btf);

	for (__u32 id = first; id < end; id++) {
		bool tracepoint;
		const char *name = name_of(btf, btf__type_by_id(btf, id), &tracepoint);
		size_t low = 0, high = search->nr_sought;

		while (name && low < high) {
			size_t middle = (low + high) / 2;

			if (compare_targets(tracepoint, name, &search->sought[middle]) > 0)
				low = middle + 1;
			else
				high = middle;
		}
		for (; name && low < search->nr_sought &&
		       !compare_targets(tracepoint, name, &search->sought[low]);
		     low++)
			note(search, &search->sought[low], btf, id, module, fd);
	}
}

/* A descriptor of the types of a module that is loaded; -1 for who is not CAP_SYS_ADMIN. */
static int module_types(const char *name)
{
	__u32 id = 0;

	while (!bpf_btf_get_next_id(id, &id)) {
		char found[64] = "";
		struct bpf_btf_info info = { .name = (uintptr_t)found, .name_len = sizeof(found) };
		__u32 size = sizeof(info);
		int fd = bpf_btf_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &size) && info.kernel_btf &&
		    !strcmp(found, name))
			return fd;
		close(fd);
	}
	return -1;
}

static void scan_module(struct search *search, struct btf *vmlinux, const char *folder,
			const char *name)
{
	struct btf *module;
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (access(path, R_OK))
		return; /* not loaded */
	module = btf__parse_split(path, vmlinux);
	if (!module)
		return;
	fd = module_types(name);
	scan(search, module, btf__type_cnt(vmlinux), name, fd);
	if (fd >= 0)
		close(fd);
	btf__free(module);
}

static void seek(struct search *search, size_t row, const char *name, bool where)
{
	search->sought[search->nr_sought++] = (struct sought){
		.name = name,
		.row = row,
		.tracepoint = hook_table[row].kind == HOOK_TRACEPOINT && !where,
		.where = where,
	};
}

/* Was the module looked through for an earlier row? */
static bool was_scanned(size_t row)
{
	for (size_t i = 0; i < row; i++)
		if (hook_table[i].module && !strcmp(hook_table[i].module, hook_table[row].module))
			return true;
	return false;
}

struct target *targets_find(struct btf *vmlinux, const char *modules)
{
	struct search search = {
		.sought = zalloc(2 * hook_table_size, sizeof(*search.sought)),
		.targets = zalloc(hook_table_size, sizeof(*search.targets)),
	};

	for (size_t i = 0; i < hook_table_size; i++) {
		if (hook_table[i].kind == HOOK_BREAKPOINT)
			continue;
		seek(&search, i, hook_table[i].target, false);
		if (hook_table[i].where)
			seek(&search, i, hook_table[i].where, true);
	}
	qsort(search.sought, search.nr_sought, sizeof(*search.sought), by_target);
	scan(&search, vmlinux, 1, NULL, 0);
	for (size_t i = 0; i < hook_table_size; i++)
		if (hook_table[i].module && !search.targets[i].type && !was_scanned(i))
			scan_module(&search, vmlinux, modules, hook_table[i].module);
	free(search.sought);
	return search.targets;
}

void targets_free(struct target *targets)
{
	for (size_t i = 0; targets && i < hook_table_size; i++)
		if (targets[i].module > 0)
			close(targets[i].module);
	free(targets);
}
