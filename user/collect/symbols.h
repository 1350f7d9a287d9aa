/* SPDX-License-Identifier: MIT */
/* Addresses of the kernel's symbols. */
#ifndef COLLECT_SYMBOLS_H
#define COLLECT_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

struct symbol {
	const char *name;
	uint64_t at; /* 0: hidden, or not there */
};

/* Looks all of @symbols up in one pass over /proc/kallsyms, which is long. */
void symbols_find(struct symbol *symbols, size_t nr);

#endif
