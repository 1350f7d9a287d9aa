// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "render/pages_strip.h"
#include "util/memory.h"

#define INDENT 3

/* What a cell shows.  The rarer one wins: a cell may cover gigabytes. */
enum look {
	LOOK_NONE,
	LOOK_LITTLE, /* less than half is resident */
	LOOK_MUCH,
	LOOK_ALL,
	LOOK_SOME_DIRTY, /* of what is resident */
	LOOK_ALL_DIRTY,
	LOOK_SOME_WRITEBACK,
	LOOK_ALL_WRITEBACK,
};

static const char *const utf8_looks[] = { "·", "░", "▓", "█", "d", "D", "w", "W" };
static const char *const ascii_looks[] = { ".", "o", "o", "O", "d", "D", "w", "W" };

static enum look look_of(const struct strip_cell *cell)
{
	uint64_t resident = cell->resident_bytes;

	if (cell->writeback_bytes)
		return cell->writeback_bytes < resident ? LOOK_SOME_WRITEBACK : LOOK_ALL_WRITEBACK;
	if (cell->dirty_bytes)
		return cell->dirty_bytes < resident ? LOOK_SOME_DIRTY : LOOK_ALL_DIRTY;
	if (!resident)
		return LOOK_NONE;
	if (resident >= cell->bytes)
		return LOOK_ALL;
	return resident < cell->bytes / 2 ? LOOK_LITTLE : LOOK_MUCH;
}

static void add_run(struct canvas *canvas, enum look look, size_t cells)
{
	_cleanup_strbuf_ struct strbuf run = { 0 };

	strbuf_repeat(&run, (canvas->options->utf8 ? utf8_looks : ascii_looks)[look], cells);
	if (look >= LOOK_SOME_WRITEBACK)
		add_coloured(canvas, COLOUR_BAD, strbuf_text(&run));
	else if (look >= LOOK_SOME_DIRTY)
		add_coloured(canvas, COLOUR_WARN, strbuf_text(&run));
	else
		strbuf_puts(&canvas->out, strbuf_text(&run));
}

bool draw_strip(struct canvas *canvas, const struct residency *residency)
{
	/* A canvas without an end is no reason for a line without one. */
	size_t width = (canvas->width < 512 ? canvas->width : 512) - INDENT;
	struct strip_cell *cells = zalloc(width, sizeof(*cells));
	size_t count = residency_fold(residency, cells, width), run = 0;

	if (count)
		strbuf_repeat(&canvas->out, " ", INDENT);
	for (size_t i = 0; i < count; i++) {
		run++;
		if (i + 1 == count || look_of(&cells[i + 1]) != look_of(&cells[i])) {
			add_run(canvas, look_of(&cells[i]), run);
			run = 0;
		}
	}
	if (count)
		strbuf_putc(&canvas->out, '\n');
	free(cells);
	return count;
}

void draw_legend(struct canvas *canvas)
{
	add_wrapped(canvas,
		    canvas->options->utf8 ? "strip: █" STICK "resident, ▓ ░" STICK "in" STICK
					    "part, ·" STICK "not, D" STICK "dirty, W" STICK
					    "writeback, d" STICK "w" STICK "in" STICK "par"
					    "t" :
					    "strip: O" STICK "resident, o" STICK "in" STICK
					    "part, ." STICK "not, D" STICK "dirty, W" STICK
					    "writeback, d" STICK "w" STICK "in" STICK "par"
					    "t",
		    0, 7);
}
