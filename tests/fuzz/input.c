// SPDX-License-Identifier: MIT
#include "tests/fuzz/input.h"

#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

uint8_t input_byte(struct input *input)
{
	if (!input->left)
		return 0;
	input->left--;
	return *input->bytes++;
}

uint32_t input_u32(struct input *input)
{
	uint32_t number = 0;

	input_copy(input, &number, sizeof(number));
	return number;
}

uint64_t input_number(struct input *input)
{
	uint8_t how = input_byte(input);
	uint64_t number = 0;

	switch (how & 3) {
	case 0:
		return how >> 2;
	case 1:
		return (uint64_t)input_byte(input) << (how >> 2);
	case 2:
		return ((uint64_t)1 << (how >> 2)) - 1 + input_byte(input) % 3;
	default:
		input_copy(input, &number, sizeof(number));
		return number;
	}
}

uint32_t input_index(struct input *input, uint32_t count)
{
	uint8_t byte = input_byte(input);

	if (byte == 255)
		return input_u32(input);
	return count ? byte % count : byte;
}

void input_copy(struct input *input, void *to, size_t bytes)
{
	size_t there = bytes < input->left ? bytes : input->left;

	memset(to, 0, bytes);
	if (there)
		memcpy(to, input->bytes, there);
	input->bytes += there;
	input->left -= there;
}

const char *input_some_text(struct input *input)
{
	size_t length = input_byte(input);
	char *text;

	length = length < input->left ? length : input->left;
	text = arena_copy(&input->strings, length ? (const char *)input->bytes : "", length);
	input->bytes += length;
	input->left -= length;
	return text;
}

const char *input_text(struct input *input)
{
	return input_byte(input) % 8 ? input_some_text(input) : NULL;
}

struct render_options input_options(struct input *input)
{
	uint8_t flags = input_byte(input);

	return (struct render_options){
		.width = input_byte(input),
		.utf8 = flags & 1,
		.colour = flags & 2,
		.verbose = flags & 4,
	};
}

void output_begin(struct output *output)
{
	output->file = open_memstream(&output->text, &output->length);
	if (!output->file)
		abort();
}

/* Bytes of a colour, which only this tool writes: ESC [ digits m. */
static size_t colour_bytes(const char *text)
{
	size_t digits;

	if (text[0] != '\033' || text[1] != '[')
		return 0;
	digits = strspn(text + 2, "0123456789;");
	return text[2 + digits] == 'm' ? digits + 3 : 0;
}

void output_end(struct output *output, const struct render_options *options)
{
	const char *at;

	fclose(output->file);
	for (at = output->text; *at;) {
		uint32_t character = 0;
		size_t used = utf8_decode(at, strlen(at) < 4 ? strlen(at) : 4, &character);

		if (options && options->colour && colour_bytes(at)) {
			at += colour_bytes(at);
			continue;
		}
		if (!used || (character < ' ' && character != '\n') || character == 0x7f ||
		    (character >= 0x80 && character < 0xa0) ||
		    (options && !options->utf8 && character >= 0x80)) {
			fprintf(stderr, "this is not for a terminal, at %zd:\n%s\n",
				at - output->text, output->text);
			abort();
		}
		at += used;
	}
	if (at != output->text + output->length)
		abort();
	free(output->text);
}
