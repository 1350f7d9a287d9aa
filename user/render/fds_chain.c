// SPDX-License-Identifier: MIT
#include "render/fds_chain.h"

#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

#define INDENT 2
#define JOIN 6 /* " ─┬─▶ " */

/* Each with the blank before it, and but for the last three as wide as JOIN. */
struct joints {
	const char *line; /* one column of it */
	const char *alone, *first, *between, *last, *past;
	const char *ending_first, *ending, *passing, *down;
};

static const struct joints utf8_joints = {
	.line = "─",
	.alone = " ───▶ ",
	.first = " ─┬─▶ ",
	.between = " ─┤   ",
	.last = " ─┘   ",
	.past = "  │   ",
	.ending_first = " ─┐",
	.ending = " ─┤",
	.passing = "  │",
	.down = "▼",
};

static const struct joints ascii_joints = {
	.line = "-",
	.alone = " ---> ",
	.first = " -+-> ",
	.between = " -+   ",
	.last = " -+   ",
	.past = "  |   ",
	.ending_first = " -+",
	.ending = " -+",
	.passing = "  |",
	.down = "v",
};

void chain_add(struct chain *chain, const char *left, const char *middle, bool joins)
{
	chain->rows = grow(chain->rows, &chain->row_room, chain->nr_rows + 1, sizeof(*chain->rows));
	chain->rows[chain->nr_rows++] = (struct chain_row){
		.left = arena_copy(&chain->arena, left, strlen(left)),
		.middle = middle ? arena_copy(&chain->arena, middle, strlen(middle)) : NULL,
		.joins = joins,
	};
}

void chain_end(struct chain *chain, const char *text, bool warn)
{
	chain->ends = grow(chain->ends, &chain->end_room, chain->nr_ends + 1, sizeof(*chain->ends));
	chain->ends[chain->nr_ends++] = (struct chain_end){
		.text = arena_copy(&chain->arena, text, strlen(text)),
		.warn = warn,
	};
}

void chain_release(struct chain *chain)
{
	free(chain->rows);
	free(chain->ends);
	arena_free(&chain->arena);
	*chain = (struct chain){ 0 };
}

struct widths {
	size_t left, middle, end;
};

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static struct widths measure(const struct chain *chain)
{
	struct widths w = { 0 };

	for (size_t i = 0; i < chain->nr_rows; i++) {
		w.left = larger(w.left, utf8_width(chain->rows[i].left));
		if (chain->rows[i].middle)
			w.middle = larger(w.middle, utf8_width(chain->rows[i].middle));
	}
	for (size_t i = 0; i < chain->nr_ends; i++)
		w.end = larger(w.end, utf8_width(chain->ends[i].text));
	return w;
}

/* Fills up to the column with blanks, or with a line that has a blank before it. */
static void add_cell(struct strbuf *line, const char *text, size_t width, const char *filling)
{
	size_t used = utf8_width(text);

	strbuf_puts(line, text);
	if (filling && used < width) {
		strbuf_putc(line, ' ');
		strbuf_repeat(line, filling, width - used - 1);
	} else {
		strbuf_repeat(line, " ", width - used);
	}
}

static bool leaves(const struct chain_row *row)
{
	return !row->joins;
}

static bool is_joined(const struct chain *chain, size_t row)
{
	return row < chain->nr_rows && chain->rows[row].joins;
}

/* From the descriptor to its description. */
static void add_first_join(struct strbuf *line, const struct joints *j, const struct chain *chain,
			   size_t row)
{
	const struct chain_row *r = &chain->rows[row];
	bool more = is_joined(chain, row + 1);

	if (r->joins)
		strbuf_puts(line, more ? j->between : j->last);
	else if (r->middle)
		strbuf_puts(line, more ? j->first : j->alone);
	else
		strbuf_repeat(line, j->line, JOIN);
}

/* How many rows have a line to the right, up to and with this one, and in all. */
static size_t count_leaving(const struct chain *chain, size_t rows)
{
	size_t count = 0;

	for (size_t i = 0; i < rows; i++)
		count += leaves(&chain->rows[i]);
	return count;
}

static const char *second_join(const struct joints *j, const struct chain *chain, size_t row,
			       bool beside)
{
	size_t all = count_leaving(chain, chain->nr_rows);
	size_t now = count_leaving(chain, row + 1);

	if (!leaves(&chain->rows[row]))
		return !beside ? j->passing : now < all ? j->past : "      ";
	if (!beside)
		return now == 1 ? j->ending_first : j->ending;
	if (all == 1)
		return j->alone;
	return now == 1 ? j->first : now < all ? j->between : j->last;
}

