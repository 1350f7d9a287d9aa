/* SPDX-License-Identifier: MIT */
/* Which capabilities tracing needs, and which are missing. */
#ifndef COLLECT_PRIVILEGE_H
#define COLLECT_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>

bool privilege_suffices(void);

/* One line: what is missing, how to get it. */
void privilege_explain(char *why, size_t size);

#endif
