/* SPDX-License-Identifier: MIT */
/* Compares what a program was written for with the routine that the kernel has. */
#ifndef COLLECT_PROTOTYPE_H
#define COLLECT_PROTOTYPE_H

#include <bpf/btf.h>
#include <stdbool.h>

/*
 * Is the prototype of @type in @btf, a routine's BTF_KIND_FUNC or the typedef of a
 * tracepoint, as @wanted has it?  The grammar of @wanted is
 *
 *	[RESULT] (ARGUMENT, ARGUMENT, ...)
 *
 * where RESULT is left out if the program does not look at it.  RESULT and ARGUMENT are
 * a number of bytes (no hook can be where a struct has none), "*" for any pointer, or "NAME *" for one to the struct or typedef
 * NAME, to const ones as well.  "..." stands for any further arguments; without it
 * there must be no more.  The first argument of a tracepoint's typedef is its own.
 */
bool prototype_fits(const struct btf *btf, __u32 type, const char *wanted);

#endif
