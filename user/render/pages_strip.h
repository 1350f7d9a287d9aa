/* SPDX-License-Identifier: MIT */
/* The strip: a file from its first page to its last, folded to one line. */
#ifndef RENDER_PAGES_STRIP_H
#define RENDER_PAGES_STRIP_H

#include "render/pages.h"
#include "render/text.h"

/* Returns whether there is anything to draw. */
bool draw_strip(struct canvas *canvas, const struct residency *residency);
void draw_legend(struct canvas *canvas);

#endif
