/* SPDX-License-Identifier: MIT */
/* The command line of copyscope pages. */
#ifndef CMD_PAGES_H
#define CMD_PAGES_H

#include "cmd/options.h"
#include "render/pages.h"

struct pages_options {
	struct options common; /* pids, output, times, colours, -q, -v */
	const struct pages_renderer *renderer;
	size_t top; /* 0: not asked for */
	char **paths; /* those of argv, ended by a NULL */
};

/* Returns 0 to go on; 1 when all is said, or a negative number after one line on stderr. */
int pages_options_parse(struct pages_options *options, int argc, char **argv);

#endif
