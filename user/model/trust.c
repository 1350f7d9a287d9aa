// SPDX-License-Identifier: MIT
#include "abi/settings.h"
#include "model/trust.h"

static bool is_of_process(enum cs_place place)
{
	return place == CS_PLACE_USER_BUFFER || place == CS_PLACE_MAPPING;
}

static int socket_family(enum cs_kind kind)
{
	switch (kind) {
	case CS_KIND_TCP:
		return CS_FAMILY_TCP;
	case CS_KIND_UDP:
		return CS_FAMILY_UDP;
	case CS_KIND_UNIX:
		return CS_FAMILY_UNIX;
	default:
		return -1;
	}
}

int hop_family(const struct transfer *transfer, enum cs_hop hop)
{
	enum cs_place from = hop_from(hop), to = hop_to(hop);
	bool reads = is_of_process(to);
	enum cs_place place = reads ? from : to;
	enum cs_how how = hop_how(hop);

	if (how != CS_COPY && how != CS_REFERENCE)
		return -1;
	/* What is said of neither end being a buffer is said by splices, and by the network. */
	if (!is_of_process(from) && !is_of_process(to))
		return hop == CS_SOCKET_TO_SOCKET || hop == CS_SOCKET_GATHERED ||
				       from == CS_PLACE_ANON_MEMORY || to == CS_PLACE_ANON_MEMORY ?
			       -1 :
			       CS_FAMILY_SPLICE;
	switch (place) {
	case CS_PLACE_PAGE_CACHE:
		return reads ? CS_FAMILY_FILE_READ : CS_FAMILY_FILE_WRITE;
	case CS_PLACE_SOCKET_BUFFER:
		return socket_family(reads ? transfer->from->kind : transfer->to->kind);
	case CS_PLACE_PIPE_BUFFER:
		return CS_FAMILY_PIPE;
	default:
		return -1;
	}
}

bool hop_failed(const struct recording *recording, const struct transfer *transfer, enum cs_hop hop)
{
	int family = hop_family(transfer, hop);

	return family >= 0 && (size_t)family < recording->nr_hooks &&
	       recording->hooks[family].failed;
}
