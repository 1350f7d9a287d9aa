// SPDX-License-Identifier: MIT
/*
 * One pass over all types for all hooks: btf__find_by_name_kind() would take one for
 * each, which was a third of the time until the tool traces.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/present.h"
#include "collect/table.h"
#include "util/memory.h"

#define TRACEPOINT "btf_trace_" /* names of their typedefs begin with it */

static int compare_targets(bool tracepoint, const char *target, const struct hook *hook)
{
	bool other = hook->kind == HOOK_TRACEPOINT;

	return tracepoint != other ? tracepoint - other : strcmp(target, hook->target);
}

static int by_target(const void *one, const void *other)
{
	const struct hook *a = *(const struct hook *const *)one;

	return compare_targets(a->kind == HOOK_TRACEPOINT, a->target,
			       *(const struct hook *const *)other);
}

/* Routines are functions; each tracepoint has a typedef. */
static const char *target_of(const struct btf *btf, const struct btf_type *type, bool *tracepoint)
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

/* Rows that ask for @target there; several may. @module: its name, NULL for the kernel's own. */
static void mark(const struct hook **sorted, const char *module, const char *target,
		 bool tracepoint, bool *present)
{
	size_t low = 0, high = hook_table_size;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare_targets(tracepoint, target, sorted[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < hook_table_size && !compare_targets(tracepoint, target, sorted[low]); low++)
		if (!module || (sorted[low]->module && !strcmp(sorted[low]->module, module)))
			present[sorted[low] - hook_table] = true;
}

/* Types from @first on. */
static void scan(const struct btf *btf, __u32 first, const char *module, const struct hook **sorted,
		 bool *present)
{
	__u32 end = btf__type_cnt(btf);
	bool tracepoint;

	for (__u32 id = first; id < end; id++) {
		const char *target = target_of(btf, btf__type_by_id(btf, id), &tracepoint);

		if (target)
			mark(sorted, module, target, tracepoint, present);
	}
}

static void scan_module(struct btf *vmlinux, const char *name, const struct hook **sorted,
			bool *present)
{
	struct btf *module;
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/btf/%s", name);
	if (access(path, R_OK))
		return; /* not loaded */
	module = btf__parse_split(path, vmlinux);
	if (module)
		scan(module, btf__type_cnt(vmlinux), name, sorted, present);
	btf__free(module);
}

bool *present_find(struct btf *vmlinux)
{
	const struct hook **sorted = zalloc(hook_table_size, sizeof(*sorted));
	bool *present = zalloc(hook_table_size, sizeof(*present));

	for (size_t i = 0; i < hook_table_size; i++)
		sorted[i] = &hook_table[i];
	qsort(sorted, hook_table_size, sizeof(*sorted), by_target);
	scan(vmlinux, 1, NULL, sorted, present);
	for (size_t i = 0; i < hook_table_size; i++)
		if (!present[i] && hook_table[i].module)
			scan_module(vmlinux, hook_table[i].module, sorted, present);
	free(sorted);
	return present;
}
