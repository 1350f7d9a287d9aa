// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "render/fds_text.h"
#include "util/humanise.h"
#include "util/utf8.h"

#define INODES_SHOWN 20 /* of each kind; -v shows all */

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void add_count(struct strbuf *line, uint64_t count, const char *word)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	humanise_count(&text, count);
	for (char *blank = text.text; (blank = strchr(blank, ' '));)
		*blank = STICK[0];
	strbuf_printf(line, "%s" STICK "%s%s", text.text, word, plural(count));
}

static void add_stuck_size(struct strbuf *line, uint64_t bytes)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	add_size(&text, bytes);
	for (char *blank = text.text; (blank = strchr(blank, ' '));)
		*blank = STICK[0];
	strbuf_puts(line, text.text);
}

/* A private mapping without a descriptor is of a program or a library: too many. */
static bool is_shared_mapping(const struct fds *fds, const struct fds_inode *inode)
{
	for (uint32_t i = 0; i < inode->nr_mappings; i++)
		if (fds->mappings[fds->mappings_by_inode[inode->first_mapping + i]].access[3] ==
		    's')
			return true;
	return false;
}

struct left_out {
	uint32_t inodes;
	uint64_t bytes; /* FDS_UNKNOWN: of some it is */
};

static void leave_out(struct left_out *left_out, const struct fds_inode *inode)
{
	uint64_t bytes = inode->residency.resident_bytes;

	left_out->inodes++;
	if (inode->kind != FDS_FILE || left_out->bytes == FDS_UNKNOWN)
		return;
	left_out->bytes = bytes == RESIDENCY_UNKNOWN ? FDS_UNKNOWN : left_out->bytes + bytes;
}

static void draw_left_out(struct canvas *canvas, const struct left_out *left_out, const char *what,
			  const char *how, bool files)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };

	if (!left_out->inodes)
		return;
	strbuf_printf(&line, "%s and ", canvas->glyphs->ellipsis);
	add_count(&line, left_out->inodes, what);
	strbuf_puts(&line, how);
	if (files && left_out->bytes != FDS_UNKNOWN) {
		strbuf_puts(&line, ", ");
		add_stuck_size(&line, left_out->bytes);
		strbuf_puts(&line, STICK "resident");
	}
	strbuf_printf(&line, ": -v shows %s", left_out->inodes == 1 ? "it" : "them");
	add_wrapped(canvas, line.text, 0, 4);
	strbuf_putc(&canvas->out, '\n');
}

static void draw_kind(struct canvas *canvas, const struct fds *fds, enum fds_kind kind)
{
	struct left_out mapped = { 0 }, more = { 0 };
	_cleanup_strbuf_ struct strbuf what = { 0 };
	size_t shown = 0;

	for (uint32_t i = 0; i < fds->nr_inodes; i++) {
		const struct fds_inode *inode = &fds->inodes[i];
		bool all = canvas->options->verbose;

		if (inode->kind != kind || !inode->nr)
			continue;
		if (!all && !inode->nr_fds && !is_shared_mapping(fds, inode)) {
			leave_out(&mapped, inode);
		} else if (!all && shown >= INODES_SHOWN) {
			leave_out(&more, inode);
		} else {
			draw_inode(canvas, fds, inode);
			strbuf_putc(&canvas->out, '\n');
			shown++;
		}
	}
	strbuf_printf(&what, "more %s", kind == FDS_OTHER ? "thing" : fds_kind_word(kind));
	draw_left_out(canvas, &more, what.text, "", kind == FDS_FILE);
	draw_left_out(canvas, &mapped, "file", " mapped without a descriptor", true);
}

static void draw_process(struct canvas *canvas, const struct fds_process *process)
{
	_cleanup_strbuf_ struct strbuf name = { 0 }, line = { 0 };

	add_program(&name, canvas, process->comm, process->pid);
	add_coloured(canvas, COLOUR_NAME, name.text);
	strbuf_puts(&line, ": ");
	add_count(&line, process->nr_fds, "descriptor");
	if (process->why) {
		strbuf_printf(&line, "%snot" STICK "all: ", canvas->glyphs->dot);
		strbuf_puts(&line, process->why);
	}
	add_wrapped(canvas, line.text, utf8_width(name.text), 3);
}

