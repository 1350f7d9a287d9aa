// SPDX-License-Identifier: MIT
/*
 * Operations that move less than was asked for, or nothing.  Each program tells
 * what the calls returned: that is what really moved.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/workload/workload.h"

#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x80 /* since Linux 6.14 */
#endif

enum { PAGE = 4096 };

/* What came of the calls on one side. */
struct tally {
	uint64_t calls, bytes, failed;
};

/* Both ends of something, in this process. */
struct pair {
	int in, out;
	const char *write, *read; /* hops */
	const char *send, *receive; /* calls */
};

static void must(int failed, const char *what)
{
	if (failed)
		die("%s: %s", what, strerror(errno));
}

/* Counts a call that moved @n bytes, or failed as it may. */
static ssize_t tell(struct tally *tally, ssize_t n, int allowed)
{
	tally->calls++;
	if (n > 0)
		tally->bytes += n;
	if (n < 0 && errno != allowed)
		die("a call failed: %s, not: %s", strerror(errno), strerrordesc_np(allowed));
	tally->failed += n < 0;
	return n;
}

static void tcp_pair(int ends[2])
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t size = sizeof(in);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ends[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(bind(listener, (void *)&in, size) || listen(listener, 1) ||
		     getsockname(listener, (void *)&in, &size) ||
		     connect(ends[1], (void *)&in, size),
	     "tcp");
	ends[0] = accept(listener, NULL, NULL);
	must(ends[0] < 0, "accept");
	close(listener);
}

static struct pair pair_open(bool blocking)
{
	struct pair pair = { .write = "user_buffer>socket_buffer copy",
			     .read = "socket_buffer>user_buffer copy",
			     .send = "write",
			     .receive = "read" };
	int ends[2];

	if (!strcmp(options.to, "pipe")) {
		must(pipe2(ends, O_CLOEXEC), "pipe");
		pair.write = "user_buffer>pipe_buffer copy";
		pair.read = "pipe_buffer>user_buffer copy";
	} else if (!strcmp(options.to, "unix")) {
		must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
	} else if (!strcmp(options.to, "tcp")) {
		tcp_pair(ends);
	} else {
		die("--to is one of pipe, unix, tcp");
	}
	pair.in = ends[0];
	pair.out = ends[1];
	if (!blocking)
		must(fcntl(pair.in, F_SETFL, O_NONBLOCK) || fcntl(pair.out, F_SETFL, O_NONBLOCK),
		     "fcntl");
	return pair;
}

static void pair_tell(const struct pair *pair, const struct tally *out, const struct tally *in)
{
	struct flow *flow = flow_add(place_memory(), place_of(pair->out, NULL), out->bytes);

	flow_hop(flow, pair->write, out->bytes);
	flow_call(flow, pair->send, out->calls);
	flow = flow_add(place_of(pair->in, NULL), place_memory(), in->bytes);
	flow_hop(flow, pair->read, in->bytes);
	flow_call(flow, pair->receive, in->calls);
}

static void file_tell(int fd, const char *path, const struct tally *tally, const char *call,
		      bool read)
{
	struct flow *flow = read ? flow_add(place_of(fd, path), place_memory(), tally->bytes) :
				   flow_add(place_memory(), place_of(fd, path), tally->bytes);

	flow_hop(flow, read ? "page_cache>user_buffer copy" : "user_buffer>page_cache copy",
		 tally->bytes);
	flow_call(flow, call, tally->calls);
}

