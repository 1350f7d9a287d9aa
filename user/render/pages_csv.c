// SPDX-License-Identifier: MIT
/*
 * One line for each file, whatever its name: control characters and what is no
 * UTF-8 are escaped as on a terminal, a backslash is doubled.  What is not
 * known is empty.
 */
#include <errno.h>
#include <string.h>

#include "render/pages.h"
#include "util/strbuf.h"
#include "util/utf8.h"

static void add_quoted(struct strbuf *out, const char *text)
{
	if (!text[strcspn(text, ",\" ")]) {
		strbuf_puts(out, text);
		return;
	}
	strbuf_putc(out, '"');
	for (; *text; text++) {
		if (*text == '"')
			strbuf_putc(out, '"');
		strbuf_putc(out, *text);
	}
	strbuf_putc(out, '"');
}

static void add_known(struct strbuf *out, uint64_t value)
{
	strbuf_putc(out, ',');
	if (value != RESIDENCY_UNKNOWN)
		strbuf_number(out, value);
}

static void add_file(struct strbuf *out, const struct pages *pages, const struct pages_file *file)
{
	const struct residency *r = &file->residency;
	_cleanup_strbuf_ struct strbuf path = { 0 };
	const char *source = residency_source_word(r->source);

	if (file->path)
		escape_terminal(&path, file->path, strlen(file->path), true);
	add_quoted(out, strbuf_text(&path));
	if (r->has_inode)
		strbuf_printf(out, ",%u:%u,%llu", r->dev_major, r->dev_minor,
			      (unsigned long long)r->ino);
	else
		strbuf_puts(out, ",,");
	add_known(out, r->size_bytes);
	add_known(out, r->resident_bytes);
	add_known(out, r->dirty_bytes);
	add_known(out, r->writeback_bytes);
	add_known(out, r->mapped_bytes);
	add_known(out, r->evicted_pages);
	add_known(out, pages->is_watch ? pages->elapsed_ns : RESIDENCY_UNKNOWN);
	add_known(out, file->entered_bytes);
	add_known(out, file->left_bytes);
	strbuf_printf(out, ",%s,", source ? source : "");
	add_quoted(out, r->why ? r->why : "");
	strbuf_putc(out, '\n');
}

static int render(const struct pages *pages, const struct render_options *options, FILE *out)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	(void)options;
	if (!pages->is_watch || !pages->elapsed_ns)
		strbuf_puts(&text, "path,dev,ino,size_bytes,resident_bytes,dirty_bytes,"
				   "writeback_bytes,mapped_bytes,evicted_pages,elapsed_ns,"
				   "entered_bytes,left_bytes,source,error\n");
	for (size_t i = 0; i < pages->count; i++)
		add_file(&text, pages, &pages->files[i]);
	fwrite(strbuf_text(&text), 1, text.length, out);
	fflush(out);
	return ferror(out) ? -EIO : 0;
}

const struct pages_renderer pages_csv = { "csv", render };
