// SPDX-License-Identifier: MIT
/*
 * Bytes from and to character devices, and text that the kernel makes as it is
 * read.  The buffer has bytes of --src before: what comes into it after them must
 * not count as theirs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <termios.h>
#include <unistd.h>

#include "tests/workload/workload.h"

static const struct {
	const char *mode, *path;
	bool copied; /* /dev/zero clears the buffer */
} sources[] = {
	{ "zero", "/dev/zero", false },
	{ "urandom", "/dev/urandom", true },
	{ "random", "/dev/random", true },
	{ "text", "/proc/cpuinfo", true },
};

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

static size_t read_or_die(int fd, void *buffer, size_t bytes)
{
	ssize_t n = read(fd, buffer, bytes);

	if (n < 0)
		die("read: %s", strerror(errno));
	return n;
}

static void write_or_die(int fd, const void *buffer, size_t bytes)
{
	if (write(fd, buffer, bytes) != (ssize_t)bytes)
		die("write: %s", strerror(errno));
}

/* A chunk of --src, which stays in the buffer. */
static void taint(unsigned char *buffer)
{
	int fd = open_source(options.src);
	struct flow *flow;

	read_or_die(fd, buffer, options.chunk);
	flow = flow_add(place_of(fd, options.src), place_memory(), options.chunk);
	flow_hop(flow, "page_cache>user_buffer copy", options.chunk);
	flow_call(flow, "read", 1);
}

/* Up to --bytes, or to the end. */
static void from_device(void)
{
	unsigned char *buffer = zalloc_pages(options.chunk);
	uint64_t reads = 0, writes = 0, got = 0;
	size_t n, which = 0;
	struct flow *flow;
	int in, out;

	while (which < sizeof(sources) / sizeof(sources[0]) && !has_mode(sources[which].mode))
		which++;
	if (which == sizeof(sources) / sizeof(sources[0]))
		die("no such --mode");
	in = open_or_die(sources[which].path, O_RDONLY);
	out = open_destination(options.dst);
	window_open();
	taint(buffer);
	while (got < options.bytes) {
		n = read_or_die(in, buffer, smaller(options.chunk, options.bytes - got));
		reads++;
		if (!n)
			break;
		write_or_die(out, buffer, n);
		writes++;
		got += n;
	}
	window_close(1 + reads + writes);
	flow = flow_add(place_of(in, sources[which].path), place_of(out, options.dst), got);
	if (sources[which].copied)
		flow_hop(flow, "device>user_buffer copy", got);
	flow_hop(flow, "user_buffer>page_cache copy", got);
	flow_call(flow, "read", reads);
	flow_call(flow, "write", writes);
}

static void to_null(void)
{
	unsigned char *buffer = zalloc_pages(options.chunk);
	int in = open_source(options.src), out = open_or_die("/dev/null", O_WRONLY);
	struct flow *flow;
	uint64_t chunks;

	window_open();
	for (chunks = 0; chunks < options.bytes / options.chunk; chunks++) {
		read_or_die(in, buffer, options.chunk);
		write_or_die(out, buffer, options.chunk);
	}
	window_close(2 * chunks);
	flow = flow_add(place_of(in, options.src), place_of(out, "/dev/null"),
			chunks * options.chunk);
	flow_hop(flow, "page_cache>user_buffer copy", chunks * options.chunk);
	flow_call(flow, "read", chunks);
	flow_call(flow, "write", chunks);
}

/* Text fits into the socket's buffers, where it stays. */
static void send_text(void)
{
	int in = open_or_die("/proc/cpuinfo", O_RDONLY), ends[2];
	struct flow *flow;
	ssize_t n;

	connect_ends(options.to, ends);
	window_open();
	n = sendfile(ends[1], in, NULL, 1 << 20);
	if (n <= 0)
		die("sendfile: %s", strerror(errno));
	window_close(1);
	flow = flow_add(place_of(in, "/proc/cpuinfo"), place_of(ends[1], NULL), n);
	flow_hop(flow, "device>pipe_buffer copy", n);
	flow_call(flow, "sendfile64", 1);
}

/* The two ends of a terminal that hands on bytes as they are. */
static void open_terminal(int *master, int *slave, const char **name)
{
	struct termios raw;

	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*master < 0 || grantpt(*master) || unlockpt(*master))
		die("no terminal: %s", strerror(errno));
	*name = ptsname(*master);
	*slave = open_or_die(*name, O_RDWR | O_NOCTTY);
	if (tcgetattr(*slave, &raw))
		die("tcgetattr: %s", strerror(errno));
	cfmakeraw(&raw);
	if (tcsetattr(*slave, TCSANOW, &raw))
		die("tcsetattr: %s", strerror(errno));
}

/* --src to the terminal, and what comes out at its other end to --dst. */
static void terminal(void)
{
	unsigned char *buffer = zalloc_pages(2 * options.chunk), *other = buffer + options.chunk;
	int in = open_source(options.src), out = open_destination(options.dst), master, slave;
	uint64_t chunks, reads = 0, bytes;
	struct flow *flow;
	const char *name;

	open_terminal(&master, &slave, &name);
	window_open();
	for (chunks = 0; chunks < options.bytes / options.chunk; chunks++) {
		read_or_die(in, buffer, options.chunk);
		write_or_die(slave, buffer, options.chunk);
		for (size_t got = 0; got < options.chunk; reads++)
			got += read_or_die(master, other + got, options.chunk - got);
		pattern_check(other, options.chunk, chunks * options.chunk, "terminal");
		write_or_die(out, other, options.chunk);
	}
	window_close(3 * chunks + reads);
	bytes = chunks * options.chunk;
	flow = flow_add(place_of(in, options.src), place_of(slave, name), bytes);
	flow_hop(flow, "page_cache>user_buffer copy", bytes);
	flow_hop(flow, "user_buffer>device copy", bytes);
	flow_call(flow, "read", chunks);
	flow_call(flow, "write", chunks);
	flow = flow_add(place_of(master, "/dev/ptmx"), place_of(out, options.dst), bytes);
	flow_hop(flow, "device>user_buffer copy", bytes);
	flow_hop(flow, "user_buffer>page_cache copy", bytes);
	flow_call(flow, "read", reads);
	flow_call(flow, "write", chunks);
}

const struct workload device_workloads[] = {
	{ "from-device", from_device, "write to --dst what --mode zero|urandom|random|text has",
	  false },
	{ "to-null", to_null, "read --src and write it to /dev/null", false },
	{ "send-text", send_text, "sendfile /proc/cpuinfo --to tcp", false },
	{ "terminal", terminal, "--src to a terminal, and from its other end to --dst", false },
	{ 0 },
};
