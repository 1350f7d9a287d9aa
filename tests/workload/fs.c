// SPDX-License-Identifier: MIT
/* What depends on the file system: clones, refusals, layers. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/workload/workload.h"

/* All of the file in one call, as cp(1) does: no byte moves. */
static void clone_file(void)
{
	struct sink sink = sink_open("file", options.dst, options.bytes);
	int in = open_source(options.src);
	struct flow *flow;

	window_open();
	if (ioctl(sink.fd, FICLONE, in))
		die("FICLONE: %s", strerror(errno));
	window_close(1);
	flow = flow_add(place_of(in, options.src), sink.place, options.bytes);
	flow_hop(flow, "disk>disk reference", options.bytes);
	flow_call(flow, "ioctl", 1);
}

/* copy_file_range() is refused, as between file systems: cp(1) then reads and writes. */
static void copy_refused(void)
{
	struct sink sink = sink_open("file", options.dst, options.bytes);
	const struct call *reader = reader_find("read"), *writer = writer_find("write");
	int in = open_source(options.src);
	unsigned char *buffer = zalloc_pages(options.chunk);
	uint64_t done = 0, reads = 0, writes = 0;
	struct flow *flow;

	window_open();
	if (copy_file_range(in, NULL, sink.fd, NULL, options.bytes, 0) >= 0 || errno != EXDEV)
		die("copy_file_range is not refused");
	while (done < options.bytes) {
		size_t bytes = smaller(options.chunk, options.bytes - done);

		reads += read_all(reader, in, buffer, bytes, done);
		writes += write_all(writer, sink.fd, buffer, bytes, done);
		done += bytes;
	}
	window_close(1 + reads + writes);
	flow = flow_add(place_of(in, options.src), sink.place, done);
	flow_hop(flow, "page_cache>user_buffer copy", done);
	flow_hop(flow, "user_buffer>page_cache copy", done);
	flow_call(flow, "copy_file_range", 1);
	flow_call(flow, "read", reads);
	flow_call(flow, "write", writes);
	flow_disk(flow, in, done);
}

static struct place place_behind(const char *hidden, const char *path)
{
	int fd = open(hidden, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s", hidden, strerror(errno));
	/* Left open: closing may switch. */
	return place_of(fd, path);
}

/*
 * A little is written to --dst, a file of a lower layer of an overlay: open()
 * copies all of it to the upper layer first.  The file itself is --src in the
 * lower layer, and then --src2 in the upper one.
 */
static void copy_up(void)
{
	const struct call *writer = writer_find("pwrite");
	struct place lower = place_behind(options.src, options.dst), upper;
	unsigned char *buffer = zalloc_pages(options.chunk);
	struct flow *flow;
	uint64_t writes;
	int fd;

	pattern_fill(buffer, options.chunk, 0);
	window_open();
	fd = open(options.dst, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", options.dst, strerror(errno));
	writes = write_all(writer, fd, buffer, options.chunk, 0);
	window_close(1 + writes);
	upper = place_behind(options.src2, options.dst);
	flow = flow_add(lower, upper, options.bytes);
	flow_hop(flow, "page_cache>page_cache copy", options.bytes);
	flow_call(flow, "openat", 1);
	flow = flow_add(place_memory(), upper, options.chunk);
	flow_hop(flow, "user_buffer>page_cache copy", options.chunk);
	flow_call(flow, "pwrite64", writes);
}

const struct workload fs_workloads[] = {
	{ "clone", clone_file, "--src to --dst by ioctl(FICLONE)", false },
	{ "copy-refused", copy_refused, "copy_file_range fails, --src is read and written to --dst",
	  false },
	{ "copy-up", copy_up, "write to --dst of an overlay, --src below, --src2 above", false },
	{ 0 },
};
