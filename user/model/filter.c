// SPDX-License-Identifier: MIT
#include "model/filter.h"

#include <string.h>

#include "model/report.h"

static int kind_of(const char *word, size_t length)
{
	for (int kind = 0; kind < CS_KIND_MAX; kind++)
		if (strlen(kind_word(kind)) == length && !memcmp(word, kind_word(kind), length))
			return kind;
	return -1;
}

const char *filter_parse(struct filter *filter, const char *pattern)
{
	size_t word = strspn(pattern, "abcdefghijklmnopqrstuvwxyz");
	bool ends = !pattern[word], colon = pattern[word] == ':';

	*filter = (struct filter){ .pattern = pattern, .kind = -1 };
	if (!*pattern)
		return "an empty pattern matches nothing";
	if (!word || (!ends && !colon)) {
		filter->glob = pattern;
		return NULL;
	}
	filter->kind = kind_of(pattern, word);
	if (filter->kind < 0)
		return "no such kind of endpoint: file, tcp, udp, unix, pipe, device, memory "
		       "and other are known; a name needs a '*' or a '/' in front";
	if (ends)
		return NULL;
	filter->glob = pattern + word + 1;
	return *filter->glob ? NULL : "the name after the ':' is missing";
}

/* Consumes one [class]; returns its end, or NULL when it is never closed. */
static const char *match_class(const char *glob, char byte, bool *ret)
{
	const char *start = ++glob;
	bool negate = *glob == '!' || *glob == '^';
	bool found = false;

	if (negate)
		start = ++glob;
	for (; *glob != ']' || glob == start; glob++) {
		char first = *glob;

		if (!first)
			return NULL;
		if (glob[1] == '-' && glob[2] && glob[2] != ']')
			glob += 2;
		found |= (uint8_t)byte >= (uint8_t)first && (uint8_t)byte <= (uint8_t)*glob;
	}
	*ret = found != negate;
	return glob + 1;
}

/* One character of the pattern against one byte; returns what is left. */
static const char *match_one(const char *glob, char byte, bool classes)
{
	const char *end;
	bool matches;

	if (*glob == '?')
		return glob + 1;
	if (*glob == '[' && classes) {
		end = match_class(glob, byte, &matches);
		if (end)
			return matches ? end : NULL;
	}
	if (*glob == '\\' && glob[1])
		glob++;
	return *glob == byte ? glob + 1 : NULL;
}

/* Goes back to the last "*" only, so the time is bounded by the product. */
static bool glob_matches(const char *glob, const char *text, bool classes)
{
	const char *star = NULL, *resume = NULL;

	while (*text) {
		const char *next;

		if (*glob == '*') {
			star = ++glob;
			resume = text;
			continue;
		}
		next = *glob ? match_one(glob, *text, classes) : NULL;
		if (next) {
			glob = next;
			text++;
		} else if (star) {
			glob = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return !*glob;
}

static bool name_matches(const struct filter *filter, const char *name, bool classes)
{
	if (!name)
		return false;
	return !strcmp(filter->glob, name) || glob_matches(filter->glob, name, classes);
}

bool filter_matches(const struct filter *filter, const struct report_endpoint *endpoint)
{
	if (!endpoint->known)
		return false;
	if (filter->kind >= 0 && filter->kind != (int)endpoint->kind)
		return false;
	if (!filter->glob)
		return true;
	/* The brackets of [::1]:80 are no class; neither are those of pipe:[7]. */
	return name_matches(filter, endpoint->path, endpoint->kind != CS_KIND_PIPE) ||
	       name_matches(filter, endpoint->local, false) ||
	       name_matches(filter, endpoint->peer, false) ||
	       name_matches(filter, endpoint->comm, true) ||
	       (endpoint->path && !strcmp(filter->pattern, endpoint->path));
}
