// SPDX-License-Identifier: MIT
/* Pipes as places on the way: vmsplice, tee, and pipes in a row. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/workload/workload.h"

static const char held[] = "page_cache>pipe_buffer reference";

/* Room for a chunk that does not begin with a page. */
static void make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) || fcntl(ends[1], F_SETPIPE_SZ, 4 * 65536) < 0)
		die("pipe: %s", strerror(errno));
}

static void check(const char *call, ssize_t moved, size_t bytes)
{
	if (moved < 0)
		die("%s: %s", call, strerror(errno));
	if ((size_t)moved != bytes)
		die("%s: %zd of %zu bytes", call, moved, bytes);
}

/* All of it, or die; returns how many calls it took. */
static uint64_t splice_all(int from, off_t *offset, int to, size_t bytes)
{
	uint64_t calls = 0;

	while (bytes) {
		ssize_t n = splice(from, offset, to, NULL, bytes, 0);

		if (n <= 0)
			die("splice: %s", n ? strerror(errno) : "end of file");
		bytes -= n;
		calls++;
	}
	return calls;
}

static void vmsplice_all(int fd, void *at, size_t bytes, unsigned int flags)
{
	struct iovec v[2] = { { at, bytes / 3 }, { (char *)at + bytes / 3, bytes - bytes / 3 } };

	check("vmsplice", vmsplice(fd, v, 2, flags), bytes);
}

static const char *out_hop(const struct sink *sink)
{
	return sink_is_file(sink) ? "pipe_buffer>page_cache copy" :
				    "pipe_buffer>socket_buffer reference";
}

/* All that is sent, at once: the receiver gets the pages as they are then. */
static unsigned char *make_memory(int *in)
{
	unsigned char *memory;

	*in = -1;
	if (has_mode("read") || has_mode("map"))
		*in = open_source(options.src);
	if (has_mode("map")) {
		memory = mmap(NULL, options.bytes, PROT_READ, MAP_SHARED, *in, 0);
		if (memory == MAP_FAILED)
			die("mmap: %s", strerror(errno));
		return memory;
	}
	memory = zalloc_pages(options.bytes);
	if (*in < 0)
		pattern_fill(memory, options.bytes, 0);
	return memory;
}

/* Memory made here, read from --src or mapped, through a pipe. */
static void vmsplice_in(void)
{
	unsigned int flags = has_mode("gift") ? SPLICE_F_GIFT : 0;
	struct sink sink = sink_open(options.to, options.dst, options.bytes);
	uint64_t done = 0, reads = 0, splices = 0, vmsplices = 0;
	unsigned char *memory;
	struct flow *flow;
	int in, ends[2];

	memory = make_memory(&in);
	make_pipe(ends);
	window_open();
	for (size_t bytes; done < options.bytes; done += bytes) {
		bytes = smaller(options.chunk, options.bytes - done);
		if (has_mode("read"))
			reads += read_all(reader_find("read"), in, memory + done, bytes, done);
		vmsplice_all(ends[1], memory + done, bytes, flags);
		vmsplices++;
		splices += splice_all(ends[0], NULL, sink.fd, bytes);
	}
	window_close(reads + splices + vmsplices);
	flow = flow_add(in < 0 ? place_memory() : place_of(in, options.src), sink.place, done);
	flow_hop(flow,
		 has_mode("map") ? "mapping>pipe_buffer reference" :
				   "user_buffer>pipe_buffer reference",
		 done);
	if (has_mode("map"))
		flow_hop(flow, "page_cache>mapping map", done);
	if (has_mode("read"))
		flow_hop(flow, "page_cache>user_buffer copy", done);
	flow_hop(flow, out_hop(&sink), done);
	flow_call(flow, "read", reads);
	flow_call(flow, "vmsplice", vmsplices);
	flow_call(flow, "splice", splices);
	sink_close(&sink);
}

/* The other way round: out of a pipe into memory. */
static void vmsplice_out(void)
{
	unsigned char *buffer = zalloc_pages(options.chunk);
	int in = open_source(options.src), ends[2];
	uint64_t done = 0, splices = 0, vmsplices = 0;
	struct flow *flow;

	make_pipe(ends);
	window_open();
	for (size_t bytes; done < options.bytes; done += bytes) {
		bytes = smaller(options.chunk, options.bytes - done);
		splices += splice_all(in, NULL, ends[1], bytes);
		vmsplice_all(ends[0], buffer, bytes, 0);
		vmsplices++;
		pattern_check(buffer, bytes, done, "vmsplice");
	}
	window_close(splices + vmsplices);
	flow = flow_add(place_of(in, options.src), place_memory(), done);
	flow_hop(flow, held, done);
	flow_hop(flow, "pipe_buffer>user_buffer copy", done);
	flow_call(flow, "splice", splices);
	flow_call(flow, "vmsplice", vmsplices);
}

