/* SPDX-License-Identifier: MIT */
/* Renderers of descriptors and what is behind them; as those of reports in renderer.h. */
#ifndef RENDER_FDS_H
#define RENDER_FDS_H

#include "model/fds.h"
#include "render/renderer.h"

struct fds_renderer {
	const char *name; /* of --format */
	/* Returns 0, or -EIO when out could not be written. */
	int (*render)(const struct fds *fds, const struct render_options *options, FILE *out);
};

extern const struct fds_renderer fds_text, fds_json;

const struct fds_renderer *fds_renderer_find(const char *name); /* or NULL */

#endif
