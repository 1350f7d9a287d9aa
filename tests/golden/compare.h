/* SPDX-License-Identifier: MIT */
/* What the golden tests share. */
#ifndef TESTS_GOLDEN_COMPARE_H
#define TESTS_GOLDEN_COMPARE_H

#include "render/renderer.h"

/* One way to render each case. */
struct golden_look {
	const char *ending; /* of the file's name */
	const char *format;
	struct render_options options; /* a width of 0: lines may be of any length */
};

struct golden {
	size_t nr_cases, nr_looks;
	const char *(*name)(size_t which);
	/* Renders a case to @out; returns 0 or the renderer's error. */
	int (*draw)(size_t which, const struct golden_look *look, FILE *out);
	const struct golden_look *looks;
};

/* Each case in each look, against FOLDER/NAME.ENDING.  For main() to return. */
int golden_main(const struct golden *golden, int argc, char **argv);

#endif
