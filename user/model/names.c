// SPDX-License-Identifier: MIT
#include "model/names.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

static const struct cs_endpoint *find(const struct recording *recording, uint32_t index)
{
	if (index < CS_FIRST_ENDPOINT || index >= recording->nr_endpoints)
		return NULL;
	return &recording->endpoints[index];
}

enum cs_kind endpoint_kind(const struct recording *recording, uint32_t index)
{
	const struct cs_endpoint *endpoint = find(recording, index);

	if (index == CS_MEMORY || index == CS_UNRESOLVED)
		return CS_KIND_MEMORY;
	return endpoint && endpoint->kind < CS_KIND_MAX ? endpoint->kind : CS_KIND_OTHER;
}

static size_t path_bytes(const struct cs_endpoint *endpoint)
{
	return endpoint->path_bytes < CS_PATH_BYTES ? endpoint->path_bytes : CS_PATH_BYTES;
}

/* "film.mp4\0srv\0" becomes "/srv/film.mp4"; NULL without names. */
static const char *forward_path(const char *names, size_t length, struct arena *arena)
{
	size_t end = length, at = 0;
	char *path;

	if (!length)
		return NULL;
	path = arena_alloc(arena, length + 2);
	/* A name that was cut off has no NUL. */
	if (names[end - 1] == '\0')
		end--;
	while (1) {
		size_t start = end;

		while (start && names[start - 1] != '\0')
			start--;
		path[at++] = '/';
		memcpy(path + at, names + start, end - start);
		at += end - start;
		if (!start)
			break;
		end = start - 1;
	}
	return path;
}

/* NULL for one that has kept its name, or has got it back. */
static const char *first_path(const struct cs_endpoint *endpoint, const char *now,
			      struct arena *arena)
{
	size_t length = endpoint->first_bytes, most = CS_PATH_BYTES - CS_FIRST_PATH;
	const char *path =
		forward_path(endpoint->path + CS_FIRST_PATH, length < most ? length : most, arena);

	return path && now && strcmp(path, now) != 0 ? path : NULL;
}

/* Abstract names begin with a NUL and may hold more: all are shown as "@". */
static const char *unix_name(const struct cs_endpoint *endpoint, struct arena *arena)
{
	size_t length = path_bytes(endpoint);
	char *name;

	if (!length)
		return NULL;
	if (endpoint->path[0] != '\0')
		return arena_copy(arena, endpoint->path, strnlen(endpoint->path, length));
	name = arena_copy(arena, endpoint->path, length);
	for (size_t i = 0; i < length; i++)
		if (name[i] == '\0')
			name[i] = '@';
	return name;
}

static bool all_zero(const uint8_t *bytes, size_t count)
{
	while (count)
		if (bytes[--count])
			return false;
	return true;
}

/* NULL for the peer that an unconnected socket does not have. */
static const char *address(uint16_t family, const uint8_t *bytes, uint16_t port,
			   struct arena *arena)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[INET6_ADDRSTRLEN];

	if (family == AF_INET6 && !memcmp(bytes, mapped, sizeof(mapped))) {
		family = AF_INET;
		bytes += sizeof(mapped);
	}
	if (family != AF_INET && family != AF_INET6)
		return NULL;
	if (!port && all_zero(bytes, family == AF_INET ? 4 : 16))
		return NULL;
	if (!inet_ntop(family, bytes, text, sizeof(text)))
		return NULL;
	return arena_printf(arena, family == AF_INET ? "%s:%u" : "[%s]:%u", text, port);
}

static void name_described(struct report_endpoint *ret, const struct cs_endpoint *endpoint,
			   struct arena *arena)
{
	switch (ret->kind) {
	case CS_KIND_TCP:
	case CS_KIND_UDP:
		ret->local =
			address(endpoint->family, endpoint->local, endpoint->local_port, arena);
		ret->peer = address(endpoint->family, endpoint->peer, endpoint->peer_port, arena);
		break;
	case CS_KIND_UNIX:
		ret->path = unix_name(endpoint, arena);
		break;
	default:
		ret->path = forward_path(endpoint->path, path_bytes(endpoint), arena);
		ret->first_path = first_path(endpoint, ret->path, arena);
	}
	ret->path_cut = ret->path && (endpoint->flags & CS_ENDPOINT_PATH_CUT);
	ret->deleted = endpoint->flags & CS_ENDPOINT_DELETED;
}

static struct report_endpoint name_memory_of(const struct cs_endpoint *endpoint,
					     struct arena *arena)
{
	return (struct report_endpoint){
		.known = true,
		.resolved = true,
		.kind = CS_KIND_MEMORY,
		.has_process = true,
		.pid = endpoint->rdev,
		.comm = arena_copy(arena, endpoint->path,
				   strnlen(endpoint->path, path_bytes(endpoint))),
	};
}

struct report_endpoint name_endpoint(const struct recording *recording, uint32_t index,
				     struct arena *arena)
{
	const struct cs_endpoint *endpoint = find(recording, index);
	struct report_endpoint ret = { .resolved = true };

	if (index == CS_MEMORY || index == CS_UNRESOLVED) {
		ret.known = true;
		ret.resolved = index == CS_MEMORY;
		return ret;
	}
	if (!endpoint)
		return ret;
	if (endpoint->flags & CS_ENDPOINT_PROCESS)
		return name_memory_of(endpoint, arena);
	ret.has_inode = endpoint->inode.ino || endpoint->inode.dev;
	ret.ino = endpoint->inode.ino;
	ret.dev_major = endpoint->inode.dev >> 20;
	ret.dev_minor = endpoint->inode.dev & 0xfffff;
	ret.filled_bytes = endpoint->filled_bytes;
	ret.tls = endpoint->flags & CS_ENDPOINT_TLS;
	/* The kind is the first thing to be known; memory has no row of the table. */
	ret.known = endpoint->kind > CS_KIND_MEMORY && endpoint->kind < CS_KIND_MAX;
	if (!ret.known)
		return ret;
	ret.kind = endpoint->kind;
	if (ret.kind == CS_KIND_DEVICE) {
		ret.rdev_major = endpoint->rdev >> 20;
		ret.rdev_minor = endpoint->rdev & 0xfffff;
	}
	if (endpoint->flags & CS_ENDPOINT_DESCRIBED)
		name_described(&ret, endpoint, arena);
	if (ret.kind == CS_KIND_PIPE && !ret.path)
		ret.path = arena_printf(arena, "pipe:[%llu]", (unsigned long long)ret.ino);
	return ret;
}

struct report_process name_process(const struct recording *recording, uint32_t index,
				   struct arena *arena)
{
	const struct cs_process *process;

	if (index >= recording->nr_processes)
		return (struct report_process){ .known = index == 0, .comm = "kernel" };
	process = &recording->processes[index];
	if (!index && !process->comm[0])
		return (struct report_process){ .known = true, .comm = "kernel" };
	return (struct report_process){
		.known = true,
		.pid = process->pid,
		.lost = process->lost,
		.comm = arena_copy(arena, process->comm, strnlen(process->comm, CS_COMM_BYTES)),
	};
}
