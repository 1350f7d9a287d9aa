// SPDX-License-Identifier: MIT
/* copyscope pages: what of files is in the page cache. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "cmd/output.h"
#include "cmd/pages.h"
#include "collect/gather.h"
#include "util/humanise.h"
#include "util/strbuf.h"

#define PROBLEMS_SHOWN 10 /* of those on the way; named files have a line each */
#define PROGRESS_NS 200000000

enum { EXIT_IN_PART = 1 }; /* some files could not be looked at */

struct look {
	const struct pages_options *options;
	struct residency_reader reader;
	FILE *out;
	sigset_t signals; /* that end a watch */
	bool stopped; /* by one of them */
	bool progress; /* on this terminal */
	bool drawn; /* a line of progress is there */
	uint64_t drawn_ns;
	uint64_t resident_bytes;
	size_t problems, named_problems;
	bool said; /* the first look told the problems */
	bool told; /* why the module is not asked */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void progress_clear(struct look *look)
{
	if (look->drawn)
		fputs("\r\033[K", stderr);
	look->drawn = false;
}

static void progress_draw(struct look *look, size_t files)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };
	uint64_t now;

	if (!look->progress)
		return;
	now = now_ns();
	if (now - look->drawn_ns < PROGRESS_NS)
		return;
	look->drawn_ns = now;
	look->drawn = true;
	humanise_count(&line, files);
	strbuf_puts(&line, files == 1 ? " file, " : " files, ");
	humanise_bytes(&line, look->resident_bytes);
	strbuf_puts(&line, " resident");
	fprintf(stderr, "\r\033[K%s", strbuf_text(&line));
}

static bool signal_waits(const struct look *look)
{
	sigset_t pending;

	if (sigpending(&pending))
		return false;
	for (int i = 1; i < NSIG; i++)
		if (sigismember(&look->signals, i) == 1 && sigismember(&pending, i) == 1)
			return true;
	return false;
}

static bool on_file(struct gather *gather)
{
	struct look *look = gather->context;
	const struct pages *pages = gather->pages;

	look->resident_bytes += pages_seen_bytes(&pages->files[pages->count - 1].residency);
	progress_draw(look, pages->count);
	if (look->options->common.interval && signal_waits(look))
		look->stopped = true;
	return !look->stopped;
}

static void on_problem(struct gather *gather, const char *path, bool named, const char *why)
{
	struct look *look = gather->context;

	if (named)
		look->named_problems++;
	else
		look->problems++;
	if (look->said || (!named && look->problems > PROBLEMS_SHOWN))
		return;
	progress_clear(look);
	complain("%s: %s", *path ? path : "''", why);
}

static void tell_more_problems(struct look *look)
{
	progress_clear(look);
	if (!look->said && look->problems > PROBLEMS_SHOWN)
		complain("... and %zu more files that could not be looked at",
			 look->problems - PROBLEMS_SHOWN);
	look->said = true;
}

static void tell_trouble(struct look *look)
{
	const char *trouble = residency_module_trouble(&look->reader);

	if (!trouble || look->told || look->options->common.quiet)
		return;
	complain("%s", trouble);
	look->told = true;
}

/* All that was asked for, once.  Returns 0, or a negative number after one line on stderr. */
static int gather_all(struct look *look, struct pages *pages)
{
	const struct pages_options *o = look->options;
	struct gather gather = {
		.reader = &look->reader,
		.pages = pages,
		.extents = o->renderer != &pages_csv || o->common.interval,
		.on_file = on_file,
		.on_problem = on_problem,
		.context = look,
	};
	char why[256];
	int error = 0;

	look->problems = look->named_problems = look->resident_bytes = 0;
	for (char **path = o->paths; *path && !look->stopped; path++)
		gather_path(&gather, *path);
	for (size_t i = 0; i < o->common.target.nr_pids && !look->stopped; i++)
		gather_process(&gather, o->common.pids[i]);
	if (o->top)
		error = gather_top(&gather, o->top, why, sizeof(why));
	gather_end(&gather);
	tell_more_problems(look);
	tell_trouble(look);
	if (error)
		complain("%s", why);
	pages_finish(pages, residency_first_source(&look->reader));
	return error;
}

static int render(struct look *look, const struct pages *pages)
{
	const struct options *o = &look->options->common;
	struct render_options how = options_render(o, look->out);

	errno = 0;
	return output_flush(look->out, look->options->renderer->render(pages, &how, look->out));
}

/* Until @until_ns, or a signal: then returns true. */
static bool wait_for_signal(struct look *look, uint64_t until_ns)
{
	uint64_t now = now_ns(), left = now < until_ns ? until_ns - now : 0;
	struct timespec timeout = { left / 1000000000, left % 1000000000 };

	return look->stopped || sigtimedwait(&look->signals, NULL, &timeout) > 0;
}

static int watch(struct look *look, struct pages *before)
{
	const struct options *o = &look->options->common;
	uint64_t started = now_ns(), interval = o->interval * 1e9, next = started + interval;
	uint64_t end = o->duration ? started + (uint64_t)(o->duration * 1e9) : UINT64_MAX;
	bool done = false; /* the look at the end was had */
	int error = 0;

	while (!error && !done && !wait_for_signal(look, next < end ? next : end)) {
		struct pages now = { .is_watch = true, .elapsed_ns = now_ns() - started };

		error = gather_all(look, &now);
		if (!error && !look->stopped) {
			pages_compare(&now, before);
			error = render(look, &now);
		}
		pages_release(before);
		*before = now;
		done = now_ns() >= end;
		/* A look that takes longer than the interval leaves some out. */
		while (next <= now_ns())
			next += interval;
	}
	return error;
}

static int run(struct look *look)
{
	struct pages pages = { .is_watch = look->options->common.interval };
	bool some = false;
	int error = gather_all(look, &pages);

	for (size_t i = 0; i < pages.count; i++)
		some |= pages.files[i].residency.source != RESIDENCY_BY_NONE;
	/* A report of nothing but complaints is none. */
	if (!error && !some && (look->named_problems || look->problems))
		error = -ENOENT;
	if (!error)
		error = render(look, &pages);
	if (!error && look->options->common.interval)
		error = watch(look, &pages);
	pages_release(&pages);
	if (error)
		return EXIT_OWN_FAILURE;
	return look->named_problems || look->problems ? EXIT_IN_PART : 0;
}

static void prepare_signals(struct look *look)
{
	sigemptyset(&look->signals);
	sigaddset(&look->signals, SIGINT);
	sigaddset(&look->signals, SIGTERM);
	sigaddset(&look->signals, SIGHUP);
	if (look->options->common.interval)
		sigprocmask(SIG_BLOCK, &look->signals, NULL);
}

int cmd_pages(int argc, char **argv)
{
	struct pages_options options;
	struct look look = { .options = &options };
	int status = pages_options_parse(&options, argc, argv);

	if (!status)
		look.out = output_open(&options.common, stdout);
	if (look.out) {
		look.progress = !options.common.quiet && isatty(STDERR_FILENO);
		prepare_signals(&look);
		residency_open(&look.reader);
		status = output_close(&options.common, look.out, run(&look));
		residency_close(&look.reader);
	} else {
		status = status > 0 ? 0 : EXIT_OWN_FAILURE;
	}
	options_deinit(&options.common);
	return status;
}