static uint32_t count_inodes(const struct fds *fds)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < fds->nr_inodes; i++)
		count += !!fds->inodes[i].nr;
	return count;
}

static void draw_totals(struct canvas *canvas, const struct fds *fds)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };

	strbuf_puts(&line, "total: ");
	add_count(&line, fds->nr_fds, "descriptor");
	if (fds->identity != FDS_BY_NOBODY) {
		strbuf_puts(&line, canvas->glyphs->arrow);
		add_count(&line, fds->nr_descriptions, "open" STICK "file" STICK "description");
	}
	strbuf_puts(&line, canvas->glyphs->arrow);
	add_count(&line, count_inodes(fds), "inode");
	if (fds->resident_bytes != FDS_UNKNOWN && fds->resident_bytes) {
		strbuf_puts(&line, canvas->glyphs->arrow);
		add_stuck_size(&line, fds->resident_bytes);
		strbuf_puts(&line, STICK "of" STICK "page" STICK "cache");
	}
	strbuf_printf(&line, "%sread" STICK "from %s and" STICK "%s", canvas->glyphs->dot,
		      fds->identity == FDS_BY_ITERATOR ? "the" STICK "task_file" STICK "iterator" :
		      fds->identity == FDS_BY_KCMP     ? "kcmp" :
							 "/proc",
		      residency_source_word(fds->source));
	add_wrapped(canvas, line.text, 0, 7);
}

static void draw_note(struct canvas *canvas, const char *text)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };

	strbuf_printf(&line, ": %s", text);
	add_coloured(canvas, COLOUR_WARN, "note");
	add_wrapped(canvas, line.text, strlen("note"), 6);
}

/* What is missing above is not none. */
static void draw_notes(struct canvas *canvas, const struct fds *fds)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };

	if (fds->identity == FDS_BY_NOBODY) {
		strbuf_printf(&line, "unknown which descriptors share a description: %s",
			      fds->identity_why);
		draw_note(canvas, line.text);
		strbuf_reset(&line);
	}
	if (fds->unseen_processes) {
		strbuf_printf(&line,
			      "%u process%s could not be looked at: %s may hold descriptions, ends "
			      "and peers, too; root sees all",
			      fds->unseen_processes, fds->unseen_processes == 1 ? "" : "es",
			      fds->unseen_processes == 1 ? "it" : "they");
		draw_note(canvas, line.text);
	}
	if (fds->hidden) {
		strbuf_reset(&line);
		strbuf_printf(&line, "%s: they may hold descriptions, ends and peers, too",
			      fds->hidden);
		draw_note(canvas, line.text);
	}
	if (fds->peers_unknown)
		draw_note(canvas, "the peers of unix sockets are unknown: the kernel has no "
				  "unix_diag, or they are in another network namespace");
	if (fds->source == RESIDENCY_BY_CACHESTAT)
		draw_note(canvas, "unknown without the module: what is mapped");
	if (fds->source == RESIDENCY_BY_MINCORE)
		draw_note(canvas, "unknown without the module: what is dirty, under writeback, "
				  "mapped, evicted");
}

static int render(const struct fds *fds, const struct render_options *options, FILE *out)
{
	struct canvas canvas;

	canvas_begin(&canvas, options);
	for (uint32_t i = 0; i < fds->nr_processes; i++)
		draw_process(&canvas, &fds->processes[i]);
	strbuf_putc(&canvas.out, '\n');
	for (enum fds_kind kind = 0; kind < FDS_KIND_MAX; kind++)
		draw_kind(&canvas, fds, kind);
	draw_totals(&canvas, fds);
	draw_notes(&canvas, fds);
	fwrite(strbuf_text(&canvas.out), 1, canvas.out.length, out);
	strbuf_release(&canvas.out);
	fflush(out);
	return ferror(out) ? -EIO : 0;
}

const struct fds_renderer fds_text = { "text", render };
