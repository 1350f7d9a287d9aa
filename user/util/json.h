/* SPDX-License-Identifier: MIT */
/* Writes JSON as it goes: does the commas and the escapes, builds no tree. */
#ifndef UTIL_JSON_H
#define UTIL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "util/strbuf.h"

struct json {
	FILE *out;
	struct strbuf buffer;
	bool comma; /* the next value is not the first of its parent */
};

void json_begin(struct json *json, FILE *out);

/* Writes out the rest: 0, or -EIO when anything could not be written. */
int json_end(struct json *json);

/* A key of NULL is for elements of arrays and for the outermost value. */
void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);
void json_newline(struct json *json); /* before the next value */
void json_string(struct json *json, const char *key, const char *value); /* or null */
void json_number(struct json *json, const char *key, uint64_t value);
void json_known(struct json *json, const char *key, uint64_t value); /* UINT64_MAX: null */
void json_device(struct json *json, const char *key, uint32_t major, uint32_t minor);
void json_real(struct json *json, const char *key, double value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

#endif
