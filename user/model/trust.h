/* SPDX-License-Identifier: MIT */
/* Whether the self-check found a family of hooks to count right on this kernel. */
#ifndef MODEL_TRUST_H
#define MODEL_TRUST_H

#include "model/report.h"

/* The family of hooks (enum cs_family) that counted @hop of @transfer, or -1: no family did. */
int hop_family(const struct transfer *transfer, enum cs_hop hop);

/* Did it count wrong in the self-check? */
bool hop_failed(const struct recording *recording, const struct transfer *transfer,
		enum cs_hop hop);

#endif
