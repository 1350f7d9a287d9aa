/* SPDX-License-Identifier: MIT */
/* The commands: each takes its own argv, argv[0] being its name, and returns an exit status. */
#ifndef CMD_COMMANDS_H
#define CMD_COMMANDS_H

enum {
	EXIT_OWN_FAILURE = 125, /* as timeout(1) and env(1) have it */
	EXIT_NOT_EXECUTABLE = 126,
	EXIT_NOT_FOUND = 127,
};

int cmd_path(int argc, char **argv);
int cmd_pages(int argc, char **argv);
int cmd_fds(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif
