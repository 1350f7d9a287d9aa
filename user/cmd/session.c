// SPDX-License-Identifier: MIT
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "cmd/session.h"
#include "collect/dirty.h"

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* SIGINT, SIGTERM, SIGHUP end the tracing; a second one ends the tool. */
static int catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void release_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int read_ledger(struct session *s, struct recording *r)
{
	int error;

	*r = (struct recording){ .version = VERSION, .kernel = s->kernel };
	r->duration_ns = now_ns() - s->started_ns;
	error = hooks_read(s->hooks, r);
	if (error)
		complain("cannot read the ledger: %s", strerror(-error));
	return error;
}

static void row_subtract(struct cs_row *row, const struct cs_row *before)
{
	row->ops -= before->ops;
	row->bytes -= before->bytes;
	row->delivered -= before->delivered;
	row->mode_switches -= before->mode_switches;
	row->voluntary -= before->voluntary;
	row->involuntary -= before->involuntary;
	row->minor -= before->minor;
	row->major -= before->major;
}

static void audit_subtract(struct recorded_audit *audit, const struct recording *before)
{
	for (size_t i = 0; i < before->nr_audits; i++) {
		const struct recorded_audit *old = &before->audits[i];

		if (old->pid != audit->pid)
			continue;
		for (int p = 0; p < CS_PRIMITIVE_MAX; p++) {
			audit->audit.copied[p] -= old->audit.copied[p];
			audit->audit.own[p] -= old->audit.own[p];
		}
	}
}

/* What the audit counted in the interval; the recording keeps the array. */
static const struct recorded_audit *audits_since(const struct recording *now,
						 const struct recording *before)
{
	struct recorded_audit *audits = malloc(now->nr_audits * sizeof(*audits) + 1);

	for (size_t i = 0; audits && i < now->nr_audits; i++) {
		audits[i] = now->audits[i];
		audit_subtract(&audits[i], before);
	}
	return audits;
}

/* What was zeroed in the interval; the recording keeps the array. */
static const struct recorded_zeroed *zeroed_since(const struct recording *now,
						  const struct recording *before)
{
	struct recorded_zeroed *zeroed = malloc(now->nr_zeroed * sizeof(*zeroed) + 1);

	for (size_t i = 0; zeroed && i < now->nr_zeroed; i++) {
		zeroed[i] = now->zeroed[i];
		for (size_t j = 0; j < before->nr_zeroed; j++)
			if (before->zeroed[j].key.tgid == zeroed[i].key.tgid &&
			    before->zeroed[j].key.call == zeroed[i].key.call)
				zeroed[i].bytes -= before->zeroed[j].bytes;
	}
	return zeroed;
}

static void kthread_subtract(struct recorded_kthread *kthread, const struct recording *before)
{
	for (size_t i = 0; i < before->nr_kthreads; i++) {
		const struct recorded_kthread *old = &before->kthreads[i];

		if (strncmp(old->key.name, kthread->key.name, CS_KTHREAD_BYTES))
			continue;
		for (int how = 0; how < CS_KTHREAD_MOVED_MAX; how++)
			kthread->moved.bytes[how] -= old->moved.bytes[how];
	}
}

/* What threads of the kernel moved in the interval; the recording keeps the array. */
static const struct recorded_kthread *kthreads_since(const struct recording *now,
						     const struct recording *before)
{
	struct recorded_kthread *kthreads = malloc(now->nr_kthreads * sizeof(*kthreads) + 1);

	for (size_t i = 0; kthreads && i < now->nr_kthreads; i++) {
		kthreads[i] = now->kthreads[i];
		kthread_subtract(&kthreads[i], before);
	}
	return kthreads;
}

static bool row_is_idle(const struct cs_row *row)
{
	return !(row->ops | row->bytes | row->delivered | row->mode_switches | row->voluntary |
		 row->involuntary | row->minor | row->major);
}

/* Rows of @now less those of @before, the idle ones left out. */
static struct recording since(const struct recording *now, const struct recording *before)
{
	struct recording r = *now;
	struct cs_row *rows = malloc(now->nr_rows * sizeof(*rows) + 1);

	r.nr_rows = 0;
	r.rows = rows;
	r.duration_ns -= before->duration_ns;
	r.audits = audits_since(now, before);
	r.zeroed = zeroed_since(now, before);
	r.kthreads = kthreads_since(now, before);
	for (size_t i = 0; rows && i < now->nr_rows; i++) {
		rows[r.nr_rows] = now->rows[i];
		if (i < before->nr_rows)
			row_subtract(&rows[r.nr_rows], &before->rows[i]);
		if (!row_is_idle(&rows[r.nr_rows]))
			r.nr_rows++;
	}
	return r;
}

static int report_interval(struct session *s, struct recording *before, session_report *on_interval,
			   void *context)
{
	struct recording now, r;
	int error = read_ledger(s, &now);

	if (error)
		return error;
	r = since(&now, before);
	dirty_read(&r);
	error = r.rows && r.audits && r.zeroed && r.kthreads ? on_interval(s, &r, context) :
							       -ENOMEM;
	dirty_release(&r);
	free((void *)r.rows);
	free((void *)r.audits);
	free((void *)r.zeroed);
	free((void *)r.kthreads);
	recording_free(before);
	*before = now;
	return error;
}

static int milliseconds_until(uint64_t deadline)
{
	uint64_t now = now_ns();

	if (deadline <= now)
		return 0;
	if (deadline - now > 3600 * 1000000000ull)
		return 3600 * 1000;
	return (deadline - now + 999999) / 1000000;
}

/* Until the targets are gone, a signal comes or the time is over. */
static int wait_for_end(struct session *s, session_report *on_interval, void *context)
{
	const struct options *o = s->options;
	uint64_t end = o->duration ? s->started_ns + o->duration * 1e9 : UINT64_MAX;
	uint64_t tick = o->interval ? s->started_ns + o->interval * 1e9 : UINT64_MAX;
	struct recording before = {};
	int error = 0;

	while (!error && !s->ended_by) {
		uint64_t next = tick < end ? tick : end;

		if (target_wait(s->target, s->signal_fd, milliseconds_until(next), &s->ended_by) ||
		    now_ns() >= end)
			break;
		if (now_ns() < tick)
			continue;
		error = report_interval(s, &before, on_interval, context);
		/* A tick that passed meanwhile is left out, as there is nothing in it. */
		while (tick <= now_ns())
			tick += o->interval * 1e9;
	}
	recording_free(&before);
	return error;
}

/* The breakpoints of the named processes, of their children, and of those of the command. */
static int audit(struct session *s, char *why, size_t why_size)
{
	const struct target *t = s->target;
	const pid_t *pids = t->command ? &t->child : t->pids;
	size_t count = t->all ? 0 : t->command ? 1 : t->nr_pids;
	int error = hooks_audit(s->hooks, pids, count, why, why_size);

	if (!error && t->follow && t->nr_running)
		error = hooks_audit(s->hooks, t->running, t->nr_running, why, why_size);
	return error;
}

/* What is traced, and what that leaves out, in a line each. */
static void tell(const struct session *s)
{
	const struct target *t = s->target;

	if (s->options->quiet || t->command)
		return;
	if (t->nr_running && !t->follow)
		complain("--no-follow leaves out %zu running child%s", t->nr_running,
			 t->nr_running == 1 ? "" : "ren");
	if (t->nr_running && t->follow)
		complain("tracing, with %zu running child%s; Ctrl-C ends it and shows the report",
			 t->nr_running, t->nr_running == 1 ? "" : "ren");
	else
		complain("tracing; Ctrl-C ends it and shows the report");
}

static int start(struct session *s)
{
	struct hooks_options hooks = { .tier = s->options->tier,
				       .audit = s->options->audit,
				       .zeroing = s->options->zeroing };
	char why[512] = "";
	int error;

	error = target_check(s->target, why, sizeof(why));
	if (!error && s->target->command)
		error = target_fork(s->target, why, sizeof(why));
	if (!error) {
		target_settings(s->target, &hooks);
		error = hooks_open(&hooks, &s->hooks, why, sizeof(why));
	}
	for (int f = 0; !error && s->found && f < CS_FAMILY_MAX; f++)
		if (*s->found->wrong[f])
			hooks_distrust(s->hooks, f, s->found->wrong[f]);
	if (!error)
		target_find_running(s->target);
	if (!error && s->options->audit)
		error = audit(s, why, sizeof(why));
	if (!error) {
		s->started_ns = now_ns();
		error = target_trace(s->target, s->hooks, why, sizeof(why));
		if (error && s->target->command)
			goto no_command;
	}
	if (!error)
		return 0;
	complain("%s", *why ? why : strerror(-error));
	return EXIT_OWN_FAILURE;

no_command:
	complain("%s", why);
	return error == -ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

int session_run(struct session *s, session_report *on_interval, void *context)
{
	struct utsname name;
	int status;

	uname(&name);
	snprintf(s->kernel, sizeof(s->kernel), "%s", name.release);
	s->signal_fd = catch_signals();
	if (s->signal_fd < 0) {
		complain("cannot wait for signals: %s", strerror(errno));
		return EXIT_OWN_FAILURE;
	}
	status = start(s);
	if (status)
		return status;
	tell(s);
	if (wait_for_end(s, on_interval, context))
		return EXIT_OWN_FAILURE;
	if (s->ended_by == SIGTERM && s->target->command && !s->target->child_reaped)
		kill(s->target->child, SIGTERM);
	release_signals();
	hooks_stop(s->hooks);
	if (read_ledger(s, &s->recording))
		return EXIT_OWN_FAILURE;
	/* While it is the stop, not when a report is made of it. */
	dirty_read(&s->recording);
	return 0;
}

void session_close(struct session *s)
{
	dirty_release(&s->recording);
	recording_free(&s->recording);
	hooks_close(s->hooks);
	if (s->signal_fd > 0)
		close(s->signal_fd);
}

/* Dies as the command did, without a core of its own. */
static void die_by(int signal_number)
{
	struct rlimit none = {};

	setrlimit(RLIMIT_CORE, &none);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

int session_command_status(struct session *s)
{
	struct target *t = s->target;
	int status = t->child_status;

	if (!t->child_reaped && waitpid(t->child, &status, 0) != t->child)
		return EXIT_OWN_FAILURE;
	t->child_reaped = true;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	die_by(WTERMSIG(status));
	return 128 + WTERMSIG(status);
}
