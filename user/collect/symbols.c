// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/symbols.h"

/* A line: ADDRESS, a letter, NAME, and [MODULE] after a tab. */
static void look_at(char *line, struct symbol *symbols, size_t nr)
{
	char *name = strchr(line, ' ');
	size_t length;

	if (!name || !name[1] || name[2] != ' ')
		return;
	name += 3;
	length = strcspn(name, "\t\n");
	for (size_t i = 0; i < nr; i++)
		if (!symbols[i].at && !strncmp(name, symbols[i].name, length) &&
		    !symbols[i].name[length])
			symbols[i].at = strtoull(line, NULL, 16);
}

void symbols_find(struct symbol *symbols, size_t nr)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	size_t capacity = 0;
	char *line = NULL;

	if (!f)
		return;
	while (getline(&line, &capacity, f) >= 0)
		look_at(line, symbols, nr);
	free(line);
	fclose(f);
}
