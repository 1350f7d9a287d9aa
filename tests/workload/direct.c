// SPDX-License-Identifier: MIT
/* Bytes that never come to user space: sendfile, splice, copy_file_range. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "tests/workload/workload.h"

static void check(const char *call, ssize_t moved)
{
	if (moved <= 0)
		die("%s: %s", call, moved ? strerror(errno) : "end of file");
}

static uint64_t whole_blocks(uint64_t bytes)
{
	return (bytes + 4095) / 4096 * 4096;
}

/* File to file: the kernel copies from page cache to page cache. */
static void direct_hops(struct flow *flow, const struct sink *sink, uint64_t bytes)
{
	flow_hop(flow, sink_is_file(sink) ? "page_cache>page_cache copy" : sink->held_hop, bytes);
}

static const char *hop_from_pipe(const struct sink *sink)
{
	return sink_is_file(sink) ? "pipe_buffer>page_cache copy" :
				    "pipe_buffer>socket_buffer reference";
}

/* --mode direct: --src is read by O_DIRECT, direct-write: --dst is written by it. */
static void send_file_hops(struct flow *flow, const struct sink *sink, int in, uint64_t bytes)
{
	if (has_mode("direct")) {
		flow_hop(flow, "disk>pipe_buffer dma", whole_blocks(bytes));
		if (strcmp(sink->place.kind, "pipe"))
			flow_hop(flow, hop_from_pipe(sink), bytes);
	} else if (has_mode("direct-write")) {
		flow_hop(flow, "page_cache>pipe_buffer reference", bytes);
		flow_hop(flow, "pipe_buffer>disk dma", bytes);
	} else {
		direct_hops(flow, sink, bytes);
		flow_disk(flow, in, bytes);
	}
}

static int open_spliced(void)
{
	int in = open_source(options.src);

	if (has_mode("direct"))
		make_direct(in, options.src);
	return in;
}

static void send_file(void)
{
	struct sink sink = sink_open(options.to, options.dst, options.bytes);
	int in = open_spliced();
	uint64_t done = 0, before = 0, calls = 0;
	bool paused = !options.pause;
	struct flow *flow;

	if (has_mode("direct-write"))
		make_direct(sink.fd, options.dst);
	window_open();
	while (done < options.bytes) {
		ssize_t n;

		if (!paused && done >= options.bytes / 2) {
			pause_here();
			paused = true;
			before = done;
			calls = 0;
		}
		n = sendfile(sink.fd, in, NULL, smaller(options.chunk, options.bytes - done));
		check("sendfile", n);
		done += n;
		calls++;
		messages_moved = 1;
		sink_sent(&sink);
	}
	window_close(calls);
	flow = flow_add(place_of(in, options.src), sink.place, done - before);
	send_file_hops(flow, &sink, in, done - before);
	flow_call(flow, "sendfile64", calls);
	sink_close(&sink);
}

static void copy_range(void)
{
	struct sink sink = sink_open("file", options.dst, options.bytes);
	int in = open_source(options.src);
	uint64_t done = 0, calls = 0;
	struct flow *flow;

	window_open();
	while (done < options.bytes) {
		ssize_t n = copy_file_range(in, NULL, sink.fd, NULL,
					    smaller(options.chunk, options.bytes - done), 0);

		check("copy_file_range", n);
		done += n;
		calls++;
	}
	window_close(calls);
	flow = flow_add(place_of(in, options.src), sink.place, done);
	flow_call(flow, "copy_file_range", calls);
	if (has_mode("reflink")) {
		flow_hop(flow, "disk>disk reference", done);
	} else {
		direct_hops(flow, &sink, done);
		flow_disk(flow, in, done);
	}
	sink_close(&sink);
}

static ssize_t splice_once(int in, int out, size_t bytes)
{
	if (options.ring)
		return uring_splice(in, out, bytes);
	return splice(in, NULL, out, NULL, bytes, SPLICE_F_MOVE);
}

/* Everything that is in the pipe goes on before more comes in. */
static uint64_t splice_on(int pipe_out, int fd, size_t bytes)
{
	uint64_t calls = 0;

	while (bytes) {
		ssize_t n = splice_once(pipe_out, fd, bytes);

		check("splice", n);
		bytes -= n;
		calls++;
	}
	return calls;
}

static void splice_through(void)
{
	struct sink sink = sink_open(options.to, options.dst, options.bytes);
	int in = open_spliced();
	uint64_t done = 0, calls = 0;
	struct flow *flow;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	window_open();
	while (done < options.bytes) {
		ssize_t n = splice_once(in, ends[1], smaller(options.chunk, options.bytes - done));

		check("splice", n);
		calls += 1 + splice_on(ends[0], sink.fd, n);
		done += n;
		messages_moved = 1;
		sink_sent(&sink);
	}
	window_close(calls);
	flow = flow_add(place_of(in, options.src), sink.place, done);
	if (has_mode("direct")) {
		flow_hop(flow, "disk>pipe_buffer dma", whole_blocks(done));
	} else {
		flow_hop(flow, "page_cache>pipe_buffer reference", done);
		flow_disk(flow, in, done);
	}
	flow_hop(flow, hop_from_pipe(&sink), done);
	flow_call(flow, options.ring ? "io_uring:splice" : "splice", calls);
	sink_close(&sink);
}

const struct workload direct_workloads[] = {
	{ "sendfile", send_file, "--src --to by sendfile", false },
	{ "copy-file-range", copy_range, "--src to --dst", false },
	{ "splice", splice_through, "--src through a pipe --to by splice", false },
	{ 0 },
};
