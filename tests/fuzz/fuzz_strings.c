// SPDX-License-Identifier: MIT
/* Names and patterns alone. */
#include <stdlib.h>
#include <string.h>

#include "model/filter.h"
#include "model/report.h"
#include "tests/fuzz/input.h"
#include "util/humanise.h"
#include "util/maps.h"
#include "util/utf8.h"

static void shorten(const char *text, size_t width, bool utf8)
{
	_cleanup_strbuf_ struct strbuf safe = { 0 }, shown = { 0 };

	escape_terminal(&safe, text, strlen(text), utf8);
	shorten_middle(&shown, strbuf_text(&safe), width, utf8);
	if (utf8_width(strbuf_text(&shown)) > width)
		abort();
}

static void escape_for_json(const char *text)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };
	struct output output;

	escape_json(&out, text, strlen(text));
	output_begin(&output);
	fputs(strbuf_text(&out), output.file);
	output_end(&output, NULL);
}

static void filter(struct input *input, const char *text)
{
	struct report_endpoint endpoint = {
		.known = true,
		.kind = input_byte(input) % CS_KIND_MAX,
		.path = input_text(input),
		.local = input_text(input),
	};
	struct filter filter;

	if (!filter_parse(&filter, text))
		filter_matches(&filter, &endpoint);
}

void fuzz_strings(struct input *input)
{
	uint8_t width = input_byte(input), flags = input_byte(input);
	_cleanup_strbuf_ struct strbuf number = { 0 };
	const char *text = input_some_text(input);
	struct maps_line line;
	char *copy;

	shorten(text, width, flags & 1);
	escape_for_json(text);
	filter(input, text);
	humanise_bytes(&number, input_number(input));
	humanise_count(&number, input_number(input));
	copy = strdup(text);
	maps_parse(copy, &line);
	free(copy);
}
