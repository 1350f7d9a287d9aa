/* SPDX-License-Identifier: MIT */
/* Where the commands write their report: -o FILE, or a standard stream. */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

#include <stdio.h>

#include "cmd/options.h"

/*
 * The file of -o, or @standard without it.  NULL after one line on stderr.
 * Open it before the work: a report must not be lost to a typing error.
 */
FILE *output_open(const struct options *options, FILE *standard);

/*
 * After a report: brings it out.  @error is the renderer's, and errno was 0
 * before it ran.  Returns 0, or a negative errno after one line on stderr; a
 * reader that went away (EPIPE) is not worth one.
 */
int output_flush(FILE *file, int error);

/* Returns the exit status: @status, or that of a failure where there was none before. */
int output_close(const struct options *options, FILE *file, int status);

#endif
