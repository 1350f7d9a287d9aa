// SPDX-License-Identifier: MIT
/*
 * The pure half against hostile input, for libFuzzer: recordings, descriptors,
 * page caches and strings go through the model and every renderer.
 */
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static void (*const targets[])(struct input *) = {
		fuzz_path,
		fuzz_pages,
		fuzz_fds,
		fuzz_strings,
	};
	struct input input = { .bytes = bytes, .left = length };

	targets[input_byte(&input) % (sizeof(targets) / sizeof(targets[0]))](&input);
	arena_free(&input.strings);
	return 0;
}
