// SPDX-License-Identifier: MIT
#include "collect/inherited.h"

#include <signal.h>

/* There is one of each in a process. */
static struct {
	sigset_t mask;
	struct sigaction pipe, child;
} inherited;

void inherited_keep(void)
{
	const struct sigaction ignored = { .sa_handler = SIG_IGN }, normal = {};

	sigprocmask(SIG_SETMASK, NULL, &inherited.mask);
	sigaction(SIGPIPE, &ignored, &inherited.pipe);
	sigaction(SIGCHLD, &normal, &inherited.child);
}

void inherited_restore(void)
{
	sigaction(SIGPIPE, &inherited.pipe, NULL);
	sigaction(SIGCHLD, &inherited.child, NULL);
	sigprocmask(SIG_SETMASK, &inherited.mask, NULL);
}
