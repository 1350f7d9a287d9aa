// SPDX-License-Identifier: MIT
/* The first lines of a transfer: who, from where, to where, how much, how. */
#include <ctype.h>
#include <string.h>

#include "render/text.h"
#include "util/humanise.h"
#include "util/utf8.h"

#define GAP "      "
#define COMM_WIDTH 24
#define CALLS_SHOWN 4

static void add_process(struct strbuf *out, const struct canvas *canvas, const struct group *group)
{
	const struct report_process *process = group->sum.process;
	_cleanup_strbuf_ struct strbuf comm = { 0 };

	if (!process->known) {
		strbuf_puts(out, "lost process");
		return;
	}
	escape_terminal(&comm, process->comm, strlen(process->comm), canvas->options->utf8);
	shorten_middle(out, strbuf_text(&comm), COMM_WIDTH, canvas->options->utf8);
	if (group->processes > 1)
		strbuf_printf(out, " (%zu processes)", group->processes);
	else
		strbuf_printf(out, "[%u]", process->pid);
}

/* Bytes go from the peer here, or from here to the peer. */
static void add_addresses(struct strbuf *out, const struct canvas *canvas,
			  const struct report_endpoint *endpoint, bool is_source)
{
	const char *first = is_source ? endpoint->peer : endpoint->local;
	const char *second = is_source ? endpoint->local : endpoint->peer;

	strbuf_printf(out, "%s ", kind_word(endpoint->kind));
	if (first)
		strbuf_puts(out, first);
	if (first && second)
		strbuf_puts(out, canvas->glyphs->arrow);
	if (second)
		strbuf_puts(out, second);
}

static void add_end(struct strbuf *out, const struct canvas *canvas, const struct group *group,
		    bool is_source)
{
	const struct report_endpoint *end = is_source ? group->sum.from : group->sum.to;
	size_t sockets = is_source ? group->from_sockets : group->to_sockets;
	const char *what = end->kind == CS_KIND_TCP ? "connections" : "sockets";

	if (end->known && (end->local || end->peer)) {
		bool by_peer = end->peer_sharers > end->local_sharers;
		const char *shared = by_peer ? end->peer : end->local;

		if (sockets <= 1) {
			add_addresses(out, canvas, end, is_source);
			return;
		}
		strbuf_printf(out, "%s %s", kind_word(end->kind), shared ? shared : "");
	} else if (sockets > 1 && !end->path) {
		strbuf_puts(out, kind_word(end->kind));
	} else {
		add_endpoint(out, canvas, end);
	}
	if (sockets > 1)
		strbuf_printf(out, " %s%zu %s", canvas->glyphs->times, sockets, what);
}

/* The kernel's name of a call says 64 where the program's does not: a number is no such name. */
static size_t call_length(const char *name)
{
	size_t length = strlen(name);

	if (length > 2 && !strcmp(name + length - 2, "64") &&
	    islower((unsigned char)name[length - 3]))
		return length - 2;
	return length;
}

static void add_amount(struct strbuf *out, const struct canvas *canvas,
		       const struct transfer *transfer, size_t calls)
{
	const char *dot = canvas->options->utf8 ? " · " : ", ";

	humanise_bytes(out, transfer->delivered_bytes);
	for (size_t i = 0; i < transfer->nr_calls && i < calls; i++) {
		const struct report_call *call = &transfer->calls[i];

		strbuf_puts(out, i ? ", " : dot);
		strbuf_add(out, call->name, call_length(call->name));
		strbuf_printf(out, " %s", canvas->glyphs->times);
		humanise_count(out, call->count);
	}
	if (calls && calls < transfer->nr_calls)
		strbuf_printf(out, ", %s", canvas->glyphs->ellipsis);
}

/* "mixed, 0.2 % copied": never 0 or 100, of which it has neither. */
static void add_share(struct strbuf *out, double share)
{
	double percent = 100 * share;

	if (percent < 0.1)
		strbuf_puts(out, ", <0.1");
	else if (percent > 99.9)
		strbuf_puts(out, ", >99.9");
	else
		strbuf_printf(out, ", %.1f", percent);
	strbuf_puts(out, " % copied");
}

static enum colour verdict_text(struct strbuf *out, const struct canvas *canvas,
				const struct transfer *transfer)
{
	strbuf_puts(out, verdict_word(transfer->verdict));
	switch (transfer->verdict) {
	case VERDICT_ZERO_COPY:
		strbuf_printf(out, " %s", canvas->glyphs->yes);
		return COLOUR_GOOD;
	case VERDICT_COPIED:
		return COLOUR_BAD;
	case VERDICT_MIXED:
		add_share(out, transfer->copied_share);
		return COLOUR_WARN;
	default:
		return COLOUR_WARN;
	}
}

/*
 * The program and both ends in one line, or the second end in a line of its
 * own; an end that is still too long loses its middle.  Returns the width of
 * the last line.
 */
static size_t draw_ends(struct canvas *canvas, const struct group *group)
{
	_cleanup_strbuf_ struct strbuf who = { 0 }, from = { 0 }, to = { 0 };
	bool utf8 = canvas->options->utf8;
	size_t arrow = utf8_width(canvas->glyphs->arrow), used, from_width, to_width, room;

	add_process(&who, canvas, group);
	add_end(&from, canvas, group, true);
	add_end(&to, canvas, group, false);
	used = utf8_width(strbuf_text(&who)) + 2;
	from_width = utf8_width(from.text);
	to_width = utf8_width(to.text);

	add_coloured(canvas, COLOUR_NAME, strbuf_text(&who));
	strbuf_puts(&canvas->out, "  ");
	if (used + from_width + arrow + to_width <= canvas->width) {
		strbuf_printf(&canvas->out, "%s%s%s", from.text, canvas->glyphs->arrow, to.text);
		return used + from_width + arrow + to_width;
	}
	room = canvas->width > used + 12 ? canvas->width - used : 12;
	shorten_middle(&canvas->out, from.text, room, utf8);
	strbuf_printf(&canvas->out, "\n  %s", canvas->glyphs->arrow);
	room = canvas->width - 2 - arrow;
	shorten_middle(&canvas->out, to.text, room, utf8);
	return 2 + arrow + (to_width < room ? to_width : room);
}

void draw_header(struct canvas *canvas, const struct group *group)
{
	_cleanup_strbuf_ struct strbuf amount = { 0 }, verdict = { 0 };
	const struct transfer *transfer = &group->sum;
	enum colour colour = verdict_text(&verdict, canvas, transfer);
	size_t calls = CALLS_SHOWN, tail = strlen(GAP) + utf8_width(verdict.text);
	size_t left = draw_ends(canvas, group);

	do {
		strbuf_reset(&amount);
		add_amount(&amount, canvas, transfer, calls);
	} while (3 + utf8_width(strbuf_text(&amount)) + tail > canvas->width && calls--);

	if (left + strlen(GAP) + utf8_width(strbuf_text(&amount)) + tail <= canvas->width)
		strbuf_puts(&canvas->out, GAP);
	else
		strbuf_puts(&canvas->out, "\n   ");
	strbuf_puts(&canvas->out, strbuf_text(&amount));
	strbuf_puts(&canvas->out, GAP);
	add_coloured(canvas, colour, verdict.text);
	strbuf_putc(&canvas->out, '\n');
}
