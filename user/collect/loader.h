/* SPDX-License-Identifier: MIT */
/*
 * Loads programs one by one.  libbpf (up to 1.7 at least) gives up an object at the first
 * program that the kernel refuses, and to begin anew for each takes seconds.  So libbpf
 * opens the object, makes the maps and relocates the programs; as it is about to load one,
 * its instructions are kept here, and it is given a program that does nothing instead.
 * What was kept is loaded when it is wanted, and takes the descriptor's place.
 */
#ifndef COLLECT_LOADER_H
#define COLLECT_LOADER_H

#include <bpf/libbpf.h>
#include <stdbool.h>

#include "collect/targets.h"

struct loader;

/*
 * Keeps the programs of the table that libbpf loads from now on, of objects that are opened
 * from now on; @targets must live as long.  Returns 0 and *@ret, or a negative errno.
 */
int loader_new(const struct target *targets, struct loader **ret);
/* libbpf keeps nothing of it: the object may stay open. */
void loader_free(struct loader *loader);

/*
 * Loads @program of row @row.  Returns 0, or a negative errno; then *@reason is one line
 * of the verifier's, for free(), or NULL where it said nothing.  @verbose: all that it
 * says goes to stderr.
 */
int loader_load(struct loader *loader, size_t row, struct bpf_program *program, bool verbose,
		char **reason);

#endif
