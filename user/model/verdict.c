// SPDX-License-Identifier: MIT
/*
 * What a transfer is called: zero-copy, mixed, copied or unknown.  And how much
 * of it was copied, followed through the places that its bytes passed.
 */
#include "model/verdict.h"

#include <math.h>

static bool is_pinned(const struct transfer *transfer)
{
	return transfer_hop_bytes(transfer, CS_USER_PINNED_BY_SOCKET) ||
	       transfer_hop_bytes(transfer, CS_MAPPING_PINNED_BY_SOCKET);
}

/* Bytes at one place, and how many of them the CPU did not copy on their way there. */
struct stand {
	double bytes, untouched;
};

/* Where the bytes of an endpoint are before they are moved. */
static bool starts_at(const struct report_endpoint *endpoint, enum cs_place place)
{
	switch (endpoint->kind) {
	case CS_KIND_FILE:
		return place == CS_PLACE_DISK || place == CS_PLACE_PAGE_CACHE;
	case CS_KIND_TCP:
	case CS_KIND_UDP:
	case CS_KIND_UNIX:
		return place == CS_PLACE_SOCKET_BUFFER;
	case CS_KIND_PIPE:
		return place == CS_PLACE_PIPE_BUFFER;
	case CS_KIND_DEVICE:
		return place == CS_PLACE_DEVICE || place == CS_PLACE_DISK ||
		       place == CS_PLACE_PAGE_CACHE;
	case CS_KIND_MEMORY:
		return place == CS_PLACE_USER_BUFFER || place == CS_PLACE_MAPPING;
	default:
		return false;
	}
}

/* Hops that give no byte to the destination: memory that may be looked at, or is made private. */
static bool only_prepares(enum cs_hop id)
{
	return id == CS_CACHE_TO_MAPPING || id == CS_CACHE_TO_ANON || id == CS_ANON_TO_ANON;
}

static bool is_end(const struct report_endpoint *endpoint, enum cs_hop id)
{
	enum cs_place to = hop_to(id);

	switch (endpoint->kind) {
	case CS_KIND_FILE:
		return to == CS_PLACE_DISK || to == CS_PLACE_PAGE_CACHE;
	case CS_KIND_MEMORY:
		return !only_prepares(id) && (to == CS_PLACE_USER_BUFFER || to == CS_PLACE_MAPPING);
	case CS_KIND_DEVICE:
		return to == CS_PLACE_DEVICE || to == CS_PLACE_DISK || to == CS_PLACE_PAGE_CACHE;
	default:
		return starts_at(endpoint, to);
	}
}

/* The part of what lies at the place that such a hop finds untouched. */
static double untouched_part(const struct transfer *transfer, const struct stand *stands,
			     enum cs_hop id)
{
	const struct stand *stand = &stands[hop_from(id)];

	if (!stand->bytes ||
	    (hop_from(id) == hop_to(id) && starts_at(transfer->from, hop_from(id))))
		return 1;
	return stand->untouched / stand->bytes;
}

/* The part of the delivered bytes that a copy beside their way leaves untouched. */
static double spared(const struct transfer *transfer, enum cs_hop id)
{
	double copied = (double)transfer_hop_bytes(transfer, id);
	double delivered = (double)transfer->delivered_bytes;

	return copied < delivered ? 1 - copied / delivered : 0;
}

/*
 * What reached the destination.  The hops are in the order of the path, so what
 * comes to a place is known before anything leaves it.
 */
static struct stand follow(const struct transfer *transfer)
{
	struct stand stands[CS_PLACE_MAX] = { 0 }, end = { 0 };

	for (size_t i = 0; i < transfer->nr_hops; i++) {
		enum cs_hop id = transfer->hops[i].id;
		double bytes = (double)transfer->hops[i].bytes, untouched = 0;

		if (!hop_passes_on(id))
			continue;
		if (hop_how(id) != CS_COPY)
			untouched = bytes * untouched_part(transfer, stands, id);
		if (is_end(transfer->to, id)) {
			end.bytes += bytes;
			end.untouched += untouched;
		}
		stands[hop_to(id)].bytes += bytes;
		stands[hop_to(id)].untouched += untouched;
	}
	end.untouched *= spared(transfer, CS_SOCKET_TO_SOCKET);
	end.untouched *= spared(transfer, CS_SOCKET_GATHERED);
	return end;
}

double copied_share(const struct transfer *transfer)
{
	struct stand end;

	switch (transfer->verdict) {
	case VERDICT_ZERO_COPY:
		return 0;
	case VERDICT_COPIED:
		return 1;
	case VERDICT_MIXED:
		end = follow(transfer);
		return 1 - end.untouched / end.bytes;
	default:
		return NAN;
	}
}

/* Nothing that hooks or the tables did not see can have been a copy of these bytes. */
static bool all_was_seen(const struct transfer *transfer, uint64_t skipped_runs)
{
	uint64_t passed_on = 0;

	if (!transfer->delivered_bytes || transfer->provenance != PROVENANCE_MEASURED)
		return false;
	/* What other processes lost is no part of it, nor are those and ends without an entry. */
	if (transfer->process->lost || skipped_runs)
		return false;
	/* Some of what was copied unseen may have been this. */
	if (transfer->process->audit.unattributed)
		return false;
	/* What the socket does later with pinned pages (MSG_ZEROCOPY) may be unseen. */
	if (is_pinned(transfer) && !transfer->followed)
		return false;
	if (transfer->unseen_tls)
		return false;
	/* It may be from where a read had to copy it. */
	if (transfer->nr_may_be_from)
		return false;
	if (!transfer->from->known || !transfer->from->resolved || !transfer->to->known)
		return false;
	/* Bytes that were delivered while no hook saw how may have been copied. */
	for (size_t i = 0; i < transfer->nr_hops; i++)
		if (hop_passes_on(transfer->hops[i].id))
			passed_on += transfer->hops[i].bytes;
	return passed_on >= transfer->delivered_bytes;
}

enum verdict judge(const struct transfer *transfer, uint64_t skipped_runs)
{
	struct stand end;

	/* Whose link was lost: what was copied before is not known. */
	if (transfer->from->known && !transfer->from->resolved)
		return VERDICT_UNKNOWN;
	if (!transfer->cpu_copied_bytes)
		return all_was_seen(transfer, skipped_runs) ? VERDICT_ZERO_COPY : VERDICT_UNKNOWN;
	end = follow(transfer);
	/* Whatever was lost would be further bytes: all of these were copied. */
	if (end.untouched <= 0)
		return VERDICT_COPIED;
	if (end.bytes < (double)transfer->delivered_bytes)
		return VERDICT_UNKNOWN;
	return all_was_seen(transfer, skipped_runs) ? VERDICT_MIXED : VERDICT_UNKNOWN;
}
