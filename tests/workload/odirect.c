// SPDX-License-Identifier: MIT
/* Bytes between a disk and a buffer of the process, past the page cache. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/workload/workload.h"

enum { MISALIGNED = 512 }; /* --mode buffered: btrfs then takes the page cache */

/* The file system takes the page cache: for the buffer's sake, or that of checksums. */
static bool is_buffered(void)
{
	return has_mode("buffered") || has_mode("checksummed");
}

/* One side of the way: a file by O_DIRECT, or what there is otherwise. */
struct direct {
	int in; /* -1: the bytes are made here */
	struct sink sink;
	bool read, write; /* directly */
	const struct call *reader, *writer;
	uint64_t reads, writes;
	unsigned char *buffer;
};

/* Two buffers: those of calls.c are not aligned. */
static int halve(struct iovec *v, void *buffer, size_t bytes)
{
	size_t first = bytes / 2 & -4096ul;

	v[0] = (struct iovec){ buffer, first };
	v[1] = (struct iovec){ (char *)buffer + first, bytes - first };
	return 2;
}

static ssize_t by_readv(int fd, void *buffer, size_t bytes, off_t offset)
{
	struct iovec v[2];

	(void)offset;
	return readv(fd, v, halve(v, buffer, bytes));
}

static ssize_t by_pwritev(int fd, void *buffer, size_t bytes, off_t offset)
{
	struct iovec v[2];

	return pwritev(fd, v, halve(v, buffer, bytes), offset);
}

static const struct call vector_reader = { "readv", "readv", by_readv };
static const struct call vector_writer = { "pwritev", "pwritev", by_pwritev };

static const struct call *direct_reader(void)
{
	if (options.read && !strcmp(options.read, "readv"))
		return &vector_reader;
	return reader_find(options.read ? options.read : "read");
}

static const struct call *direct_writer(void)
{
	if (options.write && !strcmp(options.write, "pwritev"))
		return &vector_writer;
	return writer_find(options.write ? options.write : "write");
}

static void direct_open(struct direct *d, bool read, bool write)
{
	*d = (struct direct){ .in = -1, .read = read, .write = write };
	d->reader = direct_reader();
	d->writer = direct_writer();
	d->sink = sink_open(options.to, options.dst, options.bytes);
	if (options.src) {
		d->in = open_source(options.src);
		if (read)
			make_direct(d->in, options.src);
	}
	if (write)
		make_direct(d->sink.fd, options.dst);
	d->buffer = has_mode("shared") ? shared_pages(options.chunk) :
					 zalloc_pages(options.chunk + MISALIGNED);
	if (has_mode("buffered"))
		d->buffer += MISALIGNED;
}

/* A direct read asks for whole blocks, so the last one may end early. */
static size_t direct_read_chunk(struct direct *d, uint64_t offset)
{
	ssize_t n = d->reader->move(d->in, d->buffer, options.chunk, offset);

	if (n <= 0)
		die("%s: %s", options.src, n ? strerror(errno) : "end of file");
	d->reads++;
	pattern_check(d->buffer, n, offset, "direct read");
	return n;
}

static size_t direct_chunk(struct direct *d, uint64_t offset)
{
	size_t bytes = smaller(options.chunk, options.bytes - offset);

	if (d->read)
		bytes = direct_read_chunk(d, offset);
	else if (d->in >= 0)
		d->reads += read_all(d->reader, d->in, d->buffer, bytes, offset);
	else
		pattern_fill(d->buffer, bytes, offset);
	if (d->sink.fd >= 0) {
		d->writes += write_all(d->writer, d->sink.fd, d->buffer, bytes, offset);
		sink_sent(&d->sink);
	}
	return bytes;
}

static void direct_tell(struct direct *d, uint64_t bytes)
{
	struct place from = d->in >= 0 ? place_of(d->in, options.src) : place_memory();
	struct flow *flow = flow_add(from, d->sink.place, bytes);

	if (d->read && !is_buffered())
		flow_hop(flow, "disk>user_buffer dma", (bytes + 4095) / 4096 * 4096);
	else if (d->in >= 0)
		flow_hop(flow, "page_cache>user_buffer copy", bytes);
	if (d->in >= 0)
		flow_call(flow, d->reader->reported, d->reads);
	if (d->sink.fd < 0)
		return;
	if (d->write && has_mode("bounced")) {
		flow_hop(flow, "user_buffer>bounce_buffer copy", bytes);
		flow_hop(flow, "bounce_buffer>disk dma", bytes);
	} else {
		flow_hop(flow,
			 d->write && !is_buffered() ? "user_buffer>disk dma" : d->sink.copied_hop,
			 bytes);
	}
	flow_call(flow, d->writer->reported, d->writes);
}

static void direct_run(bool read, bool write)
{
	uint64_t offset = 0;
	struct direct d;

	direct_open(&d, read, write);
	window_open();
	while (offset < options.bytes)
		offset += direct_chunk(&d, offset);
	window_close(d.reads + d.writes);
	direct_tell(&d, offset);
	sink_close(&d.sink);
}

static void direct_read(void)
{
	direct_run(true, false);
}

static void direct_write(void)
{
	direct_run(false, true);
}

static void direct_copy(void)
{
	direct_run(true, true);
}

const struct workload odirect_workloads[] = {
	{ "direct-read", direct_read, "read --src by O_DIRECT, write it --to", false },
	{ "direct-write", direct_write, "write bytes made here, or --src, by O_DIRECT", false },
	{ "direct-copy", direct_copy, "read --src and write --dst, both by O_DIRECT", false },
	{ 0 },
};
