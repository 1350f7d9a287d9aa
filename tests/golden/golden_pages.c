// SPDX-License-Identifier: MIT
/*
 * Renders what is in the page cache of files made by hand and compares with
 * the files beside this one; with --update it rewrites them instead.
 *
 *   golden_pages [--update] FOLDER
 */
#include <stdio.h>
#include <string.h>

#include "render/pages.h"
#include "tests/golden/compare.h"

#define PAGE RESIDENCY_PAGE
#define MIB ((uint64_t)1 << 20)

static struct pages_file *add(struct pages *pages, enum residency_source source, const char *path,
			      uint64_t size)
{
	struct pages_file *file = pages_add(pages);
	struct residency *r = &file->residency;

	file->path = path ? strdup(path) : NULL;
	r->source = source;
	r->has_inode = true;
	r->dev_major = 254;
	r->dev_minor = 1;
	r->ino = pages->count + 11;
	r->links = 1;
	r->size_bytes = size;
	r->resident_bytes = 0;
	r->has_extents = true;
	if (source == RESIDENCY_BY_MINCORE)
		return file;
	r->dirty_bytes = r->writeback_bytes = r->evicted_pages = 0;
	if (source == RESIDENCY_BY_MODULE)
		r->mapped_bytes = r->filling_bytes = 0;
	return file;
}

static void extent(struct pages_file *file, uint64_t page, uint64_t pages, uint32_t state)
{
	struct residency *r = &file->residency;
	struct cs_extent one = { page * PAGE, pages * PAGE, state, 0 };

	if (r->source == RESIDENCY_BY_MINCORE)
		one.state = EXTENT_STATE_UNKNOWN;
	if (r->source != RESIDENCY_BY_MODULE)
		one.order = EXTENT_ORDER_UNKNOWN;
	extents_add(&r->extents, &one);
	if (!r->unseen_bytes)
		r->resident_bytes += one.length;
	if (r->source == RESIDENCY_BY_MINCORE)
		return;
	r->dirty_bytes += state & CS_FOLIO_DIRTY ? one.length : 0;
	r->writeback_bytes += state & CS_FOLIO_WRITEBACK ? one.length : 0;
	if (r->source == RESIDENCY_BY_MODULE)
		r->mapped_bytes += state & CS_FOLIO_MAPPED ? one.length : 0;
	if (r->source == RESIDENCY_BY_MODULE)
		r->filling_bytes += state & CS_FOLIO_FILLING ? one.length : 0;
}

/* All that the module tells: every look of a cell, a small file, an empty one. */
static void module(struct pages *pages)
{
	struct pages_file *film = add(pages, RESIDENCY_BY_MODULE, "/srv/film.mp4", 64 * MIB);
	struct pages_file *small = add(pages, RESIDENCY_BY_MODULE, "/srv/small", 3 * PAGE - 1);
	struct pages_file *huge = add(pages, RESIDENCY_BY_MODULE, "/srv/below", MIB);

	film->named = small->named = true;
	add(pages, RESIDENCY_BY_MODULE, "/srv/empty", 0)->named = true;
	extent(film, 0, 4096, CS_FOLIO_ACTIVE | CS_FOLIO_MAPPED);
	extent(film, 4096, 1024, CS_FOLIO_DIRTY | CS_FOLIO_REFERENCED);
	extent(film, 5120, 512, CS_FOLIO_WRITEBACK);
	for (uint64_t page = 6000; page < 9000; page += 4)
		extent(film, page, 1, 0);
	for (uint64_t page = 9000; page < 12000; page += 4)
		extent(film, page, 3, page == 10000 ? CS_FOLIO_DIRTY : 0);
	film->residency.evicted_pages = 3072;
	extent(small, 1, 1, 0);
	extent(huge, 0, 256, CS_FOLIO_DIRTY);
	huge->residency.extents.list[0].order = 8;
	huge->residency.has_real_inode = true;
	huge->residency.real_major = 8;
	huge->residency.real_ino = 77;
}

static void cachestat(struct pages *pages)
{
	struct pages_file *log = add(pages, RESIDENCY_BY_CACHESTAT, "var/log/syslog", 5 * MIB);

	extent(log, 1000, 200, 0);
	extent(log, 1200, 80, CS_FOLIO_DIRTY);
	extent(add(pages, RESIDENCY_BY_CACHESTAT, "var/log/dpkg.log", 1), 0, 1, 0);
	add(pages, RESIDENCY_BY_CACHESTAT, "var/log/cold", MIB);
	for (int i = 0; i < 30; i++)
		extent(add(pages, RESIDENCY_BY_CACHESTAT, "var/log/many", MIB), i, 1, 0);
}

/* What mincore() cannot tell, and a file that it did not look at to the end. */
static void mincore_holes(struct pages *pages)
{
	struct pages_file *sparse = add(pages, RESIDENCY_BY_MINCORE, "/srv/sparse", MIB << 20);
	struct pages_file *bash = add(pages, RESIDENCY_BY_MINCORE, "/bin/bash", 309 * PAGE - 7);
	struct pages_file *secret = add(pages, RESIDENCY_BY_NONE, "/etc/shadow", 1000);

	sparse->named = bash->named = secret->named = true;
	sparse->residency.unseen_bytes = 4 * MIB << 10;
	sparse->residency.resident_bytes = RESIDENCY_UNKNOWN;
	extent(sparse, 12345678, 100, 0);
	extent(bash, 0, 309, 0);
	secret->residency.resident_bytes = secret->residency.dirty_bytes = RESIDENCY_UNKNOWN;
	secret->residency.writeback_bytes = secret->residency.evicted_pages = RESIDENCY_UNKNOWN;
	secret->residency.has_extents = false;
	secret->residency.why = "only its owner, root and who may write to it are told what is "
				"cached";
}