/* So much memory, and behind it none. */
static unsigned char *cliff(size_t bytes)
{
	unsigned char *at = zalloc_pages(bytes + PAGE);

	must(munmap(at + bytes, PAGE), "munmap");
	must(mmap(at + bytes, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		     MAP_FAILED,
	     "mmap");
	return at;
}

/* Full, then empty: the calls in between return EAGAIN. */
static void short_eagain(void)
{
	struct pair pair = pair_open(false);
	unsigned char *buffer = zalloc_pages(options.chunk), *sink = zalloc_pages(options.chunk);
	struct tally out = { 0 }, in = { 0 };

	window_open();
	while (out.bytes < options.bytes) {
		pattern_fill(buffer, options.chunk, out.bytes);
		while (out.bytes < options.bytes &&
		       tell(&out, write(pair.out, buffer, options.chunk), EAGAIN) > 0)
			pattern_fill(buffer, options.chunk, out.bytes);
		while (in.bytes < out.bytes) {
			uint64_t before = in.bytes;

			if (tell(&in, read(pair.in, sink, options.chunk), EAGAIN) > 0)
				pattern_check(sink, in.bytes - before, before, "reader");
		}
	}
	tell(&in, read(pair.in, sink, options.chunk), EAGAIN);
	window_close(out.calls + in.calls);
	if (!out.failed || !in.failed)
		die("nothing returned EAGAIN");
	pair_tell(&pair, &out, &in);
}

/* The buffer ends in the middle of the operation, both ways. */
static void short_efault(void)
{
	struct pair pair = pair_open(false);
	size_t half = options.chunk / 2;
	unsigned char *buffer = cliff(half), *sink = cliff(half);
	unsigned char *whole = zalloc_pages(2 * options.chunk);
	struct tally out = { 0 }, in = { 0 };

	window_open();
	while (out.bytes < options.bytes) {
		uint64_t before = in.bytes;
		ssize_t n;

		pattern_fill(buffer, half, out.bytes);
		/* Twice as much as there is, then what there is. */
		if (tell(&out, write(pair.out, buffer, options.chunk), EFAULT) < 0)
			tell(&out, write(pair.out, buffer, half), EFAULT);
		if (tell(&out, write(pair.out, buffer + half, 1), EFAULT) >= 0)
			die("there is memory behind the cliff");
		if (tell(&in, read(pair.in, sink + half, options.chunk), EFAULT) >= 0)
			die("there is memory behind the cliff");
		n = tell(&in, read(pair.in, sink, options.chunk), EFAULT);
		if (n > 0)
			pattern_check(sink, n, before, "reader");
		while (in.bytes < out.bytes) {
			before = in.bytes;
			n = tell(&in, read(pair.in, whole, 2 * options.chunk), EAGAIN);
			if (n > 0)
				pattern_check(whole, n, before, "reader");
		}
	}
	window_close(out.calls + in.calls);
	pair_tell(&pair, &out, &in);
}

/* The same with a file. */
static void short_efault_file(void)
{
	size_t half = options.chunk / 2;
	int out = open_destination(options.dst), in;
	unsigned char *buffer = cliff(half);
	struct tally writes = { 0 }, reads = { 0 };

	in = open_source(options.src);
	window_open();
	while (writes.bytes < options.bytes) {
		uint64_t at = reads.bytes;
		ssize_t n = tell(&reads, pread(in, buffer, options.chunk, at), EFAULT);

		if (n <= 0)
			die("nothing was read");
		pattern_check(buffer, n, at, "reader");
		if (tell(&reads, pread(in, buffer + half, 1, at), EFAULT) >= 0)
			die("there is memory behind the cliff");
		pattern_fill(buffer, half, writes.bytes);
		n = tell(&writes, pwrite(out, buffer, options.chunk, writes.bytes), EFAULT);
		if (n <= 0)
			die("nothing was written");
		if (tell(&writes, pwrite(out, buffer + half, 1, writes.bytes), EFAULT) >= 0)
			die("there is memory behind the cliff");
	}
	window_close(reads.calls + writes.calls);
	/* The buffer is filled anew between read and write, which no hook can know. */
	writes.bytes = reads.bytes < writes.bytes ? reads.bytes : writes.bytes;
	{
		struct flow *flow = flow_add(place_of(in, options.src), place_of(out, options.dst),
					     writes.bytes);

		flow_hop(flow, "page_cache>user_buffer copy", reads.bytes);
		flow_hop(flow, "user_buffer>page_cache copy", writes.bytes);
		flow_call(flow, "pread64", reads.calls);
		flow_call(flow, "pwrite64", writes.calls);
	}
}

static void on_signal(int number)
{
	(void)number;
}

/* A timer without SA_RESTART: the call that waits ends. */
static void interrupt_after(int milliseconds)
{
	struct itimerval once = { .it_value = { .tv_usec = milliseconds * 1000 } };
	struct sigaction action = { .sa_handler = on_signal };

	must(sigaction(SIGALRM, &action, NULL) || setitimer(ITIMER_REAL, &once, NULL), "timer");
}

/* A read of nothing and a write into what is full, both interrupted. */
static void short_eintr(void)
{
	struct pair pair = pair_open(true);
	size_t room = 64 << 20;
	unsigned char *buffer = zalloc_pages(room), *sink = zalloc_pages(room);
	struct tally out = { 0 }, in = { 0 };
	ssize_t n;

	pattern_fill(buffer, room, 0);
	window_open();
	interrupt_after(50);
	if (tell(&in, read(pair.in, sink, PAGE), EINTR) >= 0)
		die("the read was not interrupted");
	/* More than fits: what did is the result. */
	interrupt_after(300);
	n = tell(&out, write(pair.out, buffer, room), EINTR);
	if (n <= 0 || n == (ssize_t)room)
		die("the write was not interrupted half-way: %zd", n);
	interrupt_after(50);
	if (tell(&out, write(pair.out, buffer, room), EINTR) > 0 && !strcmp(options.to, "pipe"))
		die("there was room");
	while (in.bytes < out.bytes)
		tell(&in, read(pair.in, sink + in.bytes, smaller(room, out.bytes - in.bytes)),
		     EINTR);
	window_close(out.calls + in.calls);
	pattern_check(sink, n, 0, "reader");
	pair_tell(&pair, &out, &in);
}

/* Reads that go beyond the end: short, then 0. */
static void short_eof(void)
{
	int in = open_source(options.src);
	unsigned char *buffer = zalloc_pages(options.chunk);
	struct tally tally = { 0 };

	window_open();
	while (tell(&tally, read(in, buffer, options.chunk), 0) > 0)
		;
	tell(&tally, pread(in, buffer, options.chunk, 1ll << 40), 0);
	window_close(tally.calls);
	{
		struct flow *flow =
			flow_add(place_of(in, options.src), place_memory(), tally.bytes);

		flow_hop(flow, "page_cache>user_buffer copy", tally.bytes);
		flow_call(flow, "read", tally.calls - 1);
		flow_call(flow, "pread64", 1);
		flow_disk(flow, in, tally.bytes);
	}
}

/* --dst is on a file system that is smaller than --bytes. */
static void short_enospc(void)
{
	int out = open_destination(options.dst);
	unsigned char *buffer = zalloc_pages(options.chunk);
	struct tally tally = { 0 };

	pattern_fill(buffer, options.chunk, 0);
	window_open();
	while (tell(&tally, write(out, buffer, options.chunk), ENOSPC) > 0)
		if (tally.bytes > options.bytes)
			die("%s: there is room", options.dst);
	window_close(tally.calls);
	if (!tally.failed)
		die("%s: the disk is not full", options.dst);
	file_tell(out, options.dst, &tally, "write", false);
}

static sigjmp_buf after_sigbus;

static void on_sigbus(int number)
{
	(void)number;
	siglongjmp(after_sigbus, 1);
}

/* A mapping of --src that is cut to its first half: stores, and writes from it. */
static void short_sigbus(void)
{
	uint64_t half = options.bytes / 2 & -(uint64_t)PAGE;
	struct sigaction action = { .sa_handler = on_sigbus };
	struct pair pair = pair_open(false);
	unsigned char *sink = zalloc_pages(options.bytes);
	int fd = open(options.src, O_RDWR | O_CLOEXEC);
	struct tally out = { 0 }, in = { 0 };
	volatile unsigned char *at;
	volatile int died = 0;
	struct flow *flow;

	must(fd < 0, options.src);
	must(sigaction(SIGBUS, &action, NULL), "sigaction");
	at = mmap(NULL, options.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(at == MAP_FAILED || ftruncate(fd, half), "mmap");
	window_open();
	if (!sigsetjmp(after_sigbus, 1))
		at[half] = 1;
	else
		died = 1;
	at[0] = at[0];
	while (out.bytes < half) {
		/* Beyond the end of the file. */
		size_t bytes = smaller(options.chunk, half - out.bytes) + PAGE;

		if (tell(&out, write(pair.out, (void *)(at + out.bytes), bytes), EFAULT) < 0)
			tell(&out, write(pair.out, (void *)(at + out.bytes), bytes - PAGE), EAGAIN);
		while (in.bytes < out.bytes)
			tell(&in, read(pair.in, sink + in.bytes, out.bytes - in.bytes), EAGAIN);
	}
	if (tell(&out, write(pair.out, (void *)(at + half), PAGE), EFAULT) >= 0)
		die("there is something beyond the end of the file");
	window_close(out.calls + in.calls);
	if (!died)
		die("no SIGBUS");
	pattern_check(sink, in.bytes, 0, "reader");
	flow = flow_add(place_of(fd, options.src), place_of(pair.out, NULL), out.bytes);
	flow_hop(flow,
		 !strcmp(options.to, "pipe") ? "mapping>pipe_buffer copy" :
					       "mapping>socket_buffer copy",
		 out.bytes);
	flow_hop(flow, "page_cache>mapping map", half);
	flow_call(flow, pair.send, out.calls);
	flow = flow_add(place_of(pair.in, NULL), place_memory(), in.bytes);
	flow_hop(flow, pair.read, in.bytes);
	flow_call(flow, pair.receive, in.calls);
	flow = flow_add(place_memory(), place_of(fd, options.src), 0);
	flow_hop(flow, "mapping>page_cache dirty", PAGE);
	flow_call(flow, "fault", 1);
}

/* How much of a file that was cold came from the disk: as much as is cached now. */
static uint64_t cached_bytes(int fd)
{
	size_t pages = (options.bytes + PAGE - 1) / PAGE;
	unsigned char *cached = zalloc_pages(pages);
	void *at = mmap(NULL, options.bytes, PROT_READ, MAP_SHARED, fd, 0);
	uint64_t bytes = 0;

	must(at == MAP_FAILED || mincore(at, options.bytes, cached), "mincore");
	for (size_t i = 0; i < pages; i++)
		bytes += cached[i] & 1 ? PAGE : 0;
	return bytes;
}

/*
 * A file of which every other chunk is in the page cache, read without waiting.
 * For the others Linux 6.1 does not even ask the disk, 6.12 does.
 */
static void short_nowait(void)
{
	unsigned char *buffer = zalloc_pages(options.chunk);
	struct tally tally = { 0 }, fill = { 0 };
	int in = open_source(options.src);
	struct flow *flow;

	must(posix_fadvise(in, 0, 0, POSIX_FADV_RANDOM), "posix_fadvise");
	window_open();
	for (uint64_t at = 0; at < options.bytes; at += options.chunk) {
		struct iovec v = { buffer, options.chunk };
		bool cached = at / options.chunk % 2;
		ssize_t n;

		if (cached)
			tell(&fill, pread(in, buffer, options.chunk, at), 0);
		n = tell(&tally, preadv2(in, &v, 1, at, RWF_NOWAIT), EAGAIN);
		if (cached && n != (ssize_t)options.chunk)
			die("not cached at %llu: %zd", (unsigned long long)at, n);
	}
	if (!tally.failed)
		die("nothing returned EAGAIN");
	window_close(tally.calls + fill.calls);
	flow = flow_add(place_of(in, options.src), place_memory(), tally.bytes + fill.bytes);
	flow_hop(flow, "page_cache>user_buffer copy", tally.bytes + fill.bytes);
	flow_hop(flow, "disk>page_cache dma", cached_bytes(in));
	flow_call(flow, "preadv2", tally.calls);
	flow_call(flow, "pread64", fill.calls);
}

/* Flags that the kernel may not know, and what it does then: nothing. */
static void short_dontcache(void)
{
	unsigned char *buffer = zalloc_pages(options.chunk);
	int in = open_source(options.src);
	struct iovec v = { buffer, options.chunk };
	struct tally tally = { 0 }, refused = { 0 };

	window_open();
	tell(&refused, preadv2(in, &v, 1, 0, RWF_DONTCACHE), EOPNOTSUPP);
	tell(&tally, preadv2(in, &v, 1, 0, 0), 0);
	window_close(refused.failed ? 1 : 2);
	if (!refused.failed) {
		tally.calls++;
		tally.bytes += refused.bytes;
	}
	file_tell(in, options.src, &tally, "preadv2", true);
}

const struct workload short_workloads[] = {
	{ "short-eagain", short_eagain, "fill and empty --to without waiting", false },
	{ "short-efault", short_efault, "--to, with buffers that end too early", false },
	{ "short-efault-file", short_efault_file, "--src to --dst, the same", false },
	{ "short-eintr", short_eintr, "--to, interrupted by a signal", false },
	{ "short-eof", short_eof, "read --src beyond its end", false },
	{ "short-enospc", short_enospc, "write --dst until the disk is full", false },
	{ "short-sigbus", short_sigbus, "write --to from a mapping of --src that was cut", false },
	{ "short-nowait", short_nowait, "read --src with RWF_NOWAIT, half of it cached", false },
	{ "short-dontcache", short_dontcache, "read --src with RWF_DONTCACHE", false },
	{ 0 },
};
