// SPDX-License-Identifier: MIT
#include "render/text.h"

#include <errno.h>
#include <string.h>

#include "util/humanise.h"

#define LABEL_WIDTH 19
#define VALUE_WIDTH 11

/* "   CPU copies      0 B        0.00 per byte delivered    measured" */
static void draw_counter(struct canvas *canvas, const char *label, const struct strbuf *value,
			 const struct strbuf *remark)
{
	struct strbuf *out = &canvas->out;

	strbuf_printf(out, "   %-*s%s", LABEL_WIDTH, label, strbuf_text(value));
	if (remark->length) {
		size_t blanks = 1;

		if (value->length < VALUE_WIDTH)
			blanks += VALUE_WIDTH - value->length;
		if (3 + LABEL_WIDTH + value->length + blanks + remark->length <= canvas->width)
			strbuf_repeat(out, " ", blanks);
		else
			strbuf_puts(out, "\n      ");
		strbuf_puts(out, remark->text);
	}
	strbuf_putc(out, '\n');
}

static void draw_copies(struct canvas *canvas, const struct transfer *transfer)
{
	double ratio = copies_per_byte(transfer->cpu_copied_bytes, transfer->delivered_bytes);
	_cleanup_strbuf_ struct strbuf value = { 0 }, remark = { 0 };

	humanise_bytes(&value, transfer->cpu_copied_bytes);
	if (transfer->cpu_copied_bytes && ratio < 0.005)
		strbuf_puts(&remark, "<0.01 per byte delivered   ");
	else if (transfer->delivered_bytes)
		strbuf_printf(&remark, "%.2f per byte delivered    ", ratio);
	strbuf_puts(&remark, provenance_word(transfer->provenance));
	draw_counter(canvas, "CPU copies", &value, &remark);
}

static void draw_mode_switches(struct canvas *canvas, const struct transfer *transfer)
{
	_cleanup_strbuf_ struct strbuf value = { 0 }, remark = { 0 };
	double mib = (double)transfer->delivered_bytes / (1 << 20);

	humanise_count(&value, transfer->counters.mode_switches);
	/* Of less than a few KiB it would be a number of the size, not of the way. */
	if (transfer->delivered_bytes >= 4096)
		strbuf_printf(&remark, "%.1f per MiB",
			      (double)transfer->counters.mode_switches / mib);
	draw_counter(canvas, "mode switches", &value, &remark);
}

static void draw_two(struct canvas *canvas, const char *label, uint64_t first,
		     const char *first_word, uint64_t second, const char *second_word)
{
	_cleanup_strbuf_ struct strbuf value = { 0 }, remark = { 0 };

	humanise_count(&value, first + second);
	if (first + second) {
		humanise_count(&remark, first);
		strbuf_printf(&remark, " %s, ", first_word);
		humanise_count(&remark, second);
		strbuf_printf(&remark, " %s", second_word);
	}
	draw_counter(canvas, label, &value, &remark);
}

static void draw_counters(struct canvas *canvas, const struct transfer *transfer)
{
	const struct counters *counters = &transfer->counters;

	draw_copies(canvas, transfer);
	draw_mode_switches(canvas, transfer);
	draw_two(canvas, "context switches", counters->voluntary, "voluntary",
		 counters->involuntary, "involuntary");
	if (counters->minor || counters->major)
		draw_two(canvas, "page faults", counters->minor, "minor", counters->major, "major");
}

/* "   may be from /srv/a and 2 others (its buffer was used again)" */
static void draw_may_be_from(struct canvas *canvas, const struct transfer *transfer)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };
	size_t others = transfer->nr_may_be_from;

	if (!others--)
		return;
	strbuf_puts(&line, "   may be from ");
	add_endpoint(&line, canvas, transfer->may_be_from[0].endpoint);
	if (others)
		strbuf_printf(&line, " and %zu other%s", others, others == 1 ? "" : "s");
	strbuf_puts(&line, " (its buffer was used again)");
	add_wrapped(canvas, line.text, 0, 6);
}

static void draw_findings(struct canvas *canvas, const struct transfer *transfer)
{
	for (size_t i = 0; i < transfer->nr_findings; i++) {
		const struct finding *finding = &transfer->findings[i];
		_cleanup_strbuf_ struct strbuf line = { 0 };

		if (finding->obvious && !canvas->options->verbose)
			continue;
		strbuf_printf(&line, "   %s: %s", finding->code, finding->text);
		add_wrapped(canvas, line.text, 0, 6);
	}
}

static void draw_group(struct canvas *canvas, const struct group *group)
{
	draw_header(canvas, group);
	strbuf_putc(&canvas->out, '\n');
	if (group->sum.nr_hops) {
		draw_path(canvas, &group->sum);
		strbuf_putc(&canvas->out, '\n');
	}
	draw_counters(canvas, &group->sum);
	draw_may_be_from(canvas, &group->sum);
	draw_findings(canvas, &group->sum);
	strbuf_putc(&canvas->out, '\n');
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void draw_gathered(struct canvas *canvas, const struct groups *groups)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };
	uint64_t delivered = 0;
	size_t transfers = 0;

	for (size_t i = groups->shown; i < groups->count; i++) {
		delivered += groups->groups[i].sum.delivered_bytes;
		transfers += groups->groups[i].transfers;
	}
	if (!transfers)
		return;
	strbuf_printf(&line, "%s and ", canvas->glyphs->ellipsis);
	humanise_count(&line, transfers);
	strbuf_printf(&line, " smaller transfer%s, ", plural(transfers));
	humanise_bytes(&line, delivered);
	strbuf_printf(&line, ": -v shows %s", transfers == 1 ? "it" : "them");
	add_wrapped(canvas, line.text, 0, 0);
	strbuf_putc(&canvas->out, '\n');
}

