/* SPDX-License-Identifier: MIT */
/* One tracing session: from the target's start to the last look at the ledger. */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include "cmd/options.h"
#include "cmd/selfcheck.h"

struct session {
	const struct selfcheck *found; /* what the self-check found wrong here; NULL: not asked */
	const struct options *options;
	struct target *target;
	struct hooks *hooks;
	int signal_fd;
	int ended_by; /* a signal, or 0 */
	uint64_t started_ns;
	char kernel[128];
	struct recording recording; /* the last one read */
};

/* Called with what happened since the report before; returns 0 to go on. */
typedef int session_report(struct session *session, const struct recording *since, void *context);

/*
 * Traces until the end and leaves the ledger in session->recording.  Returns 0,
 * or an exit status after one line on stderr.
 */
int session_run(struct session *session, session_report *on_interval, void *context);
void session_close(struct session *session);

/* Waits for the command and returns its status, re-raising its signal. */
int session_command_status(struct session *session);

#endif
