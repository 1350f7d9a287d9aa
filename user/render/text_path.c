// SPDX-License-Identifier: MIT
/*
 * Places and the arrows between them, with the bytes under the arrows:
 *
 *   disk ──DMA──▶ page cache ──reference──▶ socket buffer
 *        1.00 GiB            1.00 GiB
 *
 * Bytes that took another way are drawn as a further line of their own.
 */
#include <string.h>

#include "render/text.h"
#include "util/humanise.h"
#include "util/utf8.h"

#define INDENT 3

/* A line being drawn, and the one below it. */
struct pen {
	struct canvas *canvas;
	struct strbuf upper, lower;
	size_t column;
};

static const char *place_label(enum cs_place place)
{
	switch (place) {
	case CS_PLACE_PAGE_CACHE:
		return "page cache";
	case CS_PLACE_USER_BUFFER:
		return "user buffer";
	case CS_PLACE_ANON_MEMORY:
		return "anonymous memory";
	case CS_PLACE_PIPE_BUFFER:
		return "pipe buffer";
	case CS_PLACE_SOCKET_BUFFER:
		return "socket buffer";
	case CS_PLACE_BOUNCE_BUFFER:
		return "bounce buffer";
	case CS_PLACE_NIC:
		return "NIC";
	default:
		return place_word(place);
	}
}

static void start_line(struct pen *pen, size_t indent)
{
	strbuf_reset(&pen->upper);
	strbuf_reset(&pen->lower);
	strbuf_repeat(&pen->upper, " ", indent);
	strbuf_repeat(&pen->lower, " ", indent);
	pen->column = indent;
}

static void end_line(struct pen *pen)
{
	struct strbuf *out = &pen->canvas->out;

	/* No blanks at the end, where the last place has nothing under it. */
	while (pen->lower.length && pen->lower.text[pen->lower.length - 1] == ' ')
		pen->lower.text[--pen->lower.length] = '\0';
	strbuf_printf(out, "%s\n", strbuf_text(&pen->upper));
	if (pen->lower.length)
		strbuf_printf(out, "%s\n", strbuf_text(&pen->lower));
}

static void draw_place(struct pen *pen, enum cs_place place)
{
	const char *label = place_label(place);

	strbuf_puts(&pen->upper, label);
	strbuf_repeat(&pen->lower, " ", strlen(label));
	pen->column += strlen(label);
}

static void add_arrow(struct strbuf *arrow, const struct canvas *canvas,
		      const struct report_hop *hop, size_t width)
{
	const struct glyphs *glyphs = canvas->glyphs;
	const char *line = hop->provenance == PROVENANCE_MEASURED ? glyphs->line : glyphs->dashes;
	enum cs_how how = hop_how(hop->id);
	const char *label = how == CS_DMA ? "DMA" : how_word(how);
	size_t lines = 4; /* two before the label, two after it */

	if (width > strlen(label) + 5)
		lines += width - strlen(label) - 5;
	strbuf_repeat(arrow, line, lines / 2);
	strbuf_puts(arrow, label);
	strbuf_repeat(arrow, line, lines - lines / 2);
	strbuf_puts(arrow, glyphs->tip);
}

static void draw_hop(struct pen *pen, const struct report_hop *hop)
{
	_cleanup_strbuf_ struct strbuf bytes = { 0 }, arrow = { 0 };
	enum cs_place to = hop_to(hop->id);
	size_t width;

	humanise_bytes(&bytes, hop->bytes);
	add_arrow(&arrow, pen->canvas, hop, bytes.length);
	width = utf8_width(arrow.text);
	if (pen->column + 1 + width + 1 + strlen(place_label(to)) > pen->canvas->width &&
	    pen->column > INDENT + 2) {
		end_line(pen);
		start_line(pen, INDENT + 2);
	} else {
		strbuf_putc(&pen->upper, ' ');
		strbuf_putc(&pen->lower, ' ');
		pen->column++;
	}
	strbuf_printf(&pen->upper, "%s ", arrow.text);
	strbuf_puts(&pen->lower, bytes.text);
	strbuf_repeat(&pen->lower, " ", width + 1 - bytes.length);
	pen->column += width + 1;
	draw_place(pen, to);
}

/* Draws from one hop on, as far as an undrawn hop leads on. */
static void draw_chain(struct pen *pen, const struct transfer *transfer, size_t hop, bool *drawn)
{
	start_line(pen, INDENT);
	draw_place(pen, hop_from(transfer->hops[hop].id));
	while (1) {
		const struct report_hop *now = &transfer->hops[hop];
		size_t next;

		draw_hop(pen, now);
		drawn[hop] = true;
		for (next = hop + 1; next < transfer->nr_hops; next++)
			if (!drawn[next] && hop_from(transfer->hops[next].id) == hop_to(now->id) &&
			    hop_rank(transfer->hops[next].id) > hop_rank(now->id))
				break;
		if (next == transfer->nr_hops)
			break;
		hop = next;
	}
	end_line(pen);
}

void draw_path(struct canvas *canvas, const struct transfer *transfer)
{
	struct pen pen = { .canvas = canvas };
	bool drawn[CS_HOP_MAX] = { false };

	for (size_t i = 0; i < transfer->nr_hops; i++)
		if (!drawn[i])
			draw_chain(&pen, transfer, i, drawn);
	strbuf_release(&pen.upper);
	strbuf_release(&pen.lower);
}
