/* SPDX-License-Identifier: MIT */
/* A renderer writes a report in one format. It reads no clock, no locale, no terminal. */
#ifndef RENDER_RENDERER_H
#define RENDER_RENDERER_H

#include <stdbool.h>
#include <stdio.h>

#include "model/report.h"

struct render_options {
	unsigned int width; /* columns; 0: as wide as it gets */
	bool utf8;
	bool colour;
	bool verbose; /* each transfer and each finding */
};

struct renderer {
	const char *name; /* of --format */
	/* Returns 0, or -EIO when out could not be written. */
	int (*render)(const struct report *report, const struct render_options *options, FILE *out);
};

extern const struct renderer render_text, render_json;

/* By name; NULL when there is none. The list ends with a NULL. */
const struct renderer *renderer_find(const char *name);
extern const struct renderer *const renderers[];

#endif
