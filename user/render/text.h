/* SPDX-License-Identifier: MIT */
/* The parts of the text renderer. */
#ifndef RENDER_TEXT_H
#define RENDER_TEXT_H

#include "model/group.h"
#include "render/renderer.h"
#include "util/memory.h"
#include "util/strbuf.h"

struct glyphs {
	const char *arrow; /* between endpoints */
	const char *dot; /* between facts; sticks to the one before it */
	const char *times;
	const char *yes;
	const char *line, *dashes, *tip; /* of the arrows between places */
	const char *ellipsis;
};

struct canvas {
	struct strbuf out;
	const struct render_options *options;
	const struct glyphs *glyphs;
	size_t width;
};

enum colour {
	COLOUR_GOOD,
	COLOUR_BAD,
	COLOUR_WARN,
	COLOUR_NAME,
};

void canvas_begin(struct canvas *canvas, const struct render_options *options);
void add_coloured(struct canvas *canvas, enum colour colour, const char *text);
/*
 * Adds a line, broken at blanks where it is too long; what follows a break is
 * indented.  The text starts at `column`.  STICK is a blank that never breaks.
 */
#define STICK "\037"
void add_wrapped(struct canvas *canvas, const char *text, size_t column, size_t indent);
void add_endpoint(struct strbuf *out, const struct canvas *canvas,
		  const struct report_endpoint *endpoint);

void draw_header(struct canvas *canvas, const struct group *group);
void draw_path(struct canvas *canvas, const struct transfer *transfer);
void draw_written(struct canvas *canvas, const struct report *report);
void draw_kthreads(struct canvas *canvas, const struct report *report);

#endif
