// SPDX-License-Identifier: MIT
/* Reads and writes whose bytes have to be told apart. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/workload/workload.h"

static const char read_hop[] = "page_cache>user_buffer copy";

enum { HEADER_BYTES = 100, EDGE_BYTES = 4096 };

static struct call const *reader, *writer;

static void choose_calls(void)
{
	reader = reader_find(options.read ? options.read : "read");
	writer = writer_find(options.write ? options.write : "write");
}

static struct flow *flow_read(struct place from, struct place to, uint64_t bytes, uint64_t reads)
{
	struct flow *flow = flow_add(from, to, bytes);

	flow_hop(flow, read_hop, bytes);
	flow_call(flow, reader->reported, reads);
	return flow;
}

static void check_written(ssize_t n, size_t bytes)
{
	if (n < 0 || (size_t)n != bytes)
		die("writev: %s", strerror(errno));
}

/* A header made here and a chunk of the file in one writev, as servers do. */
static void header(void)
{
	uint64_t chunks = options.bytes / options.chunk;
	uint64_t headers = chunks * HEADER_BYTES;
	struct sink sink = sink_open_unchecked(options.to, headers + chunks * options.chunk);
	int in = open_source(options.src);
	unsigned char *top = zalloc_pages(4096), *body = zalloc_pages(options.chunk);
	struct flow *flow;

	choose_calls();
	window_open();
	for (uint64_t i = 0; i < chunks; i++) {
		struct iovec v[2] = { { top, HEADER_BYTES }, { body, options.chunk } };

		read_all(reader, in, body, options.chunk, i * options.chunk);
		check_written(writev(sink.fd, v, 2), HEADER_BYTES + options.chunk);
	}
	window_close(2 * chunks);
	flow = flow_add(place_memory(), sink.place, headers);
	flow_hop(flow, sink.copied_hop, headers);
	flow_call(flow, "writev", chunks);
	flow = flow_read(place_of(in, options.src), sink.place, chunks * options.chunk, chunks);
	flow_hop(flow, sink.copied_hop, chunks * options.chunk);
	flow_call(flow, "writev", chunks);
	sink_close(&sink);
}

/* One read, written to two places. */
static void fan_out(void)
{
	uint64_t chunks = options.bytes / options.chunk, bytes = chunks * options.chunk;
	struct sink first = sink_open(options.to, options.dst, bytes);
	struct sink second = sink_open(options.to, options.dst, bytes);
	int in = open_source(options.src);
	unsigned char *buffer = zalloc_pages(options.chunk);
	struct sink *sinks[2] = { &first, &second };

	choose_calls();
	window_open();
	for (uint64_t i = 0; i < chunks; i++) {
		uint64_t at = i * options.chunk;

		read_all(reader, in, buffer, options.chunk, at);
		write_all(writer, first.fd, buffer, options.chunk, at);
		write_all(writer, second.fd, buffer, options.chunk, at);
	}
	window_close(3 * chunks);
	/* Half of the reading is for each of the two. */
	for (int i = 0; i < 2; i++) {
		struct flow *flow = flow_add(place_of(in, options.src), sinks[i]->place, bytes);

		flow_hop(flow, read_hop, bytes / 2);
		flow_hop(flow, sinks[i]->copied_hop, bytes);
		flow_call(flow, reader->reported, chunks / 2);
		flow_call(flow, writer->reported, chunks);
	}
	sink_close(&first);
	sink_close(&second);
}

/* A quarter of what was read is written on. */
static void partial(void)
{
	uint64_t chunks = options.bytes / options.chunk, part = options.chunk / 4;
	struct sink sink = sink_open_unchecked(options.to, chunks * part);
	int in = open_source(options.src);
	unsigned char *buffer = zalloc_pages(options.chunk);
	struct flow *flow;

	choose_calls();
	window_open();
	for (uint64_t i = 0; i < chunks; i++) {
		read_all(reader, in, buffer, options.chunk, i * options.chunk);
		write_all(writer, sink.fd, buffer + part, part, i * part);
	}
	window_close(2 * chunks);
	flow = flow_read(place_of(in, options.src), sink.place, chunks * part, chunks / 4);
	flow_hop(flow, sink.copied_hop, chunks * part);
	flow_call(flow, writer->reported, chunks);
	flow_read(place_of(in, options.src), place_memory(), chunks * 3 * part,
		  chunks - chunks / 4);
	sink_close(&sink);
}

