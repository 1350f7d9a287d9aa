/* SPDX-License-Identifier: MIT */
/* The command line of copyscope fds. */
#ifndef CMD_FDS_H
#define CMD_FDS_H

#include "cmd/options.h"
#include "render/fds.h"

struct fds_options {
	struct options common; /* pids, output, colours, -v */
	const struct fds_renderer *renderer;
};

/* Returns 0 to go on; 1 when all is said, or a negative number after one line on stderr. */
int fds_options_parse(struct fds_options *options, int argc, char **argv);

#endif