/* "program start: 9 files, 1.20 MiB mapped, 40.0 KiB copied" */
static void draw_start(struct canvas *canvas, const struct program_start *start)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };

	if (!start->transfers)
		return;
	strbuf_puts(&line, "program start: ");
	humanise_count(&line, start->files);
	strbuf_printf(&line, " file%s, ", plural(start->files));
	humanise_bytes(&line, start->mapped_bytes);
	strbuf_puts(&line, " mapped, ");
	humanise_bytes(&line, start->copied_bytes);
	strbuf_printf(&line, " copied: -v shows %s", start->transfers == 1 ? "it" : "them");
	add_wrapped(canvas, line.text, 0, 0);
	strbuf_putc(&canvas->out, '\n');
}

static void draw_nothing(struct canvas *canvas, const struct report *report)
{
	if (report->nr_left_out)
		add_wrapped(canvas,
			    "no transfers: --from, --to and --min-bytes left out all there were", 0,
			    0);
	else
		add_wrapped(canvas, "no transfers: nothing that was traced moved data", 0, 0);
}

static const char *hooks_words(const struct report *report)
{
	switch (report->copies) {
	case PROVENANCE_MEASURED:
		return "copies" STICK "measured";
	case PROVENANCE_DERIVED:
		return "copies" STICK "derived";
	default:
		return report->nr_hooks ? "copies measured and derived" : "copies unknown";
	}
}

static void add_bytes(struct strbuf *line, const struct canvas *canvas, uint64_t bytes,
		      const char *word)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	humanise_bytes(&text, bytes);
	for (char *blank = text.text; (blank = strchr(blank, ' '));)
		*blank = STICK[0];
	strbuf_printf(line, "%s%s" STICK "%s", canvas->glyphs->dot, text.text, word);
}

static void draw_totals(struct canvas *canvas, const struct report *report)
{
	const struct report_totals *totals = &report->totals;
	const char *dot = canvas->glyphs->dot;
	_cleanup_strbuf_ struct strbuf line = { 0 };

	strbuf_puts(&line, "total: ");
	humanise_count(&line, report->nr_transfers);
	strbuf_printf(&line, " transfer%s", plural(report->nr_transfers));
	if (report->nr_left_out) {
		strbuf_puts(&line, " (");
		humanise_count(&line, report->nr_left_out);
		strbuf_puts(&line, " more left out)");
	}
	add_bytes(&line, canvas, totals->delivered_bytes, "delivered");
	add_bytes(&line, canvas, totals->bytes[CS_COPY], "copied");
	add_bytes(&line, canvas, totals->bytes[CS_REFERENCE], "referenced");
	if (totals->bytes[CS_MAP])
		add_bytes(&line, canvas, totals->bytes[CS_MAP], "mapped");
	if (totals->bytes[CS_TRANSFORM])
		add_bytes(&line, canvas, totals->bytes[CS_TRANSFORM], "transformed");
	if (totals->bytes[CS_DIRTY])
		add_bytes(&line, canvas, totals->bytes[CS_DIRTY], "made" STICK "dirty");
	if (totals->bytes[CS_DMA])
		add_bytes(&line, canvas, totals->bytes[CS_DMA], "by DMA");
	if (report->zeroing_known)
		add_bytes(&line, canvas, report->zeroed_bytes, "zeroed");
	if (!lost_anything(&report->lost, report->lost_events))
		strbuf_printf(&line, "%snothing" STICK "lost", dot);
	strbuf_printf(&line, "%s%s", dot, hooks_words(report));
	if (report->audit.known)
		add_bytes(&line, canvas, report->audit.unattributed, "unattributed");
	add_wrapped(canvas, line.text, 0, 7);
}

/* What makes the numbers less than they seem: always, and to be noticed. */
static void draw_warnings(struct canvas *canvas, const struct report *report)
{
	for (size_t i = 0; i < report->nr_findings; i++) {
		bool losses = !strcmp(report->findings[i].code, "losses");

		_cleanup_strbuf_ struct strbuf line = { 0 };

		add_coloured(canvas, losses ? COLOUR_BAD : COLOUR_WARN, losses ? "LOST" : "note");
		strbuf_printf(&line, ": %s", report->findings[i].text);
		add_wrapped(canvas, line.text, strlen("LOST"), 6);
	}
}

static int render(const struct report *report, const struct render_options *options, FILE *out)
{
	struct canvas canvas;
	struct groups groups;

	canvas_begin(&canvas, options);
	groups_make(&groups, report, options->verbose);
	for (size_t i = 0; i < groups.shown; i++)
		draw_group(&canvas, &groups.groups[i]);
	draw_gathered(&canvas, &groups);
	draw_start(&canvas, &groups.start);
	draw_written(&canvas, report);
	if (!report->nr_transfers)
		draw_nothing(&canvas, report);
	else
		draw_totals(&canvas, report);
	draw_kthreads(&canvas, report);
	draw_warnings(&canvas, report);
	groups_free(&groups);
	fwrite(strbuf_text(&canvas.out), 1, canvas.out.length, out);
	strbuf_release(&canvas.out);
	fflush(out);
	return ferror(out) ? -EIO : 0;
}

const struct renderer render_text = { "text", render };
