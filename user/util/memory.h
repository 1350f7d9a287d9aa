/* SPDX-License-Identifier: MIT */
/*
 * Memory that is there or ends the program: a tracer that runs out of memory
 * has nothing sensible left to say.
 */
#ifndef UTIL_MEMORY_H
#define UTIL_MEMORY_H

#include <stddef.h>

void *zalloc(size_t count, size_t size);

/* Make room for `needed` elements, more than asked to keep growing cheap. */
void *grow(void *array, size_t *capacity, size_t needed, size_t size);

/* Many small things that are freed together. */
struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used; /* in the newest block */
};

void *arena_alloc(struct arena *arena, size_t bytes); /* zeroed */
char *arena_copy(struct arena *arena, const char *bytes, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void arena_free(struct arena *arena);

#endif
