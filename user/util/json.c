// SPDX-License-Identifier: MIT
#include "util/json.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "util/utf8.h"

#define FLUSH_BYTES ((size_t)64 * 1024)

static void flush(struct json *json)
{
	/* stdio remembers a failure for json_end(). */
	fwrite(strbuf_text(&json->buffer), 1, json->buffer.length, json->out);
	strbuf_reset(&json->buffer);
}

void json_begin(struct json *json, FILE *out)
{
	*json = (struct json){ .out = out };
}

int json_end(struct json *json)
{
	strbuf_putc(&json->buffer, '\n');
	flush(json);
	strbuf_release(&json->buffer);
	fflush(json->out);
	return ferror(json->out) ? -EIO : 0;
}

/* Where every value begins. */
static void begin_value(struct json *json, const char *key)
{
	if (json->buffer.length >= FLUSH_BYTES)
		flush(json);
	if (json->comma)
		strbuf_puts(&json->buffer, ", ");
	json->comma = true;
	if (!key)
		return;
	strbuf_putc(&json->buffer, '"');
	escape_json(&json->buffer, key, strlen(key));
	strbuf_puts(&json->buffer, "\": ");
}

void json_open(struct json *json, const char *key, char bracket)
{
	begin_value(json, key);
	strbuf_putc(&json->buffer, bracket);
	json->comma = false;
}

void json_close(struct json *json, char bracket)
{
	strbuf_putc(&json->buffer, bracket);
	json->comma = true;
}

void json_newline(struct json *json)
{
	strbuf_puts(&json->buffer, json->comma ? ",\n" : "\n");
	json->comma = false;
}

void json_string(struct json *json, const char *key, const char *value)
{
	if (!value) {
		json_null(json, key);
		return;
	}
	begin_value(json, key);
	strbuf_putc(&json->buffer, '"');
	escape_json(&json->buffer, value, strlen(value));
	strbuf_putc(&json->buffer, '"');
}

void json_number(struct json *json, const char *key, uint64_t value)
{
	begin_value(json, key);
	strbuf_number(&json->buffer, value);
}

void json_known(struct json *json, const char *key, uint64_t value)
{
	if (value == UINT64_MAX)
		json_null(json, key);
	else
		json_number(json, key, value);
}

void json_device(struct json *json, const char *key, uint32_t major, uint32_t minor)
{
	char text[24];

	snprintf(text, sizeof(text), "%u:%u", major, minor);
	json_string(json, key, text);
}

void json_real(struct json *json, const char *key, double value)
{
	char text[40], *comma;

	if (!isfinite(value)) {
		json_null(json, key);
		return;
	}
	begin_value(json, key);
	/* Whole numbers stay recognisable as reals; locales may bring a comma. */
	snprintf(text, sizeof(text), value == floor(value) ? "%.1f" : "%.9g", value);
	comma = strchr(text, ',');
	if (comma)
		*comma = '.';
	strbuf_puts(&json->buffer, text);
}

void json_bool(struct json *json, const char *key, bool value)
{
	begin_value(json, key);
	strbuf_puts(&json->buffer, value ? "true" : "false");
}

void json_null(struct json *json, const char *key)
{
	begin_value(json, key);
	strbuf_puts(&json->buffer, "null");
}
