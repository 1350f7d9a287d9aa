/* SPDX-License-Identifier: MIT */
/* Renderers of what is in the page cache; as those of reports in renderer.h. */
#ifndef RENDER_PAGES_H
#define RENDER_PAGES_H

#include "model/pages.h"
#include "render/renderer.h"

struct pages_renderer {
	const char *name; /* of --format */
	/* Returns 0, or -EIO when out could not be written. */
	int (*render)(const struct pages *pages, const struct render_options *options, FILE *out);
};

extern const struct pages_renderer pages_text, pages_json, pages_csv;

const struct pages_renderer *pages_renderer_find(const char *name); /* or NULL */

/* Words for the bits of an extent's state, in their order; NULL at the end. */
extern const char *const extent_state_words[];

#endif
