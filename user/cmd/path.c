// SPDX-License-Identifier: MIT
/* copyscope path: the data path of each transfer. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "cmd/output.h"
#include "cmd/proof.h"
#include "cmd/session.h"

static const char usage[] =
	"usage: copyscope path [TARGET] [OPTION...] [-- COMMAND...]\n\n"
	"Draws the data path of each transfer: from where to where, by which hops, with\n"
	"how many copies, mode switches and context switches.\n\n"
	"TARGET: the COMMAND, or\n"
	"  -p, --pid PID[,PID...]   these processes\n"
	"  -n, --comm NAME          programs of this name, also those that start later\n"
	"  -G, --cgroup CGROUP      members of a cgroup and of those below it\n"
	"  -a, --all                every process but copyscope\n"
	"      --no-follow          leave out children\n\n"
	"  -d, --duration SECONDS   stop after this time\n"
	"  -i, --interval SECONDS   report each interval, and all of it at the end\n"
	"  -o, --output FILE        write there (default: stdout; stderr with a COMMAND)\n"
	"      --format FORMAT      text (default) or json\n"
	"      --from, --to PATTERN only transfers between such endpoints: tcp, file:/srv/*,\n"
	"                           tcp:*:80, or a pattern of the name\n"
	"      --min-bytes N        only transfers that delivered so much (K, M, G, T)\n"
	"      --tier best|derived  derived: use tracepoints only\n"
	"      --color WHEN         auto (default), always or never\n"
	"      --audit              also count at the copy primitives, by hardware breakpoints\n"
	"      --zeroing            also count pages that the kernel clears\n"
	"  -q, --quiet    -v, --verbose    -V, --version    -h, --help\n";

struct output {
	const struct options *options;
	FILE *file;
};

static int render(struct session *s, const struct recording *recording, void *context)
{
	const struct output *out = context;
	const struct options *o = out->options;
	struct report_options options = {
		.from = o->has_from ? &o->from : NULL,
		.to = o->has_to ? &o->to : NULL,
		.min_bytes = o->min_bytes,
	};
	struct render_options how = options_render(o, out->file);
	struct report *report;
	int error;

	(void)s;
	report = report_build(recording, &options);
	if (!report) {
		complain("no memory for the report");
		return -ENOMEM;
	}
	errno = 0;
	error = output_flush(out->file, o->renderer->render(report, &how, out->file));
	report_free(report);
	return error;
}

int cmd_path(int argc, char **argv)
{
	struct options options;
	struct session session = { .options = &options, .target = &options.target };
	struct output out = { .options = &options };
	struct selfcheck found;
	int status = options_parse(&options, argc, argv, usage);

	if (status) {
		options_deinit(&options);
		return status < 0 ? EXIT_OWN_FAILURE : 0;
	}
	out.file = output_open(&options, options.target.command ? stderr : stdout);
	if (!out.file) {
		options_deinit(&options);
		return EXIT_OWN_FAILURE;
	}
	if (proof_get(options.tier, &found))
		session.found = &found;
	status = session_run(&session, render, &out);
	if (!status && render(&session, &session.recording, &out))
		status = EXIT_OWN_FAILURE;
	status = output_close(&options, out.file, status);
	session_close(&session);
	if (!status && options.target.command)
		status = session_command_status(&session);
	options_deinit(&options);
	return status;
}
