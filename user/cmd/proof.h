/* SPDX-License-Identifier: MIT */
/* What the self-check found on this kernel, kept for the next run. */
#ifndef CMD_PROOF_H
#define CMD_PROOF_H

#include "cmd/selfcheck.h"

/*
 * Fills in what was found on this build of the kernel, by these programs and this tier.
 * Runs the self-check if that was never done, which takes as long as a start, and keeps
 * its result if it could be told.  Returns false if nothing is known, after one line.
 */
bool proof_get(enum tier tier, struct selfcheck *found);

/* Keeps @found in place of what was found before; false, without a word, if that fails. */
bool proof_keep(enum tier tier, const struct selfcheck *found);

/* The file that holds it; returns false if there is no folder for it. */
bool proof_path(enum tier tier, char *path, size_t size);

#endif
