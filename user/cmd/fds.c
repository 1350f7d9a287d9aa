// SPDX-License-Identifier: MIT
/* copyscope fds: from descriptors to the page cache. */
#include <errno.h>

#include "cmd/commands.h"
#include "cmd/fds.h"
#include "cmd/output.h"
#include "collect/fds.h"

enum { EXIT_IN_PART = 1 }; /* some processes could not be looked at */

static void on_problem(pid_t pid, const char *why)
{
	complain("process %d: %s", pid, why);
}

static int render(const struct fds_options *options, const struct fds *fds, FILE *out)
{
	struct render_options how = options_render(&options->common, out);

	errno = 0;
	return output_flush(out, options->renderer->render(fds, &how, out));
}

static void tell_trouble(const struct residency_reader *reader)
{
	const char *trouble = residency_module_trouble(reader);

	if (trouble)
		complain("%s", trouble);
}

/* Whether all processes could be read. */
static bool is_whole(const struct fds *fds)
{
	for (uint32_t i = 0; i < fds->nr_processes; i++)
		if (fds->processes[i].why)
			return false;
	return true;
}

static int run(const struct fds_options *options, FILE *out)
{
	const struct target *target = &options->common.target;
	struct residency_reader reader;
	struct fds fds = { 0 };
	struct fds_collector collector = {
		.reader = &reader,
		.fds = &fds,
		.on_problem = on_problem,
	};
	int status = EXIT_OWN_FAILURE;

	residency_open(&reader);
	/* A report of nothing but complaints is none. */
	if (fds_collect(&collector, target->pids, target->nr_pids)) {
		fds_finish(&fds, residency_first_source(&reader));
		tell_trouble(&reader);
		if (!render(options, &fds, out))
			status = is_whole(&fds) ? 0 : EXIT_IN_PART;
	}
	fds_release(&fds);
	residency_close(&reader);
	return status;
}

int cmd_fds(int argc, char **argv)
{
	struct fds_options options;
	FILE *out = NULL;
	int status = fds_options_parse(&options, argc, argv);

	if (!status)
		out = output_open(&options.common, stdout);
	if (out)
		status = output_close(&options.common, out, run(&options, out));
	else
		status = status > 0 ? 0 : EXIT_OWN_FAILURE;
	options_deinit(&options.common);
	return status;
}
