/* SPDX-License-Identifier: MIT */
/* A string that grows; always ended by a NUL once something was added. */
#ifndef UTIL_STRBUF_H
#define UTIL_STRBUF_H

#include <stddef.h>
#include <stdint.h>

struct strbuf {
	char *text;
	size_t length;
	size_t capacity;
};

void strbuf_add(struct strbuf *buffer, const void *bytes, size_t length);
void strbuf_puts(struct strbuf *buffer, const char *text);
void strbuf_putc(struct strbuf *buffer, char byte);
void strbuf_repeat(struct strbuf *buffer, const char *text, size_t times);
void strbuf_number(struct strbuf *buffer, uint64_t number);
void strbuf_printf(struct strbuf *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
const char *strbuf_text(const struct strbuf *buffer); /* never NULL */
void strbuf_reset(struct strbuf *buffer); /* empty, keeps its memory */
void strbuf_release(struct strbuf *buffer);

#define _cleanup_strbuf_ __attribute__((__cleanup__(strbuf_release)))

#endif
