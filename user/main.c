// SPDX-License-Identifier: MIT
/* The table of commands; help and dispatch come from it. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cmd/commands.h"
#include "collect/inherited.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments;
	const char *does;
} commands[] = {
	{ "path", cmd_path, "[TARGET] [-- COMMAND...]", "draw the data path of each transfer" },
	{ "pages", cmd_pages, "[FILE...] [-p PID] [--top N]",
	  "what of files is in the page cache" },
	{ "fds", cmd_fds, "PID...", "fd, open file description, inode, page cache" },
	{ "doctor", cmd_doctor, "[--audit]",
	  "what this kernel offers, and whether the counts are true" },
};

static void usage(FILE *out)
{
	fputs("usage: copyscope COMMAND [OPTION...]\n\n"
	      "Where were my bytes copied? Traces live processes and shows the path their\n"
	      "data took.\n\n",
	      out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  copyscope %-7s %-29s %s\n", commands[i].name, commands[i].arguments,
			commands[i].does);
	fputs("\ncopyscope COMMAND -h tells a command's options; copyscope(1) tells the rest.\n",
	      out);
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");
	inherited_keep();
	if (argc < 2) {
		usage(stderr);
		return EXIT_OWN_FAILURE;
	}
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version")) {
		puts("copyscope " VERSION);
		return 0;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "copyscope: no command '%s': copyscope -h lists them\n", argv[1]);
	return EXIT_OWN_FAILURE;
}
