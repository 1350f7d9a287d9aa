// SPDX-License-Identifier: MIT
#include "util/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK_BYTES ((size_t)64 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t bytes;
	max_align_t data[];
};

static void *checked(void *pointer)
{
	if (!pointer)
		abort();
	return pointer;
}

void *zalloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size));
}

void *grow(void *array, size_t *capacity, size_t needed, size_t size)
{
	size_t wanted = *capacity ? *capacity : 16;

	if (needed <= *capacity)
		return array;
	while (wanted < needed)
		wanted += wanted / 2;
	*capacity = wanted;
	return checked(reallocarray(array, wanted, size));
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	struct arena_block *block = arena->blocks;
	size_t rounded = (bytes + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	size_t room;
	char *start;

	if (!block || block->bytes - arena->used < rounded) {
		room = rounded > ARENA_BLOCK_BYTES ? rounded : ARENA_BLOCK_BYTES;
		block = checked(calloc(1, sizeof(*block) + room));
		block->next = arena->blocks;
		block->bytes = room;
		arena->blocks = block;
		arena->used = 0;
	}
	start = (char *)block->data + arena->used;
	arena->used += rounded;
	return start;
}

char *arena_copy(struct arena *arena, const char *bytes, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	memcpy(copy, bytes, length);
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	char *text;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	text = arena_alloc(arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}

void arena_free(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	while (block) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
	arena->blocks = NULL;
	arena->used = 0;
}