/* One file is read over the rest of another in the same buffer. */
static void overlap(void)
{
	uint64_t chunks = options.bytes / options.chunk, rest = options.chunk - EDGE_BYTES;
	struct sink sink = sink_open_unchecked(options.to, chunks * options.chunk);
	int a = open_source(options.src), b = open_source(options.src2);
	unsigned char *buffer = zalloc_pages(options.chunk);
	uint64_t kept = chunks * EDGE_BYTES * chunks / (chunks * options.chunk);
	struct flow *flow;

	choose_calls();
	window_open();
	for (uint64_t i = 0; i < chunks; i++) {
		read_all(reader, a, buffer, options.chunk, i * options.chunk);
		read_all(reader, b, buffer + EDGE_BYTES, rest, i * rest);
		write_all(writer, sink.fd, buffer, options.chunk, i * options.chunk);
	}
	window_close(3 * chunks);
	flow = flow_read(place_of(a, options.src), sink.place, chunks * EDGE_BYTES, kept);
	flow_hop(flow, sink.copied_hop, chunks * EDGE_BYTES);
	flow_call(flow, writer->reported, chunks);
	flow_read(place_of(a, options.src), place_memory(), chunks * rest, chunks - kept);
	flow = flow_read(place_of(b, options.src2), sink.place, chunks * rest, chunks);
	flow_hop(flow, sink.copied_hop, chunks * rest);
	flow_call(flow, writer->reported, chunks);
	sink_close(&sink);
}

/* The process copies from one buffer to another: nobody but itself sees it. */
static void user_copy(void)
{
	uint64_t chunks = options.bytes / options.chunk, bytes = chunks * options.chunk;
	struct sink sink = sink_open(options.to, options.dst, bytes);
	int in = open_source(options.src);
	unsigned char *buffer = zalloc_pages(options.chunk);
	unsigned char *other = zalloc_pages(options.chunk);
	struct flow *flow;

	choose_calls();
	window_open();
	for (uint64_t i = 0; i < chunks; i++) {
		read_all(reader, in, buffer, options.chunk, i * options.chunk);
		memcpy(other, buffer, options.chunk);
		write_all(writer, sink.fd, other, options.chunk, i * options.chunk);
	}
	window_close(2 * chunks);
	flow_read(place_of(in, options.src), place_memory(), bytes, chunks);
	flow = flow_add(place_memory(), sink.place, bytes);
	flow_hop(flow, sink.copied_hop, bytes);
	flow_call(flow, writer->reported, chunks);
	sink_close(&sink);
}

/* One thread reads, another writes: they take turns with one buffer. */
struct handover {
	sem_t full, empty;
	unsigned char *buffer;
	uint64_t chunks;
	int fd;
};

static void *write_for_another(void *argument)
{
	struct handover *h = argument;

	for (uint64_t i = 0; i < h->chunks; i++) {
		sem_wait(&h->full);
		write_all(writer, h->fd, h->buffer, options.chunk, i * options.chunk);
		sem_post(&h->empty);
	}
	return NULL;
}

static void threads(void)
{
	struct handover h = { .chunks = options.bytes / options.chunk };
	uint64_t bytes = h.chunks * options.chunk;
	struct sink sink = sink_open(options.to, options.dst, bytes);
	int in = open_source(options.src);
	struct flow *flow;
	pthread_t thread;

	choose_calls();
	h.fd = sink.fd;
	h.buffer = zalloc_pages(options.chunk);
	sem_init(&h.full, 0, 0);
	sem_init(&h.empty, 0, 1);
	if (pthread_create(&thread, NULL, write_for_another, &h))
		die("no thread");
	for (uint64_t i = 0; i < h.chunks; i++) {
		sem_wait(&h.empty);
		read_all(reader, in, h.buffer, options.chunk, i * options.chunk);
		sem_post(&h.full);
	}
	pthread_join(thread, NULL);
	flow = flow_read(place_of(in, options.src), sink.place, bytes, h.chunks);
	flow_hop(flow, sink.copied_hop, bytes);
	flow_call(flow, writer->reported, h.chunks);
	sink_close(&sink);
}

const struct workload link_workloads[] = {
	{ "header", header, "a header from memory with each chunk of --src", false },
	{ "fan-out", fan_out, "--src read once, written to two places", false },
	{ "partial", partial, "a quarter of --src is written on", false },
	{ "overlap", overlap, "--src, and over it --src2, in one buffer", false },
	{ "user-copy", user_copy, "--src copied to another buffer before the write", false },
	{ "threads", threads, "one thread reads, another writes", false },
	{ 0 },
};
