// SPDX-License-Identifier: MIT
/*
 * Letting go of the hooks.
 *
 * Of each routine the kernel waits a tenth of a second and more until no task can be
 * in what it had put there (synchronize_rcu_tasks() in ftrace_shutdown(), one after
 * the other under locks): ten seconds for all on 6.12.  Nobody has to wait for that.  A
 * process of its own holds the links when this one has closed its own, and does
 * nothing but end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/hooks_private.h"
#include "collect/table.h"

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/*
 * The other process: nobody may wait for a pipe, a lock or a mount that it got from this
 * one.  It ends when this one has closed its links, or is dead: @gate is closed then.
 */
static void hold(int *fds, size_t nr, int gate)
{
	unsigned int from = 0;
	char none;

	fds[nr++] = gate;
	qsort(fds, nr, sizeof(*fds), compare_fds);
	for (size_t i = 0; i < nr; from = fds[i++] + 1)
		if ((unsigned int)fds[i] > from)
			close_range(from, fds[i] - 1, 0);
	close_range(from, ~0U, 0);
	if (!chdir("/"))
		while (read(gate, &none, 1) < 0 && errno == EINTR)
			;
	_exit(0);
}

/* Whoever waits for children of this process hears of none: the middle one ends at once. */
static void start_holder(int *fds, size_t nr, const int *gate)
{
	pid_t middle = fork();

	if (!middle) {
		setsid();
		if (fork() == 0)
			hold(fds, nr, gate[0]);
		_exit(0);
	}
	while (middle > 0 && waitpid(middle, NULL, 0) < 0 && errno == EINTR)
		;
}

void hooks_release(struct hooks *hooks)
{
	int *fds = calloc(hook_table_size + 1, sizeof(*fds)), gate[2];
	size_t nr = 0;
	bool gated;

	for (size_t i = 0; fds && i < hook_table_size; i++)
		if (hooks->states[i].link)
			fds[nr++] = bpf_link__fd(hooks->states[i].link);
	gated = nr && !pipe2(gate, O_CLOEXEC);
	if (gated)
		start_holder(fds, nr, gate);
	free(fds);
	for (size_t i = 0; i < hook_table_size; i++) {
		bpf_link__destroy(hooks->states[i].link);
		hooks->states[i].link = NULL;
	}
	if (gated) {
		close(gate[0]);
		close(gate[1]);
	}
}
