// SPDX-License-Identifier: MIT
#include "util/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/memory.h"

static void make_room(struct strbuf *buffer, size_t length)
{
	buffer->text = grow(buffer->text, &buffer->capacity, buffer->length + length + 1, 1);
}

void strbuf_add(struct strbuf *buffer, const void *bytes, size_t length)
{
	make_room(buffer, length);
	memcpy(buffer->text + buffer->length, bytes, length);
	buffer->length += length;
	buffer->text[buffer->length] = '\0';
}

void strbuf_puts(struct strbuf *buffer, const char *text)
{
	strbuf_add(buffer, text, strlen(text));
}

void strbuf_putc(struct strbuf *buffer, char byte)
{
	strbuf_add(buffer, &byte, 1);
}

void strbuf_repeat(struct strbuf *buffer, const char *text, size_t times)
{
	while (times--)
		strbuf_puts(buffer, text);
}

void strbuf_number(struct strbuf *buffer, uint64_t number)
{
	char digits[20];
	size_t start = sizeof(digits);

	do {
		digits[--start] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	strbuf_add(buffer, digits + start, sizeof(digits) - start);
}

void strbuf_printf(struct strbuf *buffer, const char *format, ...)
{
	va_list args, again;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	make_room(buffer, (size_t)length);
	vsnprintf(buffer->text + buffer->length, (size_t)length + 1, format, again);
	buffer->length += (size_t)length;
	va_end(again);
	va_end(args);
}

const char *strbuf_text(const struct strbuf *buffer)
{
	return buffer->text ? buffer->text : "";
}

void strbuf_reset(struct strbuf *buffer)
{
	buffer->length = 0;
	if (buffer->text)
		buffer->text[0] = '\0';
}

void strbuf_release(struct strbuf *buffer)
{
	free(buffer->text);
	*buffer = (struct strbuf){ 0 };
}
