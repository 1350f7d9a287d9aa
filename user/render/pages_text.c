// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/pages_strip.h"
#include "util/humanise.h"
#include "util/utf8.h"

/* Of the files that were found on the way; -v shows all. */
#define SHOWN 20

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* A number of bytes that does not break. */
static void add_bytes(struct strbuf *line, uint64_t bytes)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	humanise_bytes(&text, bytes);
	for (char *blank = text.text; (blank = strchr(blank, ' '));)
		*blank = STICK[0];
	strbuf_puts(line, text.text);
}

static void add_number(struct strbuf *line, uint64_t number)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	humanise_count(&text, number);
	for (char *blank = text.text; (blank = strchr(blank, ' '));)
		*blank = STICK[0];
	strbuf_puts(line, text.text);
}

/* 100.0 % is all of it and 0.0 % nothing. */
static void add_share(struct strbuf *line, uint64_t part, uint64_t size)
{
	uint64_t pages = size / RESIDENCY_PAGE + !!(size % RESIDENCY_PAGE);
	double share;

	if (!pages)
		return;
	share = 100.0 * (double)(part / RESIDENCY_PAGE) / (double)pages;
	if (part && share < 0.1)
		strbuf_puts(line, STICK "(<0.1" STICK "%)");
	else if (share < 100 && share > 99.9)
		strbuf_puts(line, STICK "(>99.9" STICK "%)");
	else
		strbuf_printf(line, STICK "(%.1f" STICK "%%)", share < 100 ? share : 100);
}

struct part {
	uint64_t value;
	const char *word;
	bool is_pages;
};

/* What is none is not worth a word, except of everything. */
static void add_part(struct strbuf *line, const struct canvas *canvas, const struct part *part)
{
	if (part->value == RESIDENCY_UNKNOWN || (!part->value && !canvas->options->verbose))
		return;
	strbuf_puts(line, canvas->glyphs->dot);
	if (part->is_pages) {
		add_number(line, part->value);
		strbuf_printf(line, STICK "page%s", plural(part->value));
	} else {
		add_bytes(line, part->value);
	}
	strbuf_printf(line, STICK "%s", part->word);
}

static void add_resident(struct strbuf *line, const struct canvas *canvas,
			 const struct residency *r)
{
	if (r->size_bytes != RESIDENCY_UNKNOWN)
		add_bytes(line, r->size_bytes);
	strbuf_puts(line, canvas->glyphs->dot);
	if (r->unseen_bytes)
		strbuf_puts(line, "at" STICK "least" STICK);
	add_bytes(line, pages_seen_bytes(r));
	strbuf_puts(line, STICK "resident");
	if (r->size_bytes != RESIDENCY_UNKNOWN)
		add_share(line, pages_seen_bytes(r), r->size_bytes);
}

static void draw_numbers(struct canvas *canvas, const struct residency *r)
{
	const struct part parts[] = {
		{ r->dirty_bytes, "dirty", false },
		{ r->writeback_bytes, "writeback", false },
		{ r->mapped_bytes, "mapped", false },
		{ r->evicted_pages, r->evicted_to_swap ? "in" STICK "swap" : "evicted", true },
	};
	_cleanup_strbuf_ struct strbuf line = { 0 };

	strbuf_puts(&line, "   ");
	if (r->source == RESIDENCY_BY_NONE) {
		strbuf_printf(&line, "unknown: %s", r->why ? r->why : "");
	} else {
		add_resident(&line, canvas, r);
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
			add_part(&line, canvas, &parts[i]);
	}
	if (r->unseen_bytes) {
		strbuf_puts(&line, canvas->glyphs->dot);
		add_bytes(&line, r->unseen_bytes);
		strbuf_puts(&line, STICK "of" STICK "holes" STICK "not" STICK "looked" STICK "at");
	}
	add_wrapped(canvas, line.text, 0, 6);
}

static void draw_name(struct canvas *canvas, const struct pages_file *file)
{
	static const char deleted[] = " (deleted)";
	_cleanup_strbuf_ struct strbuf name = { 0 }, shown = { 0 };
	size_t room = canvas->width - (file->deleted ? strlen(deleted) : 0);

	if (file->path)
		escape_terminal(&name, file->path, strlen(file->path), canvas->options->utf8);
	else
		strbuf_printf(&name, "%u:%u:%llu", file->residency.dev_major,
			      file->residency.dev_minor, (unsigned long long)file->residency.ino);
	if (!file->path && file->type[0]) {
		strbuf_puts(&name, " (");
		escape_terminal(&name, file->type, strlen(file->type), canvas->options->utf8);
		strbuf_puts(&name, ")");
	}
	shorten_middle(&shown, strbuf_text(&name), room, canvas->options->utf8);
	add_coloured(canvas, COLOUR_NAME, strbuf_text(&shown));
	strbuf_printf(&canvas->out, "%s\n", file->deleted ? deleted : "");
}

