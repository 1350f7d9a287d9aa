// SPDX-License-Identifier: MIT
/*
 * Written files, and what became of their pages:
 *
 *   written: /srv/out.bin
 *      8.00 MiB to disk by fsync of cp[812] · 0 B still dirty
 */
#include <string.h>

#include "render/text.h"
#include "util/humanise.h"
#include "util/utf8.h"

#define FILES_SHOWN 10
#define PARTS_SHOWN 4
#define COMM_WIDTH 24

static const char *by_words(const char *by)
{
	static const struct {
		const char *by, *words;
	} known[] = {
		{ "flusher:periodic", "the flusher, as it was old" },
		{ "flusher:background", "the flusher, as much was dirty" },
		{ "flusher:sync", "a sync that is not traced" },
		{ "flusher:uncached", "the flusher, as it was not to stay" },
		{ "flusher", "the flusher" },
		{ "reclaim", "eviction" },
		{ "journal", "the journal" },
		{ "kernel", "the kernel" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(by, known[i].by))
			return known[i].words;
	return NULL;
}

static void add_part(struct strbuf *line, const struct canvas *canvas,
		     const struct written_back *part)
{
	const char *words = by_words(part->by);
	_cleanup_strbuf_ struct strbuf comm = { 0 };

	humanise_bytes(line, part->bytes);
	strbuf_printf(line, " to disk by %s", words ? words : part->by);
	if (!part->process) {
		if (!words)
			strbuf_puts(line, " of a process that is not traced");
		return;
	}
	escape_terminal(&comm, part->process->comm, strlen(part->process->comm),
			canvas->options->utf8);
	strbuf_puts(line, " of ");
	shorten_middle(line, strbuf_text(&comm), COMM_WIDTH, canvas->options->utf8);
	strbuf_printf(line, "[%u]", part->process->pid);
}

static void add_dirty(struct strbuf *line, const struct written_file *written)
{
	if (written->source == RESIDENCY_BY_NONE) {
		strbuf_puts(line, "what is still dirty is not known");
		return;
	}
	humanise_bytes(line, written->dirty_bytes);
	strbuf_puts(line, " still dirty");
	if (!written->under_writeback_bytes)
		return;
	strbuf_puts(line, ", ");
	humanise_bytes(line, written->under_writeback_bytes);
	strbuf_puts(line, " on the way to the disk");
}

static void draw_file(struct canvas *canvas, const struct written_file *written)
{
	_cleanup_strbuf_ struct strbuf path = { 0 }, line = { 0 };
	size_t parts = written->nr_parts;

	if (!canvas->options->verbose && parts > PARTS_SHOWN)
		parts = PARTS_SHOWN;
	add_endpoint(&path, canvas, written->file);
	strbuf_puts(&canvas->out, "written: ");
	shorten_middle(&canvas->out, strbuf_text(&path), canvas->width - strlen("written: "),
		       canvas->options->utf8);
	strbuf_puts(&canvas->out, "\n");
	strbuf_puts(&line, "   ");
	for (size_t i = 0; i < parts; i++) {
		add_part(&line, canvas, &written->parts[i]);
		strbuf_puts(&line, canvas->glyphs->dot);
	}
	if (parts < written->nr_parts)
		strbuf_printf(&line, "%s%s", canvas->glyphs->ellipsis, canvas->glyphs->dot);
	add_dirty(&line, written);
	add_wrapped(canvas, line.text, 0, 6);
}

/* A file that nothing is known of but that it was written to. */
static bool is_silent(const struct written_file *written)
{
	return !written->nr_parts && written->source == RESIDENCY_BY_NONE;
}

void draw_written(struct canvas *canvas, const struct report *report)
{
	_cleanup_strbuf_ struct strbuf rest = { 0 };
	size_t shown = 0, left = 0;

	for (size_t i = 0; i < report->nr_written; i++) {
		if (!canvas->options->verbose && is_silent(&report->written[i]))
			continue;
		if (!canvas->options->verbose && shown == FILES_SHOWN) {
			left++;
			continue;
		}
		draw_file(canvas, &report->written[i]);
		shown++;
	}
	if (left) {
		strbuf_printf(&rest, "%s and ", canvas->glyphs->ellipsis);
		humanise_count(&rest, left);
		strbuf_printf(&rest, " more written file%s: -v shows %s", left == 1 ? "" : "s",
			      left == 1 ? "it" : "them");
		add_wrapped(canvas, rest.text, 0, 0);
	}
	if (shown)
		strbuf_putc(&canvas->out, '\n');
}
