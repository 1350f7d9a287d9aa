/* SPDX-License-Identifier: MIT */
/*
 * Patterns for endpoints: KIND, KIND:GLOB, or a GLOB of the name.  The name is
 * the path, or either address of a socket; "*" matches "/" too.
 */
#ifndef MODEL_FILTER_H
#define MODEL_FILTER_H

#include <stdbool.h>

struct report_endpoint;

struct filter {
	const char *pattern; /* borrowed */
	const char *glob; /* NULL: any name */
	int kind; /* enum cs_kind, or -1 for any */
};

/* Returns NULL, or what is wrong with the pattern. */
const char *filter_parse(struct filter *filter, const char *pattern);
bool filter_matches(const struct filter *filter, const struct report_endpoint *endpoint);

#endif
