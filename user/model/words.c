// SPDX-License-Identifier: MIT
#include "model/report.h"

struct hop_shape {
	enum cs_place from, to;
	enum cs_how how;
};

static const struct hop_shape shapes[CS_HOP_MAX] = {
#define SHAPE(name, from, to, how) [CS_##name] = { CS_PLACE_##from, CS_PLACE_##to, CS_##how },
	CS_HOPS(SHAPE)
#undef SHAPE
};

enum cs_place hop_from(enum cs_hop id)
{
	return shapes[id].from;
}

enum cs_place hop_to(enum cs_hop id)
{
	return shapes[id].to;
}

enum cs_how hop_how(enum cs_hop id)
{
	return shapes[id].how;
}

bool hop_is_direct(enum cs_hop id)
{
	return id == CS_DISK_TO_USER || id == CS_USER_TO_DISK || id == CS_MAPPING_TO_DISK ||
	       id == CS_DISK_TO_PIPE || id == CS_PIPE_TO_DISK || id == CS_BOUNCE_TO_DISK ||
	       id == CS_DISK_TO_BOUNCE;
}

bool hop_passes_on(enum cs_hop id)
{
	if (hop_from(id) == CS_PLACE_SOCKET_BUFFER && hop_to(id) == CS_PLACE_SOCKET_BUFFER)
		return false;
	return hop_how(id) != CS_DIRTY && (hop_how(id) != CS_DMA || hop_is_direct(id));
}

/*
 * Bytes come from a device, rest in the page cache or a socket, pass through
 * the process or a pipe, reach their destination, and leave by a device.
 */
unsigned int hop_rank(enum cs_hop id)
{
	enum cs_place from = hop_from(id), to = hop_to(id);

	if (from == CS_PLACE_DISK)
		return 0;
	if (to == CS_PLACE_DISK || to == CS_PLACE_NIC)
		return HOP_RANK_MAX;
	if (id == CS_SOCKET_TO_SOCKET || id == CS_SOCKET_ENCRYPTED)
		return 8;
	if (id == CS_SOCKET_GATHERED)
		return 1;
	if (to == CS_PLACE_MAPPING || id == CS_SOCKET_DECRYPTED)
		return 2;
	if (to == CS_PLACE_USER_BUFFER || to == CS_PLACE_ANON_MEMORY)
		return id == CS_USER_TO_USER ? 4 : 3;
	if (to == CS_PLACE_PIPE_BUFFER)
		return from == CS_PLACE_PIPE_BUFFER ? 6 : 5;
	return 7;
}

const char *kind_word(enum cs_kind kind)
{
	static const char *const words[CS_KIND_MAX] = {
		[CS_KIND_MEMORY] = "memory", [CS_KIND_FILE] = "file",	[CS_KIND_TCP] = "tcp",
		[CS_KIND_UDP] = "udp",	     [CS_KIND_UNIX] = "unix",	[CS_KIND_PIPE] = "pipe",
		[CS_KIND_DEVICE] = "device", [CS_KIND_OTHER] = "other",
	};

	return words[kind];
}

const char *place_word(enum cs_place place)
{
	static const char *const words[CS_PLACE_MAX] = {
		[CS_PLACE_DISK] = "disk",
		[CS_PLACE_PAGE_CACHE] = "page_cache",
		[CS_PLACE_USER_BUFFER] = "user_buffer",
		[CS_PLACE_MAPPING] = "mapping",
		[CS_PLACE_ANON_MEMORY] = "anon_memory",
		[CS_PLACE_PIPE_BUFFER] = "pipe_buffer",
		[CS_PLACE_SOCKET_BUFFER] = "socket_buffer",
		[CS_PLACE_NIC] = "nic",
		[CS_PLACE_PEER] = "peer",
		[CS_PLACE_DEVICE] = "device",
		[CS_PLACE_BOUNCE_BUFFER] = "bounce_buffer",
	};

	return words[place];
}

const char *how_word(enum cs_how how)
{
	static const char *const words[CS_HOW_MAX] = {
		[CS_COPY] = "copy", [CS_REFERENCE] = "reference", [CS_MAP] = "map",
		[CS_DMA] = "dma",   [CS_TRANSFORM] = "transform", [CS_DIRTY] = "dirty",
	};

	return words[how];
}

const char *provenance_word(enum provenance provenance)
{
	switch (provenance) {
	case PROVENANCE_DERIVED:
		return "derived";
	case PROVENANCE_READ:
		return "read";
	case PROVENANCE_MEASURED:
		return "measured";
	default:
		return "unknown";
	}
}

const char *verdict_word(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_COPIED:
		return "copied";
	case VERDICT_MIXED:
		return "mixed";
	case VERDICT_ZERO_COPY:
		return "zero-copy";
	default:
		return "unknown";
	}
}
