// SPDX-License-Identifier: MIT
#include "util/utf8.h"

#include <string.h>

struct range {
	uint32_t first, last;
};

/* Beyond the C0 and C1 controls: what reorders, joins, hides or is unassigned. */
static const struct range unprintable[] = {
	{ 0x00ad, 0x00ad },   { 0x061c, 0x061c },    { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f },   { 0x200b, 0x200f },    { 0x2028, 0x202e }, { 0x2060, 0x206f },
	{ 0x3164, 0x3164 },   { 0xd800, 0xf8ff },    { 0xfdd0, 0xfdef }, { 0xfe00, 0xfe0f },
	{ 0xfeff, 0xfeff },   { 0xffa0, 0xffa0 },    { 0xfff0, 0xfffb }, { 0xfffe, 0xffff },
	{ 0x1d173, 0x1d17a }, { 0x40000, 0x10ffff },
};

/* Marks that are drawn over the character before them. */
static const struct range combining[] = {
	{ 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x0610, 0x061a },
	{ 0x064b, 0x065f }, { 0x0900, 0x0902 }, { 0x0e31, 0x0e31 }, { 0x0e34, 0x0e3a },
	{ 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x20d0, 0x20ff }, { 0x3099, 0x309a },
	{ 0xfe20, 0xfe2f },
};

static const struct range wide[] = {
	{ 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0x33ff },	  { 0x3400, 0x4dbf },
	{ 0x4e00, 0xa4cf },   { 0xa960, 0xa97c },   { 0xac00, 0xd7a3 },	  { 0xf900, 0xfaff },
	{ 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },	  { 0x1f300, 0x1f64f },
	{ 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

#define IN(ranges, character) in_ranges(ranges, sizeof(ranges) / sizeof((ranges)[0]), character)

static bool in_ranges(const struct range *ranges, size_t count, uint32_t character)
{
	for (size_t i = 0; i < count; i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return false;
}

size_t utf8_decode(const char *bytes, size_t length, uint32_t *ret)
{
	/* The least character that needs this many bytes. */
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t first = length ? (uint8_t)bytes[0] : 0;
	size_t count;
	uint32_t value;

	if (!length)
		return 0;
	if (first < 0x80) {
		*ret = first;
		return 1;
	}
	if (first < 0xc2 || first > 0xf4)
		return 0;
	count = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (count > length)
		return 0;
	value = first & (0x7fu >> count);
	for (size_t i = 1; i < count; i++) {
		if (((uint8_t)bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | ((uint8_t)bytes[i] & 0x3f);
	}
	if (value < least[count] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*ret = value;
	return count;
}

bool utf8_printable(uint32_t character)
{
	if (character < 0x20 || (character >= 0x7f && character < 0xa0))
		return false;
	return character < 0xa0 || !IN(unprintable, character);
}

static size_t character_width(uint32_t character)
{
	if (character < 0x300)
		return 1;
	if (IN(combining, character))
		return 0;
	return IN(wide, character) ? 2 : 1;
}

size_t utf8_width(const char *text)
{
	size_t left = strlen(text), width = 0;

	while (left) {
		uint32_t character = 0;
		size_t bytes = utf8_decode(text, left, &character);

		width += bytes ? character_width(character) : 1;
		text += bytes ? bytes : 1;
		left -= bytes ? bytes : 1;
	}
	return width;
}

void escape_terminal(struct strbuf *out, const char *bytes, size_t length, bool utf8)
{
	while (length) {
		uint32_t character = 0;
		size_t used = utf8_decode(bytes, length, &character);

		if (used && utf8_printable(character) && (utf8 || character < 0x80)) {
			/* A backslash of the name must not pass for one of ours. */
			if (character == '\\')
				strbuf_putc(out, '\\');
			strbuf_add(out, bytes, used);
		} else {
			used = used ? used : 1;
			for (size_t i = 0; i < used; i++)
				strbuf_printf(out, "\\x%02x", (uint8_t)bytes[i]);
		}
		bytes += used;
		length -= used;
	}
}

static void escape_json_ascii(struct strbuf *out, char byte)
{
	switch (byte) {
	case '"':
		strbuf_puts(out, "\\\"");
		break;
	case '\\':
		strbuf_puts(out, "\\\\");
		break;
	case '\n':
		strbuf_puts(out, "\\n");
		break;
	case '\t':
		strbuf_puts(out, "\\t");
		break;
	default:
		strbuf_printf(out, "\\u%04x", (uint8_t)byte);
	}
}

void escape_json(struct strbuf *out, const char *bytes, size_t length)
{
	size_t plain = 0; /* bytes that need nothing, added in one go */

	while (plain < length) {
		uint8_t byte = (uint8_t)bytes[plain];
		uint32_t character = 0;
		size_t used = 1;

		if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
			plain++;
			continue;
		}
		if (byte >= 0x80) {
			used = utf8_decode(bytes + plain, length - plain, &character);
			/* The C1 controls act on terminals that JSON is shown on. */
			if (used && character >= 0xa0) {
				plain += used;
				continue;
			}
		}
		strbuf_add(out, bytes, plain);
		if (byte < 0x80)
			escape_json_ascii(out, (char)byte);
		else if (used)
			strbuf_printf(out, "\\u%04x", character);
		else
			strbuf_puts(out, "\\ufffd");
		used = used ? used : 1;
		bytes += plain + used;
		length -= plain + used;
		plain = 0;
	}
	strbuf_add(out, bytes, plain);
}

/* Bytes of the longest start of text that takes at most `width` columns. */
static size_t prefix_bytes(const char *text, size_t width)
{
	size_t left = strlen(text), total = 0, columns = 0;

	while (left) {
		uint32_t character = 0;
		size_t used = utf8_decode(text + total, left, &character);

		used = used ? used : 1;
		columns += character_width(character);
		if (columns > width)
			break;
		total += used;
		left -= used;
	}
	return total;
}

void shorten_middle(struct strbuf *out, const char *text, size_t width, bool utf8)
{
	const char *ellipsis = utf8 ? "…" : "...";
	size_t total = utf8_width(text), dots = utf8_width(ellipsis), head, skip;

	if (total <= width) {
		strbuf_puts(out, text);
		return;
	}
	if (width <= dots) {
		strbuf_add(out, text, prefix_bytes(text, width));
		return;
	}
	/* The end of a path says more than its start. */
	head = (width - dots) / 3;
	skip = prefix_bytes(text, total - (width - dots - head));
	strbuf_add(out, text, prefix_bytes(text, head));
	strbuf_puts(out, ellipsis);
	while (utf8_width(text + skip) > width - dots - head)
		skip += prefix_bytes(text + skip, 2) ? prefix_bytes(text + skip, 1) : 1;
	strbuf_puts(out, text + skip);
}
