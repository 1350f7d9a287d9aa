/* SPDX-License-Identifier: MIT */
/* What findings are made of. */
#ifndef MODEL_FINDINGS_H
#define MODEL_FINDINGS_H

#include <string.h>

#include "model/report.h"

/* Of one transfer or report, until they are copied to the arena. */
struct list {
	struct finding findings[FINDINGS_MAX];
	size_t count;
};

static inline void add(struct list *list, const char *code, bool obvious, const char *text)
{
	/* More than all there are: a recording from elsewhere has no more either. */
	if (list->count < FINDINGS_MAX)
		list->findings[list->count++] = (struct finding){ code, text, obvious };
}

static inline bool has_hop(const struct transfer *transfer, enum cs_hop id)
{
	return transfer_hop_bytes(transfer, id) != 0;
}

static inline bool is(const struct report_endpoint *endpoint, enum cs_kind kind)
{
	return endpoint->known && endpoint->resolved && endpoint->kind == kind;
}

static inline bool is_socket(const struct report_endpoint *endpoint)
{
	return is(endpoint, CS_KIND_TCP) || is(endpoint, CS_KIND_UDP) || is(endpoint, CS_KIND_UNIX);
}

static inline bool has_call(const struct transfer *transfer, const char *name)
{
	for (size_t i = 0; i < transfer->nr_calls; i++)
		if (!strcmp(transfer->calls[i].name, name))
			return true;
	return false;
}

/* Which way its bytes went, and which would take fewer copies. */
void advise(struct list *list, const struct transfer *transfer);

#endif
