/* SPDX-License-Identifier: MIT */
#ifndef MODEL_VERDICT_H
#define MODEL_VERDICT_H

#include "model/report.h"

/*
 * Of a transfer that is finished but for its verdict, findings and share.
 * @skipped_runs: of hooks that may have told of it.
 */
enum verdict judge(const struct transfer *transfer, uint64_t skipped_runs);

/*
 * The part of the delivered bytes that was copied at one step of their way or at
 * more, from 0 to 1; NAN where the verdict is unknown.  Where two steps copied a
 * part each, the parts are taken to be independent of each other.
 */
double copied_share(const struct transfer *transfer);

#endif
