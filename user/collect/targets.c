// SPDX-License-Identifier: MIT
/*
 * One pass over all types for all hooks: btf__find_by_name_kind() would take one for
 * each, and so would libbpf for each program.  Both were a third of the time until the
 * tool traces.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "collect/table.h"
#include "collect/targets.h"
#include "util/memory.h"

#define TRACEPOINT "btf_trace_" /* names of their typedefs begin with it */

static int compare_targets(bool tracepoint, const char *name, const struct hook *hook)
{
	bool other = hook->kind == HOOK_TRACEPOINT;

	return tracepoint != other ? tracepoint - other : strcmp(name, hook->target);
}

static int by_target(const void *one, const void *other)
{
	const struct hook *a = *(const struct hook *const *)one;

	return compare_targets(a->kind == HOOK_TRACEPOINT, a->target,
			       *(const struct hook *const *)other);
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

/* Rows that ask for @name there; several may. @module: its name, NULL for the kernel's own. */
static void mark(const struct hook **sorted, const char *module, const char *name, bool tracepoint,
		 const struct target *found, struct target *targets)
{
	size_t low = 0, high = hook_table_size;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare_targets(tracepoint, name, sorted[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < hook_table_size && !compare_targets(tracepoint, name, sorted[low]); low++) {
		struct target *target = &targets[sorted[low] - hook_table];

		if (target->type ||
		    (module && (!sorted[low]->module || strcmp(sorted[low]->module, module))))
			continue;
		target->type = found->type;
		target->module = found->module > 0 ? dup(found->module) : found->module;
	}
}

/* Types from @first on. */
static void scan(const struct btf *btf, __u32 first, const char *module, int fd,
		 const struct hook **sorted, struct target *targets)
{
	__u32 end = btf__type_cnt(btf);
	bool tracepoint;

	for (__u32 id = first; id < end; id++) {
		const char *name = name_of(btf, btf__type_by_id(btf, id), &tracepoint);
		struct target found = { .type = id, .module = fd };

		if (name)
			mark(sorted, module, name, tracepoint, &found, targets);
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

static void scan_module(struct btf *vmlinux, const char *name, const struct hook **sorted,
			struct target *targets)
{
	struct btf *module;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/btf/%s", name);
	if (access(path, R_OK))
		return; /* not loaded */
	module = btf__parse_split(path, vmlinux);
	if (!module)
		return;
	fd = module_types(name);
	scan(module, btf__type_cnt(vmlinux), name, fd, sorted, targets);
	if (fd >= 0)
		close(fd);
	btf__free(module);
}

struct target *targets_find(struct btf *vmlinux)
{
	const struct hook **sorted = zalloc(hook_table_size, sizeof(*sorted));
	struct target *targets = zalloc(hook_table_size, sizeof(*targets));

	for (size_t i = 0; i < hook_table_size; i++)
		sorted[i] = &hook_table[i];
	qsort(sorted, hook_table_size, sizeof(*sorted), by_target);
	scan(vmlinux, 1, NULL, 0, sorted, targets);
	for (size_t i = 0; i < hook_table_size; i++)
		if (!targets[i].type && hook_table[i].module)
			scan_module(vmlinux, hook_table[i].module, sorted, targets);
	free(sorted);
	return targets;
}

void targets_free(struct target *targets)
{
	for (size_t i = 0; targets && i < hook_table_size; i++)
		if (targets[i].module > 0)
			close(targets[i].module);
	free(targets);
}

static const struct target *told;

/* What is in no row is a routine of the kernel's own. */
static int tell(struct bpf_program *program, struct bpf_prog_load_opts *options, long cookie)
{
	const char *name = bpf_program__name(program);
	const char *section = bpf_program__section_name(program);
	int id;

	(void)cookie;
	for (size_t i = 0; i < hook_table_size; i++) {
		if (strcmp(hook_table[i].program, name))
			continue;
		options->attach_btf_id = told[i].type;
		options->attach_btf_obj_fd = told[i].module;
		return 0;
	}
	id = libbpf_find_vmlinux_btf_id(strchr(section, '/') + 1, options->expected_attach_type);
	if (id < 0)
		return id;
	options->attach_btf_id = id;
	return 0;
}

/* For good: when the last handler goes, libbpf frees their array and still uses it, up to 1.2. */
static int register_handlers(void)
{
	static const struct {
		const char *section;
		enum bpf_attach_type type;
	} kinds[] = {
		{ "fexit+", BPF_TRACE_FEXIT },
		{ "fentry+", BPF_TRACE_FENTRY },
		{ "tp_btf+", BPF_TRACE_RAW_TP },
	};
	LIBBPF_OPTS(libbpf_prog_handler_opts, options, .prog_prepare_load_fn = tell);

	for (int i = 0; i < 3; i++) {
		int id = libbpf_register_prog_handler(kinds[i].section, BPF_PROG_TYPE_TRACING,
						      kinds[i].type, &options);

		if (id < 0)
			return id;
	}
	return 0;
}

int targets_tell(const struct target *targets)
{
	static bool registered;
	int error = 0;

	told = targets;
	if (!registered)
		error = register_handlers();
	registered = true;
	return error;
}
