/* SPDX-License-Identifier: MIT */
/* What the golden tests share. */
#ifndef TESTS_GOLDEN_COMPARE_H
#define TESTS_GOLDEN_COMPARE_H

#include "render/renderer.h"

/* Compares with the file, or rewrites it; returns 0 when they are the same. */
int golden_check(const char *path, const char *text, size_t length, bool update);

/* Whatever the names are: nothing acts on the terminal, no line is too long. */
int golden_check_lines(const char *path, const char *text, const struct render_options *look);

#endif
