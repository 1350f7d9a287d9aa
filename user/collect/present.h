/* SPDX-License-Identifier: MIT */
/* Which targets of the hook table the running kernel has. */
#ifndef COLLECT_PRESENT_H
#define COLLECT_PRESENT_H

#include <bpf/btf.h>
#include <stdbool.h>

/*
 * By the type information of the kernel, @vmlinux, and of modules that are loaded.
 * Returns hook_table_size answers, by row of the table, which the caller frees.
 */
bool *present_find(struct btf *vmlinux);

#endif
