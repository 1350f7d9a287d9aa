// SPDX-License-Identifier: MIT
/* What is in the page cache of files with any names. */
#include <stdlib.h>
#include <string.h>

#include "render/pages.h"
#include "tests/fuzz/input.h"

enum { FILES_MAX = 40, EXTENTS_MAX = 40 };

static uint64_t known_or_not(struct input *input)
{
	return input_byte(input) % 8 ? input_number(input) : RESIDENCY_UNKNOWN;
}

/* In their order, as all sources have them; within and behind the size. */
static void make_extents(struct input *input, struct extents *extents)
{
	unsigned int count = input_byte(input) % EXTENTS_MAX;
	uint64_t page = 0;

	while (count--) {
		struct cs_extent one;

		page += input_number(input) % (1u << 30);
		one.offset = page * RESIDENCY_PAGE;
		one.length = (1 + input_number(input) % 4096) * RESIDENCY_PAGE;
		one.state = input_byte(input) % 4 ? input_byte(input) : EXTENT_STATE_UNKNOWN;
		one.order = input_byte(input) % 4 ? input_byte(input) : EXTENT_ORDER_UNKNOWN;
		page += one.length / RESIDENCY_PAGE;
		extents_add(extents, &one);
	}
}

static void make_file(struct input *input, struct pages_file *file)
{
	struct residency *r = &file->residency;
	const char *path = input_text(input);
	uint8_t flags = input_byte(input);

	file->path = path ? strdup(path) : NULL;
	file->deleted = flags & 1;
	file->named = flags & 2;
	input_copy(input, file->type, input_byte(input) % sizeof(file->type));
	r->source = input_byte(input) % (RESIDENCY_BY_NONE + 1);
	if (r->source == RESIDENCY_BY_NONE)
		r->why = "nobody told";
	r->has_inode = flags & 4;
	r->dev_major = input_byte(input);
	r->ino = input_number(input);
	r->links = input_byte(input);
	r->has_real_inode = flags & 8;
	r->real_ino = input_number(input);
	r->size_bytes = known_or_not(input);
	r->resident_bytes = known_or_not(input);
	r->dirty_bytes = known_or_not(input);
	r->writeback_bytes = known_or_not(input);
	r->mapped_bytes = known_or_not(input);
	r->filling_bytes = known_or_not(input);
	r->evicted_pages = known_or_not(input);
	r->evicted_to_swap = flags & 16;
	r->unseen_bytes = flags & 32 ? input_number(input) : 0;
	r->has_extents = flags & 64;
	if (r->has_extents)
		make_extents(input, &r->extents);
}

static void make_pages(struct input *input, struct pages *pages)
{
	unsigned int count = input_byte(input) % FILES_MAX;

	while (count--)
		make_file(input, pages_add(pages));
	pages_finish(pages, input_byte(input) % (RESIDENCY_BY_NONE + 1));
}

static void render(const struct pages_renderer *renderer, const struct pages *pages,
		   const struct render_options *options)
{
	struct output output;

	output_begin(&output);
	if (renderer->render(pages, options, output.file))
		abort();
	output_end(&output, renderer == &pages_text ? options : NULL);
}

void fuzz_pages(struct input *input)
{
	struct render_options options = input_options(input);
	struct pages before = { 0 }, pages = { 0 };
	uint8_t flags = input_byte(input);

	make_pages(input, &pages);
	pages.is_top = flags & 1;
	pages.listed_inodes = input_number(input);
	pages.listed_pages = input_number(input);
	pages.left_out_inodes = input_number(input);
	if (flags & 2) {
		make_pages(input, &before);
		pages.is_watch = true;
		pages.elapsed_ns = input_number(input);
		pages_compare(&pages, &before);
	}
	render(&pages_text, &pages, &options);
	render(&pages_json, &pages, &options);
	render(&pages_csv, &pages, &options);
	pages_release(&before);
	pages_release(&pages);
}