/* Names that act on a terminal, break a table, or are none. */
static void hostile(struct pages *pages)
{
	struct pages_file *file;

	extent(add(pages, RESIDENCY_BY_MODULE, "/tmp/\033[31mred\n\"a,b\" \xff\\x1b", PAGE), 0, 1,
	       0);
	extent(add(pages, RESIDENCY_BY_MODULE, "/tmp/gr\xc3\xbc\xc3\x9f \xe2\x80\xae,", PAGE), 0, 1,
	       0);
	file = add(pages, RESIDENCY_BY_MODULE, "/memfd:\r\t", PAGE);
	file->deleted = true;
	extent(file, 0, 1, CS_FOLIO_MAPPED);
	file = add(pages, RESIDENCY_BY_MODULE,
		   "/a/very/long/path/that/goes/on/and/on/and/on/through/many/folders/until/it/is/"
		   "wider/than/most/terminals/are/and/then/some/more/file.bin",
		   PAGE);
	extent(file, 0, 1, 0);
}

static void top(struct pages *pages)
{
	struct pages_file *file = add(pages, RESIDENCY_BY_MODULE, NULL, 512 * MIB);

	pages->is_top = true;
	pages->listed_inodes = 4711;
	pages->listed_pages = 300000;
	pages->left_out_inodes = 12;
	strcpy(file->type, "btrfs");
	file->residency.resident_bytes = 100 * MIB;
	file->residency.mapped_bytes = RESIDENCY_UNKNOWN;
	file->residency.has_extents = false;
	file = add(pages, RESIDENCY_BY_MODULE, "/memfd:cache", 64 * MIB);
	strcpy(file->type, "tmpfs");
	file->deleted = true;
	extent(file, 0, 4096, CS_FOLIO_MAPPED);
	file->residency.evicted_pages = 1;
	file->residency.evicted_to_swap = true;
}

static void nothing(struct pages *pages)
{
	(void)pages;
}

/* A second look: one file grew, one shrank, one stayed, one is gone. */
static void watch(struct pages *pages)
{
	struct pages before = { 0 };
	struct pages_file *file;

	extent(add(&before, RESIDENCY_BY_CACHESTAT, "/srv/grows", MIB), 0, 10, 0);
	extent(add(&before, RESIDENCY_BY_CACHESTAT, "/srv/shrinks", MIB), 0, 100, CS_FOLIO_DIRTY);
	extent(add(&before, RESIDENCY_BY_CACHESTAT, "/srv/stays", MIB), 3, 3, CS_FOLIO_DIRTY);
	extent(add(&before, RESIDENCY_BY_CACHESTAT, "/srv/goes", MIB), 0, 256, 0);
	pages->is_watch = true;
	pages->elapsed_ns = 2000000000;
	extent(add(pages, RESIDENCY_BY_CACHESTAT, "/srv/grows", MIB), 5, 100, 0);
	extent(add(pages, RESIDENCY_BY_CACHESTAT, "/srv/shrinks", MIB), 50, 20, 0);
	extent(add(pages, RESIDENCY_BY_CACHESTAT, "/srv/stays", MIB), 3, 3, 0);
	file = add(pages, RESIDENCY_BY_CACHESTAT, "/srv/new", MIB);
	file->residency.ino = 99;
	extent(file, 0, 1, 0);
	pages_compare(pages, &before);
	pages_release(&before);
}

/* Other inodes are the largest now. */
static void watch_top(struct pages *pages)
{
	watch(pages);
	pages->is_top = true;
}

static const struct {
	const char *name;
	void (*fill)(struct pages *pages);
} cases[] = {
	{ "pages-module", module },
	{ "pages-cachestat", cachestat },
	{ "pages-mincore", mincore_holes },
	{ "pages-hostile", hostile },
	{ "pages-top", top },
	{ "pages-watch", watch },
	{ "pages-watch-top", watch_top },
	{ "pages-nothing", nothing },
};

static const struct golden_look looks[] = {
	{ "80.txt", "text", { .width = 80, .utf8 = true } },
	{ "ascii.txt", "text", { .width = 60 } },
	{ "40.colour.txt", "text", { .width = 40, .utf8 = true, .colour = true } },
	{ "verbose.txt", "text", { .width = 120, .utf8 = true, .verbose = true } },
	{ "json", "json", { .width = 0 } },
	{ "csv", "csv", { .width = 0 } },
};

static const char *name(size_t which)
{
	return cases[which].name;
}

static int draw(size_t which, const struct golden_look *look, FILE *out)
{
	struct pages pages = { 0 };
	int failed;

	cases[which].fill(&pages);
	pages_finish(&pages, RESIDENCY_BY_MODULE);
	failed = pages_renderer_find(look->format)->render(&pages, &look->options, out);
	pages_release(&pages);
	return failed;
}

int main(int argc, char **argv)
{
	const struct golden golden = {
		.nr_cases = sizeof(cases) / sizeof(cases[0]),
		.nr_looks = sizeof(looks) / sizeof(looks[0]),
		.name = name,
		.draw = draw,
		.looks = looks,
	};

	return golden_main(&golden, argc, argv);
}
