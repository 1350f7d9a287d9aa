// SPDX-License-Identifier: MIT
#include "util/utf8.h"

#include <string.h>
#include <utf8proc.h>

size_t utf8_decode(const char *bytes, size_t length, uint32_t *ret)
{
	utf8proc_int32_t character = 0;
	utf8proc_ssize_t used;

	if (!length)
		return 0;
	used = utf8proc_iterate((const uint8_t *)bytes, (utf8proc_ssize_t)length, &character);
	if (used <= 0)
		return 0;
	*ret = (uint32_t)character;
	return (size_t)used;
}

bool utf8_printable(uint32_t character)
{
	if (character < 0x7f)
		return character >= 0x20;
	/* Fillers and variation selectors are letters and marks that draw nothing. */
	if (utf8proc_get_property((utf8proc_int32_t)character)->ignorable)
		return false;
	switch (utf8proc_category((utf8proc_int32_t)character)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF: /* reorders or joins what is around it */
	case UTF8PROC_CATEGORY_CN: /* unassigned: a terminal may know more than the library */
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return false;
	default:
		return true;
	}
}

static size_t character_width(uint32_t character)
{
	return character < 0x7f ? 1 : (size_t)utf8proc_charwidth((utf8proc_int32_t)character);
}

/* Bytes of the first character, and its columns; what is no UTF-8 goes byte by byte. */
static size_t first_character(const char *text, size_t length, size_t *ret_width)
{
	uint32_t character = 0;
	size_t bytes = utf8_decode(text, length, &character);

	*ret_width = bytes ? character_width(character) : 1;
	return bytes ? bytes : 1;
}

size_t utf8_width(const char *text)
{
	size_t left = strlen(text), total = 0;

	while (left) {
		size_t width, bytes = first_character(text, left, &width);

		total += width;
		text += bytes;
		left -= bytes;
	}
	return total;
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

/* Bytes of the longest start of text that takes at most `columns` columns. */
static size_t prefix_bytes(const char *text, size_t columns)
{
	size_t length = strlen(text), total = 0;

	while (total < length) {
		size_t width, bytes = first_character(text + total, length - total, &width);

		if (width > columns)
			break;
		columns -= width;
		total += bytes;
	}
	return total;
}

/* The longest end of text that takes at most `columns` of its `total` columns. */
static const char *suffix(const char *text, size_t total, size_t columns)
{
	size_t left = strlen(text);

	while (left) {
		size_t width, bytes = first_character(text, left, &width);

		/* Marks belong to the character before them, which is left out. */
		if (total <= columns && width)
			break;
		total -= width;
		text += bytes;
		left -= bytes;
	}
	return text;
}

void shorten_middle(struct strbuf *out, const char *text, size_t width, bool utf8)
{
	const char *ellipsis = utf8 ? "…" : "...";
	size_t total = utf8_width(text), dots = utf8_width(ellipsis), head;

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
	strbuf_add(out, text, prefix_bytes(text, head));
	strbuf_puts(out, ellipsis);
	strbuf_puts(out, suffix(text, total, width - dots - head));
}
