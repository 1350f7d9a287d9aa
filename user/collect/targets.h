/* SPDX-License-Identifier: MIT */
/* Where the running kernel has the targets of the hook table. */
#ifndef COLLECT_TARGETS_H
#define COLLECT_TARGETS_H

#include <bpf/btf.h>
#include <stdbool.h>

#define MODULE_TYPES "/sys/kernel/btf" /* of the modules that are loaded */

struct target {
	__u32 type; /* its number; 0: there is no such target */
	bool changed; /* its prototype is not the one that the program was written for */
	bool where; /* the kernel has the routine that the row names as .where, if it does */
	/* Descriptor of the types of the module that it is in, or -1 if that is refused; else 0. */
	int module;
};

/*
 * By the type information of the kernel, @vmlinux, and of modules: files by their names
 * in the folder @modules.  Returns hook_table_size of them, by row of the table, for
 * targets_free().
 */
struct target *targets_find(struct btf *vmlinux, const char *modules);
void targets_free(struct target *targets);

#endif
