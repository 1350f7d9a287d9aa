// SPDX-License-Identifier: MIT
#include "tests/unit/fixture.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "util/memory.h"

static void *append(void *array, size_t *count, size_t *capacity, size_t size)
{
	char *grown = grow(array, capacity, *count + 1, size);

	memset(grown + *count * size, 0, size);
	++*count;
	return grown;
}

void fixture_begin(struct fixture *fixture)
{
	*fixture = (struct fixture){
		.recording = { .version = "0.1",
			       .kernel = "6.12.0-test",
			       .duration_ns = 1500000000 },
	};
	fixture_process(fixture, 0, "");
	for (int i = 0; i < CS_FIRST_ENDPOINT; i++)
		fixture_other(fixture, CS_KIND_MEMORY, NULL);
}

void fixture_end(struct fixture *fixture)
{
	free(fixture->rows);
	free(fixture->endpoints);
	free(fixture->processes);
}

uint32_t fixture_process(struct fixture *fixture, uint32_t pid, const char *comm)
{
	struct recording *recording = &fixture->recording;
	struct cs_process *process;

	fixture->processes = append(fixture->processes, &recording->nr_processes,
				    &fixture->processes_capacity, sizeof(*process));
	recording->processes = fixture->processes;
	process = &fixture->processes[recording->nr_processes - 1];
	process->pid = pid;
	memcpy(process->comm, comm, strnlen(comm, CS_COMM_BYTES));
	return (uint32_t)recording->nr_processes - 1;
}

struct cs_endpoint *fixture_endpoint(struct fixture *fixture, uint32_t index)
{
	return &fixture->endpoints[index];
}

/* "/srv/film.mp4" becomes "film.mp4\0srv\0". */
static void set_path(struct cs_endpoint *endpoint, const char *path)
{
	const char *end = path + strlen(path);

	while (end > path) {
		const char *start = end;

		while (start[-1] != '/')
			start--;
		memcpy(endpoint->path + endpoint->path_bytes, start, (size_t)(end - start));
		endpoint->path_bytes = (uint16_t)(endpoint->path_bytes + (end - start) + 1);
		end = start - 1;
	}
}

uint32_t fixture_other(struct fixture *fixture, enum cs_kind kind, const char *path)
{
	struct recording *recording = &fixture->recording;
	struct cs_endpoint *endpoint;

	fixture->endpoints = append(fixture->endpoints, &recording->nr_endpoints,
				    &fixture->endpoints_capacity, sizeof(*endpoint));
	recording->endpoints = fixture->endpoints;
	endpoint = &fixture->endpoints[recording->nr_endpoints - 1];
	endpoint->kind = (uint8_t)kind;
	endpoint->flags = CS_ENDPOINT_DESCRIBED;
	endpoint->inode.dev = 254 << 20;
	endpoint->inode.ino = 1000 + recording->nr_endpoints;
	if (path)
		set_path(endpoint, path);
	return (uint32_t)recording->nr_endpoints - 1;
}

uint32_t fixture_file(struct fixture *fixture, const char *path)
{
	return fixture_other(fixture, CS_KIND_FILE, path);
}

uint32_t fixture_tcp(struct fixture *fixture, const char *local, uint16_t local_port,
		     const char *peer, uint16_t peer_port)
{
	uint32_t index = fixture_other(fixture, CS_KIND_TCP, NULL);
	struct cs_endpoint *endpoint = fixture_endpoint(fixture, index);

	endpoint->family = strchr(local, ':') ? AF_INET6 : AF_INET;
	inet_pton(endpoint->family, local, endpoint->local);
	inet_pton(endpoint->family, peer, endpoint->peer);
	endpoint->local_port = local_port;
	endpoint->peer_port = peer_port;
	return index;
}

uint32_t fixture_memory(struct fixture *fixture, uint32_t pid, const char *comm)
{
	uint32_t index = fixture_other(fixture, CS_KIND_MEMORY, NULL);
	struct cs_endpoint *endpoint = fixture_endpoint(fixture, index);

	endpoint->flags |= CS_ENDPOINT_PROCESS;
	endpoint->rdev = pid;
	endpoint->path_bytes = CS_COMM_BYTES;
	memcpy(endpoint->path, comm, strnlen(comm, CS_COMM_BYTES));
	return index;
}

struct cs_row *fixture_row(struct fixture *fixture, uint32_t process, uint32_t source,
			   uint32_t destination, enum cs_hop hop, uint16_t call, uint64_t ops,
			   uint64_t bytes)
{
	struct cs_row *row = fixture_side(fixture, process, source, destination, hop, bytes);

	row->key.call = call;
	row->ops = ops;
	row->delivered = bytes;
	row->mode_switches = 2 * ops;
	return row;
}

struct cs_row *fixture_side(struct fixture *fixture, uint32_t process, uint32_t source,
			    uint32_t destination, enum cs_hop hop, uint64_t bytes)
{
	struct recording *recording = &fixture->recording;
	struct cs_row *row;

	fixture->rows =
		append(fixture->rows, &recording->nr_rows, &fixture->rows_capacity, sizeof(*row));
	recording->rows = fixture->rows;
	row = &fixture->rows[recording->nr_rows - 1];
	row->key = (struct cs_row_key){ .process = process,
					.source = source,
					.destination = destination,
					.call = CS_CALL_KERNEL,
					.hop = (uint8_t)hop };
	row->bytes = bytes;
	return row;
}
