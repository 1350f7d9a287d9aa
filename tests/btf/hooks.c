// SPDX-License-Identifier: MIT
/*
 * hooks VMLINUX MODULES: what becomes of each row of the hook table on the kernel whose
 * type information is in the file VMLINUX, with that of its modules in the folder MODULES:
 * a line of the program, of the state (fits, changed, absent) and of the fact.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collect/table.h"
#include "collect/targets.h"

static const char *state_of(const struct hook *hook, const struct target *target)
{
	if (!target->type || (hook->where && !target->where))
		return "absent";
	return target->changed ? "changed" : "fits";
}

int main(int argc, char **argv)
{
	struct target *targets;
	struct btf *vmlinux;

	if (argc != 3) {
		fputs("usage: hooks VMLINUX MODULES\n", stderr);
		return 2;
	}
	vmlinux = btf__parse(argv[1], NULL);
	if (!vmlinux) {
		fprintf(stderr, "hooks: no types in %s: %s\n", argv[1], strerror(errno));
		return 2;
	}
	targets = targets_find(vmlinux, argv[2]);
	for (size_t i = 0; i < hook_table_size; i++)
		if (hook_table[i].kind != HOOK_BREAKPOINT)
			printf("%s\t%s\t%s\n", hook_table[i].program,
			       state_of(&hook_table[i], &targets[i]), hook_table[i].fact);
	targets_free(targets);
	btf__free(vmlinux);
	return 0;
}
