/* SPDX-License-Identifier: MIT */
/* The parts of the text renderer. */
#ifndef RENDER_TEXT_H
#define RENDER_TEXT_H

#include "render/renderer.h"
#include "util/memory.h"
#include "util/strbuf.h"

/* One or more transfers, drawn as one. */
struct group {
	struct transfer sum; /* names are those of the first */
	size_t transfers;
	size_t processes;
	size_t from_sockets, to_sockets; /* how many are behind the one that is named */
};

struct groups {
	struct group *groups; /* those that copy most first */
	size_t count;
	size_t shown; /* the first ones; the rest is gathered */
	struct arena arena;
};

/* Draws each transfer by itself when `each` is set. */
void groups_make(struct groups *groups, const struct report *report, bool each);
void groups_free(struct groups *groups);

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

#endif
