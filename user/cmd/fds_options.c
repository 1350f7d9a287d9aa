// SPDX-License-Identifier: MIT
#include <errno.h>

#include "cmd/fds.h"

static const char usage[] =
	"usage: copyscope fds PID... [OPTION...]\n\n"
	"Tells what processes have open: from each descriptor to the open file description\n"
	"behind it, which dup and fork share, from there to the inode, and to what of it is\n"
	"in the page cache; of sockets and pipes, who has the other end.\n\n"
	"  PID                      processes, separated by blanks or commas\n\n"
	"  -o, --output FILE        write there (default: stdout)\n"
	"      --format FORMAT      text (default) or json\n"
	"      --color WHEN         auto (default), always or never\n"
	"  -v, --verbose            each descriptor, and mapped files without one\n"
	"  -V, --version    -h, --help\n";

enum {
	OPT_FORMAT = 256,
	OPT_COLOR,
};

static const struct option long_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "color", required_argument, NULL, OPT_COLOR },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int parse_format(struct fds_options *o, const char *text)
{
	o->renderer = fds_renderer_find(text);
	if (o->renderer)
		return 0;
	complain("no format '%s': text or json", text);
	return -EINVAL;
}

static int parse_one(void *options, int option, char *value)
{
	struct fds_options *o = options;

	switch (option) {
	case 'o':
		o->common.output = value;
		return 0;
	case OPT_FORMAT:
		return parse_format(o, value);
	case OPT_COLOR:
		return options_color(&o->common, value);
	case 'v':
		o->common.verbose = true;
		return 0;
	}
	return -EINVAL;
}

static int parse_pids(struct fds_options *o, char **pids)
{
	int error = 0;

	if (!*pids) {
		complain("nothing to look at: give the numbers of processes");
		return -EINVAL;
	}
	for (; *pids && !error; pids++)
		error = options_pids(&o->common, *pids);
	return error;
}

int fds_options_parse(struct fds_options *o, int argc, char **argv)
{
	static const struct options_syntax syntax = { usage, ":o:vVh", long_options, parse_one };
	int status;

	*o = (struct fds_options){ .renderer = &fds_text };
	status = options_each(&syntax, o, argc, argv);
	if (status)
		return status;
	return parse_pids(o, argv + optind);
}
