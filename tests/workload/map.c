// SPDX-License-Identifier: MIT
/* Bytes written from a mapping of the file. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/workload/workload.h"

enum { SHARED, PRIVATE, PRIVATE_WRITABLE };

static void map_run(int how)
{
	struct sink sink = sink_open(options.to, options.dst, options.bytes);
	const struct call *writer = writer_find(options.write ? options.write : "write");
	int in = open_source(options.src);
	uint64_t offset = 0, calls = 0;
	struct flow *flow;
	unsigned char *at = mmap(NULL, options.bytes,
				 how == PRIVATE_WRITABLE ? PROT_READ | PROT_WRITE : PROT_READ,
				 how == SHARED ? MAP_SHARED : MAP_PRIVATE, in, 0);

	if (at == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	window_open();
	while (offset < options.bytes) {
		size_t bytes = smaller(options.chunk, options.bytes - offset);

		calls += write_all(writer, sink.fd, at + offset, bytes, offset);
		sink_sent(&sink);
		offset += bytes;
	}
	window_close(calls);
	/* A private writable mapping may hold what the process wrote to it. */
	if (how == PRIVATE_WRITABLE) {
		flow = flow_add(place_memory(), sink.place, offset);
		flow_hop(flow, sink.copied_hop, offset);
	} else {
		flow = flow_add(place_of(in, options.src), sink.place, offset);
		flow_hop(flow, sink.mapped_hop, offset);
		flow_hop(flow, "page_cache>mapping map", (offset + 4095) / 4096 * 4096);
		flow_disk(flow, in, offset);
	}
	flow_call(flow, writer->reported, calls);
	sink_close(&sink);
}

static void map_shared(void)
{
	map_run(SHARED);
}

static void map_private(void)
{
	map_run(PRIVATE);
}

static void map_private_writable(void)
{
	map_run(PRIVATE_WRITABLE);
}

/*
 * A buffer that a read filled is unmapped, and new memory comes in its place:
 * what is written from there is not the file's.
 */
static void map_again(void)
{
	struct sink sink = sink_open(options.to, options.dst, options.bytes);
	const struct call *reader = reader_find("read"), *writer = writer_find("write");
	int in = open_source(options.src);
	unsigned char *at = zalloc_pages(options.chunk);
	uint64_t offset = 0, reads = 0, writes = 0;
	struct flow *flow;

	window_open();
	while (offset < options.bytes) {
		size_t bytes = smaller(options.chunk, options.bytes - offset);

		reads += read_all(reader, in, at, bytes, offset);
		munmap(at, options.chunk);
		if (mmap(at, options.chunk, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at)
			die("mmap: %s", strerror(errno));
		pattern_fill(at, bytes, offset);
		writes += write_all(writer, sink.fd, at, bytes, offset);
		offset += bytes;
	}
	window_close(reads + writes);
	flow = flow_add(place_of(in, options.src), place_memory(), offset);
	flow_hop(flow, "page_cache>user_buffer copy", offset);
	flow_call(flow, "read", reads);
	flow = flow_add(place_memory(), sink.place, offset);
	flow_hop(flow, sink.copied_hop, offset);
	flow_call(flow, "write", writes);
	sink_close(&sink);
}

const struct workload map_workloads[] = {
	{ "map", map_shared, "write --to from a shared mapping of --src", false },
	{ "map-private", map_private, "the same, private and read-only", false },
	{ "map-private-writable", map_private_writable, "the same, private and writable", false },
	{ "map-again", map_again, "read, unmap the buffer, write from new memory there", false },
	{ 0 },
};
