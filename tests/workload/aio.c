// SPDX-License-Identifier: MIT
/*
 * libaio, by its system calls: requests that io_submit() takes and that
 * io_getevents() waits for.
 */
#include <errno.h>
#include <linux/aio_abi.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/workload/workload.h"

enum { QUEUE = 4 };

static aio_context_t context(void)
{
	static aio_context_t queue;
	static pid_t owner; /* not the child after a fork */

	if (owner == getpid())
		return queue;
	queue = 0;
	if (syscall(SYS_io_setup, QUEUE, &queue))
		die("io_setup: %s", strerror(errno));
	owner = getpid();
	return queue;
}

/* Submits all at once and waits for all; the bytes they moved, or -1 with errno. */
static ssize_t run(struct iocb *requests, long count)
{
	struct iocb *pointers[QUEUE];
	struct io_event events[QUEUE];
	ssize_t moved = 0;

	for (long i = 0; i < count; i++)
		pointers[i] = &requests[i];
	if (syscall(SYS_io_submit, context(), count, pointers) != count)
		die("io_submit: %s", strerror(errno));
	if (syscall(SYS_io_getevents, context(), count, count, events, NULL) != count)
		die("io_getevents: %s", strerror(errno));
	for (long i = 0; i < count; i++) {
		if (events[i].res < 0) {
			errno = -events[i].res;
			return -1;
		}
		moved += events[i].res;
	}
	return moved;
}

static struct iocb request(int code, int fd, const void *buffer, size_t bytes, off_t offset)
{
	return (struct iocb){
		.aio_lio_opcode = code,
		.aio_fildes = fd,
		.aio_buf = (uintptr_t)buffer,
		.aio_nbytes = bytes,
		.aio_offset = offset,
	};
}

static ssize_t by_one(int code, int fd, void *buffer, size_t bytes, off_t offset)
{
	struct iocb one = request(code, fd, buffer, bytes, offset);

	calls_beside++; /* io_getevents */
	return run(&one, 1);
}

static ssize_t by_halves(int code, int fd, void *buffer, size_t bytes, off_t offset)
{
	size_t first = bytes / 2 & -4096ul;
	struct iovec v[2] = { { buffer, first }, { (char *)buffer + first, bytes - first } };

	return by_one(code, fd, v, 2, offset);
}

static ssize_t by_pread(int fd, void *buffer, size_t bytes, off_t offset)
{
	return by_one(IOCB_CMD_PREAD, fd, buffer, bytes, offset);
}

static ssize_t by_preadv(int fd, void *buffer, size_t bytes, off_t offset)
{
	return by_halves(IOCB_CMD_PREADV, fd, buffer, bytes, offset);
}

static ssize_t by_pwrite(int fd, void *buffer, size_t bytes, off_t offset)
{
	return by_one(IOCB_CMD_PWRITE, fd, buffer, bytes, offset);
}

static ssize_t by_pwritev(int fd, void *buffer, size_t bytes, off_t offset)
{
	return by_halves(IOCB_CMD_PWRITEV, fd, buffer, bytes, offset);
}

const struct call aio_readers[] = {
	{ "aio-pread", "io_submit", by_pread },
	{ "aio-preadv", "io_submit", by_preadv },
	{ NULL, NULL, NULL },
};

const struct call aio_writers[] = {
	{ "aio-pwrite", "io_submit", by_pwrite },
	{ "aio-pwritev", "io_submit", by_pwritev },
	{ NULL, NULL, NULL },
};

/* Up to QUEUE pieces from @offset on by one io_submit(): their number. */
static uint64_t move_many(int code, int fd, char *buffer, uint64_t offset)
{
	uint64_t end = smaller(offset + QUEUE * options.chunk, options.bytes), at = offset;
	struct iocb requests[QUEUE];
	long count = 0;

	for (; at < end; at += options.chunk, count++)
		requests[count] = request(code, fd, buffer + (at - offset),
					  smaller(options.chunk, end - at), at);
	if (run(requests, count) != (ssize_t)(end - offset))
		die("io_submit: not all was moved");
	return count;
}

static void many(void)
{
	struct sink sink = sink_open("file", options.dst, options.bytes);
	int in = open_source(options.src);
	char *buffer = zalloc_pages(QUEUE * options.chunk);
	uint64_t requests = 0, turns = 0;
	struct flow *flow;

	make_direct(in, options.src);
	make_direct(sink.fd, options.dst);
	window_open();
	for (uint64_t at = 0; at < options.bytes; at += QUEUE * options.chunk, turns++) {
		requests += move_many(IOCB_CMD_PREAD, in, buffer, at);
		pattern_check(buffer, smaller(QUEUE * options.chunk, options.bytes - at), at,
			      "libaio");
		move_many(IOCB_CMD_PWRITE, sink.fd, buffer, at);
	}
	window_close(4 * turns);
	flow = flow_add(place_of(in, options.src), sink.place, options.bytes);
	flow_hop(flow, "disk>user_buffer dma", options.bytes);
	flow_hop(flow, "user_buffer>disk dma", options.bytes);
	flow_call(flow, "io_submit", 2 * requests);
	sink_close(&sink);
}

const struct workload aio_workloads[] = {
	{ "aio-many", many, "copy --src to --dst by libaio and O_DIRECT, many requests at a time",
	  false },
	{ 0 },
};
