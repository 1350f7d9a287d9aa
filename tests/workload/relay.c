// SPDX-License-Identifier: MIT
/* Bytes through a buffer of the process: read and written, or one of both. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests/workload/workload.h"

static const char * or (const char *given, const char *otherwise)
{
	return given ? given : otherwise;
}

/* The source, if there is one, and the sink, if there is one. */
struct relay {
	int in;
	struct place from;
	struct sink sink;
	const struct call *reader, *writer;
	uint64_t reads, writes;
	unsigned char *buffer;
};

static void relay_open(struct relay *r, bool from_file)
{
	*r = (struct relay){ .in = -1, .from = place_memory() };
	r->sink = sink_open(options.to, options.dst, options.bytes);
	r->reader = reader_find(or (options.read, "read"));
	r->writer = writer_find(or (options.write, "write"));
	if (from_file) {
		r->in = open_source(options.src);
		r->from = place_of(r->in, options.src);
	}
	r->buffer = zalloc_pages(options.chunk);
}

static void relay_chunk(struct relay *r, size_t bytes, uint64_t offset)
{
	if (r->in >= 0)
		r->reads += read_all(r->reader, r->in, r->buffer, bytes, offset);
	else
		pattern_fill(r->buffer, bytes, offset);
	if (r->sink.fd >= 0) {
		r->writes += write_all(r->writer, r->sink.fd, r->buffer, bytes, offset);
		sink_sent(&r->sink);
	}
}

static struct flow *relay_flow(struct relay *r, uint64_t bytes)
{
	struct flow *flow = flow_add(r->from, r->sink.place, bytes);

	if (r->in >= 0) {
		flow_hop(flow, "page_cache>user_buffer copy", bytes);
		flow_call(flow, r->reader->reported, r->reads);
		flow_disk(flow, r->in, bytes);
	}
	if (r->sink.fd >= 0) {
		flow_hop(flow, r->sink.copied_hop, bytes);
		flow_call(flow, r->writer->reported, r->writes);
	}
	return flow;
}

static void relay_run(bool from_file, bool sync)
{
	uint64_t offset = 0, before = 0;
	bool paused = !options.pause;
	struct flow *flow;
	struct relay r;

	relay_open(&r, from_file);
	window_open();
	while (offset < options.bytes) {
		size_t bytes = smaller(options.chunk, options.bytes - offset);

		if (!paused && offset >= options.bytes / 2) {
			pause_here();
			paused = true;
			before = offset;
			r.reads = r.writes = 0;
		}
		relay_chunk(&r, bytes, offset);
		offset += bytes;
	}
	if (sync && fsync(r.sink.fd))
		die("fsync: %s", strerror(errno));
	window_close(r.reads + r.writes);
	if (from_file && r.sink.fd < 0)
		pattern_check(r.buffer, 1, (options.bytes - 1) / options.chunk * options.chunk,
			      "reader");
	flow = relay_flow(&r, options.bytes - before);
	if (sync && is_on_disk(r.sink.fd))
		flow_hop(flow, "page_cache>disk dma", (options.bytes + 4095) / 4096 * 4096);
	sink_close(&r.sink);
}

static void relay(void)
{
	relay_run(true, false);
}

static void source(void)
{
	relay_run(false, false);
}

static void source_synced(void)
{
	relay_run(false, true);
}

const struct workload relay_workloads[] = {
	{ "relay", relay, "read --src, write it --to", false },
	{ "source", source, "write bytes made here --to", false },
	{ "source-synced", source_synced, "the same to a file, then fsync", false },
	{ 0 },
};
