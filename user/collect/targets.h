/* SPDX-License-Identifier: MIT */
/* Where the running kernel has the targets of the hook table. */
#ifndef COLLECT_TARGETS_H
#define COLLECT_TARGETS_H

#include <bpf/btf.h>

struct target {
	__u32 type; /* its number; 0: there is no such target */
	/* Descriptor of the types of the module that it is in, or -1 if that is refused; else 0. */
	int module;
};

/*
 * By the type information of the kernel, @vmlinux, and of modules that are loaded.
 * Returns hook_table_size of them, by row of the table, for targets_free().
 */
struct target *targets_find(struct btf *vmlinux);
void targets_free(struct target *targets);

/*
 * Has libbpf take @targets for the programs that it loads from now on, of objects that
 * it opens from now on.  It would look through all types of the kernel for each.
 * Returns 0 or a negative errno.
 */
int targets_tell(const struct target *targets);

#endif