static void add_row(struct strbuf *line, const struct joints *j, const struct chain *chain,
		    const struct widths *w, size_t row, bool beside)
{
	const struct chain_row *r = &chain->rows[row];
	bool straight = leaves(r) && !r->middle;

	strbuf_repeat(line, " ", INDENT);
	add_cell(line, r->left, w->left, j->line);
	if (straight) {
		/* A blank after the text, also where the column is full. */
		strbuf_puts(line, utf8_width(r->left) < w->left ? j->line : " ");
		strbuf_repeat(line, j->line, JOIN + w->middle);
		strbuf_puts(line, second_join(j, chain, row, beside) + 1);
		return;
	}
	/* The filling of the left goes on into the join, which has a blank there. */
	if (utf8_width(r->left) < w->left) {
		_cleanup_strbuf_ struct strbuf join = { 0 };

		add_first_join(&join, j, chain, row);
		strbuf_puts(line, j->line);
		strbuf_puts(line, join.text + 1);
	} else {
		add_first_join(line, j, chain, row);
	}
	add_cell(line, r->middle ? r->middle : "", w->middle, r->middle ? j->line : NULL);
	if (r->middle && utf8_width(r->middle) < w->middle)
		strbuf_printf(line, "%s%s", j->line, second_join(j, chain, row, beside) + 1);
	else
		strbuf_puts(line, second_join(j, chain, row, beside));
}

static void add_end(struct canvas *canvas, const struct chain_end *end, size_t room)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	shorten_middle(&text, end->text, room, canvas->options->utf8);
	if (end->warn)
		add_coloured(canvas, COLOUR_WARN, strbuf_text(&text));
	else
		strbuf_puts(&canvas->out, strbuf_text(&text));
}

static void add_trimmed(struct canvas *canvas, const struct strbuf *line)
{
	size_t length = line->length;

	while (length && line->text[length - 1] == ' ')
		length--;
	strbuf_add(&canvas->out, strbuf_text(line), length);
}

static void draw_beside(struct canvas *canvas, const struct joints *j, const struct chain *chain,
			const struct widths *w)
{
	size_t lines = larger(chain->nr_rows, chain->nr_ends);
	size_t column = INDENT + w->left + JOIN + w->middle + JOIN;

	for (size_t i = 0; i < lines; i++) {
		_cleanup_strbuf_ struct strbuf line = { 0 };

		if (i < chain->nr_rows)
			add_row(&line, j, chain, w, i, true);
		else
			strbuf_repeat(&line, " ", column);
		if (i < chain->nr_ends) {
			strbuf_puts(&canvas->out, strbuf_text(&line));
			add_end(canvas, &chain->ends[i], w->end);
		} else {
			add_trimmed(canvas, &line);
		}
		strbuf_putc(&canvas->out, '\n');
	}
}

static void draw_ends_below(struct canvas *canvas, const struct chain *chain, size_t column)
{
	for (size_t i = 0; i < chain->nr_ends; i++) {
		strbuf_repeat(&canvas->out, " ", column);
		add_end(canvas, &chain->ends[i], canvas->width - column);
		strbuf_putc(&canvas->out, '\n');
	}
}

static void draw_above(struct canvas *canvas, const struct joints *j, const struct chain *chain,
		       const struct widths *w)
{
	size_t column = INDENT + w->left + JOIN + w->middle + 2;
	size_t end = column + w->end <= canvas->width ? column :
		     w->end < canvas->width - INDENT  ? canvas->width - w->end :
							INDENT;

	for (size_t i = 0; i < chain->nr_rows; i++) {
		_cleanup_strbuf_ struct strbuf line = { 0 };

		add_row(&line, j, chain, w, i, false);
		add_trimmed(canvas, &line);
		strbuf_putc(&canvas->out, '\n');
	}
	strbuf_repeat(&canvas->out, " ", column);
	strbuf_printf(&canvas->out, "%s\n", j->down);
	draw_ends_below(canvas, chain, end);
}

/* No lines at all: each description, and its descriptors below it. */
static void draw_list(struct canvas *canvas, const struct chain *chain)
{
	for (size_t i = 0; i < chain->nr_rows; i++) {
		const struct chain_row *row = &chain->rows[i];
		_cleanup_strbuf_ struct strbuf line = { 0 };

		if (row->middle) {
			strbuf_printf(&line, "  %s", row->middle);
			add_wrapped(canvas, line.text, 0, 4);
			strbuf_reset(&line);
		}
		strbuf_printf(&line, "%s%s", row->middle || row->joins ? "    " : "  ", row->left);
		add_wrapped(canvas, line.text, 0, 6);
	}
	draw_ends_below(canvas, chain, INDENT);
}

void chain_draw(struct canvas *canvas, const struct chain *chain)
{
	const struct joints *j = canvas->options->utf8 ? &utf8_joints : &ascii_joints;
	struct widths w = measure(chain);
	size_t lines = INDENT + w.left + JOIN + w.middle + JOIN;

	if (lines + w.end <= canvas->width)
		draw_beside(canvas, j, chain, &w);
	else if (lines <= canvas->width)
		draw_above(canvas, j, chain, &w);
	else
		draw_list(canvas, chain);
}
