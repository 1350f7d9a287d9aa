/* SPDX-License-Identifier: MIT */
/* What the commands that trace have in common on their command line. */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "collect/hooks.h"
#include "collect/target.h"
#include "model/report.h"
#include "render/renderer.h"

struct options {
	struct target target;
	pid_t *pids;
	enum tier tier;
	double duration, interval; /* seconds, 0: none */
	const char *output; /* file name */
	const struct renderer *renderer;
	struct filter from, to;
	bool has_from, has_to;
	uint64_t min_bytes;
	enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER } color;
	bool quiet, verbose;
	bool audit; /* count at the copy primitives, too */
	bool zeroing; /* count what the kernel fills with zeroes, too */
};

/* Returns 0 to go on; 1 when all is said (-h, -V), or a negative number after one line on stderr. */
int options_parse(struct options *options, int argc, char **argv, const char *usage);
void options_deinit(struct options *options);

/* For commands with options of their own.  Each complains in one line and returns -EINVAL. */
int options_seconds(const char *text, double *seconds);
int options_pids(struct options *options, char *text);
int options_color(struct options *options, const char *text);

/* The options of a command; -h and -V are every command's. */
struct options_syntax {
	const char *usage;
	const char *letters; /* for getopt_long(), which is to return ':' for a missing value */
	const struct option *names;
	int (*take)(void *options, int option, char *value); /* as above */
};

/* Takes one option after the other; operands begin at argv[optind] then. As options_parse(). */
int options_each(const struct options_syntax *syntax, void *options, int argc, char **argv);

/* How to draw on @out: its width, colours, the locale. */
struct render_options options_render(const struct options *options, FILE *out);

/* One line on stderr, from here and there alike. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