static bool draw_file(struct canvas *canvas, const struct pages_file *file)
{
	draw_name(canvas, file);
	draw_numbers(canvas, &file->residency);
	return draw_strip(canvas, &file->residency);
}

static bool changed(const struct pages_file *file)
{
	return (file->is_new && pages_seen_bytes(&file->residency)) ||
	       (file->entered_bytes && file->entered_bytes != RESIDENCY_UNKNOWN) ||
	       (file->left_bytes && file->left_bytes != RESIDENCY_UNKNOWN);
}

static void draw_change(struct canvas *canvas, const struct pages_file *file)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };

	draw_name(canvas, file);
	strbuf_puts(&line, "   ");
	if (file->is_new) {
		strbuf_printf(&line, "seen first now%s", canvas->glyphs->dot);
	} else {
		add_bytes(&line, file->entered_bytes);
		strbuf_printf(&line, STICK "entered%s", canvas->glyphs->dot);
		add_bytes(&line, file->left_bytes);
		strbuf_printf(&line, STICK "left%s", canvas->glyphs->dot);
	}
	add_bytes(&line, pages_seen_bytes(&file->residency));
	strbuf_puts(&line, STICK "resident");
	add_share(&line, pages_seen_bytes(&file->residency), file->residency.size_bytes);
	add_wrapped(canvas, line.text, 0, 6);
}

static int by_resident(const void *one, const void *other)
{
	const struct pages_file *a = *(const struct pages_file *const *)one;
	const struct pages_file *b = *(const struct pages_file *const *)other;
	uint64_t a_bytes = pages_seen_bytes(&a->residency);
	uint64_t b_bytes = pages_seen_bytes(&b->residency);

	if (a->named != b->named)
		return a->named ? -1 : 1;
	/* In the order in which they were named. */
	if (!a->named && a_bytes != b_bytes)
		return a_bytes > b_bytes ? -1 : 1;
	return (a > b) - (a < b);
}

/* Named files as they were named, then the others, the largest first. */
static const struct pages_file **sort_files(const struct pages *pages)
{
	const struct pages_file **sorted = zalloc(pages->count, sizeof(*sorted));

	for (size_t i = 0; i < pages->count; i++)
		sorted[i] = &pages->files[i];
	qsort(sorted, pages->count, sizeof(*sorted), by_resident);
	return sorted;
}

static bool is_shown(const struct canvas *canvas, const struct pages *pages,
		     const struct pages_file *file, size_t shown)
{
	return canvas->options->verbose || file->named || pages->is_top ||
	       (shown < SHOWN && pages_seen_bytes(&file->residency));
}

static void draw_gathered(struct canvas *canvas, size_t files, uint64_t bytes)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };

	if (!files)
		return;
	strbuf_printf(&line, "%s and ", canvas->glyphs->ellipsis);
	add_number(&line, files);
	strbuf_printf(&line, " more file%s, ", plural(files));
	add_bytes(&line, bytes);
	strbuf_printf(&line, STICK "resident: -v shows %s", files == 1 ? "it" : "them");
	add_wrapped(canvas, line.text, 0, 4);
}

/* Returns whether there was a strip. */
static bool draw_files(struct canvas *canvas, const struct pages *pages)
{
	const struct pages_file **sorted = sort_files(pages);
	size_t shown = 0, gathered = 0;
	uint64_t gathered_bytes = 0;
	bool strips = false;

	for (size_t i = 0; i < pages->count; i++) {
		if (is_shown(canvas, pages, sorted[i], shown)) {
			strips |= draw_file(canvas, sorted[i]);
			shown++;
		} else {
			gathered++;
			gathered_bytes += pages_seen_bytes(&sorted[i]->residency);
		}
	}
	draw_gathered(canvas, gathered, gathered_bytes);
	free(sorted);
	return strips;
}

