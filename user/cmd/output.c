// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "cmd/commands.h"
#include "cmd/output.h"

FILE *output_open(const struct options *options, FILE *standard)
{
	FILE *file;

	if (!options->output)
		return standard;
	file = fopen(options->output, "we");
	if (!file)
		complain("cannot write %s: %s", options->output, strerror(errno));
	return file;
}

int output_flush(FILE *file, int error)
{
	if (fflush(file) || error)
		error = errno ? -errno : -EIO;
	if (error && error != -EPIPE)
		complain("cannot write the report: %s", strerror(-error));
	return error;
}

int output_close(const struct options *options, FILE *file, int status)
{
	if (!options->output || !fclose(file) || status)
		return status;
	complain("cannot write %s: %s", options->output, strerror(errno));
	return EXIT_OWN_FAILURE;
}
