/* SPDX-License-Identifier: MIT */
/*
 * Bytes that others chose (paths, program names) made safe to show: for a
 * terminal, where they must not act, and for JSON, where they must be UTF-8.
 */
#ifndef UTIL_UTF8_H
#define UTIL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/strbuf.h"

/*
 * Decode one character of well-formed UTF-8.  Returns its bytes, or 0 when the
 * first byte belongs to none (surrogates and overlong forms are none).
 */
size_t utf8_decode(const char *bytes, size_t length, uint32_t *ret);

/* Whether a terminal shows it as it is and nothing else happens. */
bool utf8_printable(uint32_t character);

/* Columns a printable string takes on a terminal. */
size_t utf8_width(const char *text);

/*
 * Control characters, what reorders text, and what is no UTF-8 become \xNN;
 * so does everything beyond ASCII when the terminal is not UTF-8.
 */
void escape_terminal(struct strbuf *out, const char *bytes, size_t length, bool utf8);

/* Inside a JSON string, without the quotes: no UTF-8 becomes U+FFFD. */
void escape_json(struct strbuf *out, const char *bytes, size_t length);

/* Cut printable text to a width: an ellipsis goes where the middle was. */
void shorten_middle(struct strbuf *out, const char *text, size_t width, bool utf8);

#endif
