// SPDX-License-Identifier: MIT
#include "render/renderer.h"

#include <string.h>

const struct renderer *const renderers[] = { &render_text, &render_json, NULL };

const struct renderer *renderer_find(const char *name)
{
	for (size_t i = 0; renderers[i]; i++)
		if (!strcmp(renderers[i]->name, name))
			return renderers[i];
	return NULL;
}
