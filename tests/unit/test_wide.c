// SPDX-License-Identifier: MIT
/* Names of characters that take two columns, drawn at every width. */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "render/fds.h"
#include "render/pages.h"
#include "render/renderer.h"
#include "util/strbuf.h"
#include "util/utf8.h"

#define MOST_COLUMNS 140
#define PATIENCE_S 60 /* a renderer that goes on for longer never ends */

/* /srv/a…a报…报b.txt: where the wide ones begin differs. */
static const char *wide_path(struct strbuf *path, unsigned int before, unsigned int wide)
{
	strbuf_reset(path);
	strbuf_puts(path, "/srv/");
	for (unsigned int i = 0; i < before; i++)
		strbuf_putc(path, 'a');
	for (unsigned int i = 0; i < wide; i++)
		strbuf_puts(path, i % 7 == 5 ? "e\xcc\x81" : "报");
	strbuf_puts(path, "b.txt");
	return strbuf_text(path);
}

typedef int (*draw_t)(const char *path, const struct render_options *options, FILE *out);

static int draw_path_report(const char *path, const struct render_options *options, FILE *out)
{
	struct fixture f;
	struct report *report;
	uint32_t process;
	int failed;

	fixture_begin(&f);
	process = fixture_process(&f, 7, "报报报报报");
	fixture_row(&f, process, fixture_file(&f, path), fixture_file(&f, path), CS_CACHE_TO_CACHE,
		    NR_COPY_FILE_RANGE, 1, MIB);
	report = report_of(&f);
	failed = render_text.render(report, options, out);
	report_free(report);
	return failed;
}

static int draw_pages(const char *path, const struct render_options *options, FILE *out)
{
	struct pages pages = { 0 };
	struct pages_file *file = pages_add(&pages);
	int failed;

	file->path = strdup(path);
	file->residency.source = RESIDENCY_BY_CACHESTAT;
	file->residency.size_bytes = MIB;
	file->residency.resident_bytes = MIB;
	pages_finish(&pages, RESIDENCY_BY_CACHESTAT);
	failed = pages_text.render(&pages, options, out);
	pages_release(&pages);
	return failed;
}

static int draw_fds(const char *path, const struct render_options *options, FILE *out)
{
	struct fds fds = { 0 };
	uint32_t process = fds_add_process(&fds, 7), inode = fds_add_inode(&fds, FDS_FILE);
	int failed;

	fds.processes[process].comm = "报报报报报";
	fds.inodes[inode].path = path;
	fds_add_fd(&fds, process, inode, 3);
	fds.fds[0].path = path;
	fds_finish(&fds, RESIDENCY_BY_CACHESTAT);
	failed = fds_text.render(&fds, options, out);
	fds_release(&fds);
	return failed;
}

static void at_every_width(draw_t draw)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };

	alarm(PATIENCE_S);
	for (unsigned int columns = 1; columns <= MOST_COLUMNS; columns++) {
		struct render_options options = { .width = columns, .utf8 = true };

		for (unsigned int before = 0; before < 4; before++) {
			char *text = NULL;
			size_t length;
			FILE *out = open_memstream(&text, &length);

			options.verbose = before & 1;
			wide_path(&path, before, 40);
			assert_int_equal(draw(strbuf_text(&path), &options, out), 0);
			fclose(out);
			assert_true(length);
			free(text);
		}
	}
	alarm(0);
}

static void path_draws_wide_names(void **state)
{
	(void)state;
	at_every_width(draw_path_report);
}

static void pages_draws_wide_names(void **state)
{
	(void)state;
	at_every_width(draw_pages);
}

static void fds_draws_wide_names(void **state)
{
	(void)state;
	at_every_width(draw_fds);
}

/* What is shown ends as the name does, and one column at most is left empty on each side. */
static void shortened_names_fill_their_width(void **state)
{
	_cleanup_strbuf_ struct strbuf path = { 0 }, shown = { 0 };

	(void)state;
	alarm(PATIENCE_S);
	for (unsigned int before = 0; before < 20; before++) {
		wide_path(&path, before, 40);
		for (size_t columns = 16; columns < utf8_width(path.text); columns++) {
			size_t width;

			strbuf_reset(&shown);
			shorten_middle(&shown, path.text, columns, true);
			width = utf8_width(shown.text);
			assert_true(width <= columns && width + 2 >= columns);
			assert_non_null(strstr(shown.text, "…"));
			assert_string_equal(shown.text + shown.length - 5, "b.txt");
			/* No mark is left without its letter. */
			assert_null(strstr(shown.text, "…\xcc\x81"));
		}
	}
	alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_draws_wide_names),
		cmocka_unit_test(pages_draws_wide_names),
		cmocka_unit_test(fds_draws_wide_names),
		cmocka_unit_test(shortened_names_fill_their_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
