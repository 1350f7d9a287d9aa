/* SPDX-License-Identifier: MIT */
/* What a fuzzer's bytes are turned into. */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "render/renderer.h"
#include "util/memory.h"

/* Bytes that are taken from the front; behind the last one are zeroes. */
struct input {
	const uint8_t *bytes;
	size_t left;
	struct arena strings; /* of input_text() */
};

uint8_t input_byte(struct input *input);
uint32_t input_u32(struct input *input);
/* Small numbers, numbers near powers of two, and any number: two to nine bytes. */
uint64_t input_number(struct input *input);
/* An index below @count as a rule, and anything else now and then. */
uint32_t input_index(struct input *input, uint32_t count);
void input_copy(struct input *input, void *to, size_t bytes);
/* At most 255 bytes without a NUL, one NUL behind them; NULL now and then. */
const char *input_text(struct input *input);
const char *input_some_text(struct input *input); /* never NULL */
struct render_options input_options(struct input *input);

/* Where renderers write to: aborts if the text would act on a terminal or is no UTF-8. */
struct output {
	FILE *file;
	char *text;
	size_t length;
};

void output_begin(struct output *output);
/* @options: NULL for JSON and CSV, which may not hold an escape sequence either. */
void output_end(struct output *output, const struct render_options *options);

void fuzz_path(struct input *input);
void fuzz_pages(struct input *input);
void fuzz_fds(struct input *input);
void fuzz_strings(struct input *input);

#endif