/* The same pages to a socket and to --dst. */
static void tee_to_both(void)
{
	struct sink sink = sink_open(options.to, NULL, options.bytes);
	int in = open_source(options.src), out = open_destination(options.dst);
	uint64_t done = 0, in_calls = 0, sent_calls = 0, kept_calls = 0, tees = 0;
	int first[2], second[2];
	struct flow *flow;

	make_pipe(first);
	make_pipe(second);
	window_open();
	for (size_t bytes; done < options.bytes; done += bytes) {
		bytes = smaller(options.chunk, options.bytes - done);
		in_calls += splice_all(in, NULL, first[1], bytes);
		check("tee", tee(first[0], second[1], bytes, 0), bytes);
		tees++;
		sent_calls += splice_all(second[0], NULL, sink.fd, bytes);
		kept_calls += splice_all(first[0], NULL, out, bytes);
	}
	window_close(in_calls + tees + sent_calls + kept_calls);
	/* Half of what came into the first pipe is for each of the two. */
	flow = flow_add(place_of(in, options.src), sink.place, done);
	flow_hop(flow, held, done / 2);
	flow_hop(flow, "pipe_buffer>pipe_buffer reference", done);
	flow_hop(flow, "pipe_buffer>socket_buffer reference", done);
	flow_call(flow, "tee", tees);
	flow_call(flow, "splice", in_calls / 2 + sent_calls);
	flow = flow_add(place_of(in, options.src), place_of(out, options.dst), done);
	flow_hop(flow, held, done - done / 2);
	flow_hop(flow, "pipe_buffer>page_cache copy", done);
	flow_call(flow, "splice", in_calls - in_calls / 2 + kept_calls);
	sink_close(&sink);
}

/* Through three pipes, one after the other. */
static void chain(void)
{
	struct sink sink = sink_open(options.to, options.dst, options.bytes);
	int in = open_source(options.src), a[2], b[2], c[2];
	uint64_t done = 0, calls = 0;
	struct flow *flow;

	make_pipe(a);
	make_pipe(b);
	make_pipe(c);
	window_open();
	for (size_t bytes; done < options.bytes; done += bytes) {
		bytes = smaller(options.chunk, options.bytes - done);
		calls += splice_all(in, NULL, a[1], bytes);
		calls += splice_all(a[0], NULL, b[1], bytes);
		calls += splice_all(b[0], NULL, c[1], bytes);
		calls += splice_all(c[0], NULL, sink.fd, bytes);
	}
	window_close(calls);
	flow = flow_add(place_of(in, options.src), sink.place, done);
	flow_hop(flow, held, done);
	flow_hop(flow, "pipe_buffer>pipe_buffer reference", 2 * done);
	flow_hop(flow, out_hop(&sink), done);
	flow_call(flow, "splice", calls);
	sink_close(&sink);
}

/* A quarter of each chunk from memory, the rest from the file, one pipe. */
static void two_sources(void)
{
	struct sink sink = sink_open(options.to, options.dst, options.bytes);
	unsigned char *memory = zalloc_pages(options.bytes);
	uint64_t done = 0, top = 0, in_calls = 0, out_calls = 0, vmsplices = 0, share;
	int in = open_source(options.src), ends[2];
	struct flow *flow;

	pattern_fill(memory, options.bytes, 0);
	make_pipe(ends);
	window_open();
	for (size_t bytes; done < options.bytes; done += bytes) {
		size_t head;
		off_t offset;

		bytes = smaller(options.chunk, options.bytes - done);
		head = bytes / 4;
		offset = done + head;
		vmsplice_all(ends[1], memory + done, head, 0);
		vmsplices++;
		in_calls += splice_all(in, &offset, ends[1], bytes - head);
		out_calls += splice_all(ends[0], NULL, sink.fd, bytes);
		top += head;
	}
	window_close(vmsplices + in_calls + out_calls);
	share = out_calls * top / done;
	flow = flow_add(place_memory(), sink.place, top);
	flow_hop(flow, "user_buffer>pipe_buffer reference", top);
	flow_hop(flow, out_hop(&sink), top);
	flow_call(flow, "vmsplice", vmsplices);
	flow_call(flow, "splice", share);
	flow = flow_add(place_of(in, options.src), sink.place, done - top);
	flow_hop(flow, held, done - top);
	flow_hop(flow, out_hop(&sink), done - top);
	flow_call(flow, "splice", in_calls + out_calls - share);
	sink_close(&sink);
}

const struct workload pipe_workloads[] = {
	{ "vmsplice", vmsplice_in, "memory through a pipe --to; --mode gift|read|map", false },
	{ "vmsplice-out", vmsplice_out, "--src through a pipe into memory by vmsplice", false },
	{ "tee", tee_to_both, "--src through pipes --to and to --dst", false },
	{ "chain", chain, "--src through three pipes --to", false },
	{ "two-sources", two_sources, "memory and --src through one pipe --to", false },
	{ 0 },
};
