// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "cmd/pages.h"

#define TOP_AT_MOST 1000000

static const char usage[] =
	"usage: copyscope pages [FILE...] [-p PID[,PID...]] [OPTION...]\n"
	"       copyscope pages --top N [OPTION...]\n\n"
	"Tells what of files is in the page cache: how much, where, how much of that is\n"
	"dirty, under writeback, mapped, and how many pages were evicted not long ago.\n\n"
	"  FILE                     a file, or a folder and all files below it\n"
	"  -p, --pid PID[,PID...]   the files that these processes have open or mapped\n"
	"      --top N              the N inodes of the machine with most in the page cache\n"
	"                           (needs the module and root)\n\n"
	"  -i, --interval SECONDS   look again and again: what entered, what left\n"
	"  -d, --duration SECONDS   with -i: end after this time (default: with Ctrl-C)\n"
	"  -o, --output FILE        write there (default: stdout)\n"
	"      --format FORMAT      text (default), json or csv\n"
	"      --color WHEN         auto (default), always or never\n"
	"  -q, --quiet              no progress\n"
	"  -v, --verbose            each file and each number\n"
	"  -V, --version    -h, --help\n";

enum {
	OPT_FORMAT = 256,
	OPT_TOP,
	OPT_COLOR,
};

static const struct option long_options[] = {
	{ "pid", required_argument, NULL, 'p' },
	{ "top", required_argument, NULL, OPT_TOP },
	{ "duration", required_argument, NULL, 'd' },
	{ "interval", required_argument, NULL, 'i' },
	{ "output", required_argument, NULL, 'o' },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "color", required_argument, NULL, OPT_COLOR },
	{ "quiet", no_argument, NULL, 'q' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int parse_format(struct pages_options *o, const char *text)
{
	o->renderer = pages_renderer_find(text);
	if (o->renderer)
		return 0;
	complain("no format '%s': text, json or csv", text);
	return -EINVAL;
}

static int parse_top(struct pages_options *o, const char *text)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < 1 || n > TOP_AT_MOST) {
		complain("--top '%s': a number from 1 to %d", text, TOP_AT_MOST);
		return -EINVAL;
	}
	o->top = n;
	return 0;
}

static int parse_one(void *options, int option, char *value)
{
	struct pages_options *o = options;

	switch (option) {
	case 'p':
		return options_pids(&o->common, value);
	case 'd':
		return options_seconds(value, &o->common.duration);
	case 'i':
		return options_seconds(value, &o->common.interval);
	case 'o':
		o->common.output = value;
		return 0;
	case OPT_TOP:
		return parse_top(o, value);
	case OPT_FORMAT:
		return parse_format(o, value);
	case OPT_COLOR:
		return options_color(&o->common, value);
	case 'q':
		o->common.quiet = true;
		return 0;
	case 'v':
		o->common.verbose = true;
		return 0;
	}
	return -EINVAL;
}

static int check(const struct pages_options *o)
{
	bool files = *o->paths || o->common.target.nr_pids;

	if (!files && !o->top)
		complain("nothing to look at: give FILE, -p PID or --top N");
	else if (files && o->top)
		complain("--top looks at all inodes: it goes without FILE and -p");
	else if (o->common.duration && !o->common.interval)
		complain("-d is the end of -i SECONDS: give that, too");
	else
		return 0;
	return -EINVAL;
}

int pages_options_parse(struct pages_options *o, int argc, char **argv)
{
	static const struct options_syntax syntax = { usage, ":p:d:i:o:qvVh", long_options,
						      parse_one };
	int status;

	*o = (struct pages_options){ .renderer = &pages_text };
	status = options_each(&syntax, o, argc, argv);
	if (status)
		return status;
	o->paths = argv + optind;
	return check(o);
}
