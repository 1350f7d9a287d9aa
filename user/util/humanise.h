/* SPDX-License-Identifier: MIT */
/* Numbers for people. */
#ifndef UTIL_HUMANISE_H
#define UTIL_HUMANISE_H

#include <stdint.h>

#include "util/strbuf.h"

void humanise_bytes(struct strbuf *out, uint64_t bytes); /* 512 B, 64.0 KiB, 1.00 GiB */
void humanise_count(struct strbuf *out, uint64_t count); /* 1 024 */

#endif
