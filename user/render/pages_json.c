// SPDX-License-Identifier: MIT
/* docs/pages.schema.json describes what is written here. */
#include <string.h>

#include "render/pages.h"
#include "util/json.h"

static const struct pages_renderer *const pages_renderers[] = { &pages_text, &pages_json,
								&pages_csv };

const char *const extent_state_words[] = { "dirty",  "writeback", "active", "referenced",
					   "mapped", "filling",	  NULL };

const struct pages_renderer *pages_renderer_find(const char *name)
{
	for (size_t i = 0; i < sizeof(pages_renderers) / sizeof(pages_renderers[0]); i++)
		if (!strcmp(pages_renderers[i]->name, name))
			return pages_renderers[i];
	return NULL;
}

enum { ORDER_MAX = 52 }; /* pages of 4 KiB in 64 bits */

static void write_inode(struct json *json, uint32_t major, uint32_t minor, uint64_t ino)
{
	json_device(json, "dev", major, minor);
	json_number(json, "ino", ino);
}

static void write_extent(struct json *json, const struct cs_extent *extent)
{
	json_open(json, NULL, '{');
	json_number(json, "offset", extent->offset);
	json_number(json, "length", extent->length);
	if (extent->state & EXTENT_STATE_UNKNOWN) {
		json_null(json, "state");
	} else {
		json_open(json, "state", '[');
		for (size_t i = 0; extent_state_words[i]; i++)
			if (extent->state >> i & 1)
				json_string(json, NULL, extent_state_words[i]);
		json_close(json, ']');
	}
	/* Unknown, or larger than any folio: nobody can say how many bytes that is. */
	if (extent->order < ORDER_MAX)
		json_number(json, "folio_bytes", RESIDENCY_PAGE << extent->order);
	json_close(json, '}');
}

static void write_extents(struct json *json, const struct residency *r)
{
	if (!r->has_extents) {
		json_null(json, "extents");
		return;
	}
	json_open(json, "extents", '[');
	for (size_t i = 0; i < r->extents.count; i++)
		write_extent(json, &r->extents.list[i]);
	json_close(json, ']');
}

static void write_file(struct json *json, const struct pages *pages, const struct pages_file *file)
{
	const struct residency *r = &file->residency;

	json_newline(json);
	json_open(json, NULL, '{');
	json_string(json, "path", file->path);
	if (file->deleted)
		json_bool(json, "deleted", true);
	if (file->type[0])
		json_string(json, "file_system", file->type);
	if (r->has_inode) {
		write_inode(json, r->dev_major, r->dev_minor, r->ino);
	} else {
		json_null(json, "dev");
		json_null(json, "ino");
	}
	if (r->has_real_inode) {
		json_open(json, "real", '{');
		write_inode(json, r->real_major, r->real_minor, r->real_ino);
		json_close(json, '}');
	}
	json_string(json, "source", residency_source_word(r->source));
	if (r->why)
		json_string(json, "error", r->why);
	json_known(json, "size_bytes", r->size_bytes);
	json_known(json, "resident_bytes", r->resident_bytes);
	json_known(json, "dirty_bytes", r->dirty_bytes);
	json_known(json, "writeback_bytes", r->writeback_bytes);
	json_known(json, "mapped_bytes", r->mapped_bytes);
	json_known(json, "filling_bytes", r->filling_bytes);
	json_known(json, "evicted_pages", r->evicted_pages);
	if (r->evicted_to_swap)
		json_bool(json, "evicted_to_swap", true);
	if (r->unseen_bytes)
		json_number(json, "unseen_bytes", r->unseen_bytes);
	if (pages->is_watch) {
		json_known(json, "entered_bytes", file->entered_bytes);
		json_known(json, "left_bytes", file->left_bytes);
	}
	write_extents(json, r);
	json_close(json, '}');
}

static void write_totals(struct json *json, const struct pages *pages)
{
	const struct pages_totals *totals = &pages->totals;

	json_newline(json);
	json_open(json, "totals", '{');
	json_number(json, "files", pages->count);
	json_number(json, "unknown_files", totals->unknown_files);
	json_known(json, "size_bytes", totals->size_bytes);
	json_known(json, "resident_bytes", totals->resident_bytes);
	json_known(json, "dirty_bytes", totals->dirty_bytes);
	json_known(json, "writeback_bytes", totals->writeback_bytes);
	json_known(json, "mapped_bytes", totals->mapped_bytes);
	json_known(json, "filling_bytes", totals->filling_bytes);
	json_known(json, "evicted_pages", totals->evicted_pages);
	json_close(json, '}');
}

static void write_listing(struct json *json, const struct pages *pages)
{
	if (!pages->is_top)
		return;
	json_newline(json);
	json_open(json, "listed", '{');
	json_number(json, "inodes", pages->listed_inodes);
	json_number(json, "resident_bytes", pages->listed_pages * RESIDENCY_PAGE);
	json_number(json, "left_out_inodes", pages->left_out_inodes);
	json_close(json, '}');
}

static int render(const struct pages *pages, const struct render_options *options, FILE *out)
{
	struct json json;

	(void)options;
	json_begin(&json, out);
	json_open(&json, NULL, '{');
	json_string(&json, "schema", "copyscope/pages/1");
	json_string(&json, "source", residency_source_word(pages->source));
	if (pages->is_watch)
		json_number(&json, "elapsed_ns", pages->elapsed_ns);
	write_totals(&json, pages);
	write_listing(&json, pages);
	json_newline(&json);
	json_open(&json, "files", '[');
	for (size_t i = 0; i < pages->count; i++)
		write_file(&json, pages, &pages->files[i]);
	json_close(&json, ']');
	json_close(&json, '}');
	return json_end(&json);
}

const struct pages_renderer pages_json = { "json", render };