static void draw_changes(struct canvas *canvas, const struct pages *pages)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };
	bool any = false;

	for (size_t i = 0; i < pages->count; i++) {
		if (!changed(&pages->files[i]))
			continue;
		draw_change(canvas, &pages->files[i]);
		any = true;
	}
	if (pages->gone) {
		add_number(&line, pages->gone);
		strbuf_printf(&line, " file%s not %s any more, ", plural(pages->gone),
			      pages->is_top ? "among the largest" : "found");
		add_bytes(&line, pages->gone_bytes);
		strbuf_printf(&line, STICK "were resident in %s", pages->gone == 1 ? "it" : "them");
	} else if (!any) {
		strbuf_puts(&line, "nothing entered, nothing left");
	}
	if (line.length)
		add_wrapped(canvas, line.text, 0, 3);
}

static void draw_totals(struct canvas *canvas, const struct pages *pages)
{
	const struct pages_totals *totals = &pages->totals;
	const struct part parts[] = {
		{ totals->dirty_bytes, "dirty", false },
		{ totals->writeback_bytes, "writeback", false },
		{ totals->mapped_bytes, "mapped", false },
		{ totals->evicted_pages, "evicted", true },
	};
	_cleanup_strbuf_ struct strbuf line = { 0 };

	strbuf_puts(&line, "total: ");
	add_number(&line, pages->count);
	strbuf_printf(&line, STICK "file%s", plural(pages->count));
	if (totals->unknown_files) {
		strbuf_puts(&line, canvas->glyphs->dot);
		add_number(&line, totals->unknown_files);
		strbuf_puts(&line, STICK "unknown");
	}
	strbuf_puts(&line, canvas->glyphs->dot);
	add_bytes(&line, totals->size_bytes);
	strbuf_printf(&line, STICK "in" STICK "size%s", canvas->glyphs->dot);
	if (totals->resident_bytes == RESIDENCY_UNKNOWN)
		strbuf_puts(&line, "at" STICK "least" STICK);
	add_bytes(&line, totals->seen_bytes);
	strbuf_puts(&line, STICK "resident");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		add_part(&line, canvas, &parts[i]);
	if (pages->is_top) {
		strbuf_puts(&line, canvas->glyphs->dot);
		add_number(&line, pages->listed_inodes);
		strbuf_puts(&line, STICK "inodes of the machine hold" STICK);
		add_bytes(&line, pages->listed_pages * RESIDENCY_PAGE);
	}
	strbuf_printf(&line, "%sread" STICK "from" STICK "%s", canvas->glyphs->dot,
		      residency_source_word(pages->source));
	add_wrapped(canvas, line.text, 0, 7);
}

/* What is missing above is not none. */
static void draw_note(struct canvas *canvas, const struct pages *pages)
{
	static const char *const notes[] = {
		[RESIDENCY_BY_CACHESTAT] = ": unknown without the module: what is mapped",
		[RESIDENCY_BY_MINCORE] = ": unknown without the module: what is dirty, under "
					 "writeback, mapped, evicted",
		[RESIDENCY_BY_NONE] = NULL,
	};

	if (pages->left_out_inodes) {
		_cleanup_strbuf_ struct strbuf line = { 0 };

		strbuf_puts(&line, ": ");
		add_number(&line, pages->left_out_inodes);
		strbuf_puts(&line, " inodes with few pages are not in these sums: the module's "
				   "list "
				   "was full");
		add_coloured(canvas, COLOUR_WARN, "note");
		add_wrapped(canvas, line.text, strlen("note"), 6);
	}
	if (!notes[pages->source])
		return;
	add_coloured(canvas, COLOUR_WARN, "note");
	add_wrapped(canvas, notes[pages->source], strlen("note"), 6);
}

static void draw_time(struct canvas *canvas, const struct pages *pages)
{
	if (pages->is_watch && pages->elapsed_ns)
		strbuf_printf(&canvas->out, "after %.1f s:\n", (double)pages->elapsed_ns / 1e9);
}

static int render(const struct pages *pages, const struct render_options *options, FILE *out)
{
	struct canvas canvas;

	canvas_begin(&canvas, options);
	draw_time(&canvas, pages);
	if (pages->is_watch && pages->elapsed_ns) {
		draw_changes(&canvas, pages);
	} else {
		bool strips = draw_files(&canvas, pages);

		draw_totals(&canvas, pages);
		if (strips)
			draw_legend(&canvas);
		draw_note(&canvas, pages);
	}
	fwrite(strbuf_text(&canvas.out), 1, canvas.out.length, out);
	strbuf_release(&canvas.out);
	fflush(out);
	return ferror(out) ? -EIO : 0;
}

const struct pages_renderer pages_text = { "text", render };
