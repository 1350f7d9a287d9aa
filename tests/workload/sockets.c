// SPDX-License-Identifier: MIT
/* Sockets in odd ways: files passed by them, splices from them, UDP segmentation. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/workload/workload.h"

/* Room for one descriptor. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

void pass_fd(int socket, int fd)
{
	union control control = { .bytes = { 0 } };
	static char byte; /* on the stack it could be what the loader read of a library */
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(socket, &m, 0) != 1)
		die("sendmsg: %s", strerror(errno));
}

int receive_fd(int socket)
{
	union control control;
	char byte;
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	int fd;

	if (recvmsg(socket, &m, 0) != 1)
		die("recvmsg: %s", strerror(errno));
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		die("no descriptor came");
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* Reads what another process opened, and sends it on. */
static void use_passed(int socket, struct sink *sink)
{
	const struct call *reader = reader_find("read"), *writer = writer_find("write");
	unsigned char *buffer = zalloc_pages(options.chunk);
	uint64_t done = 0, reads = 0, writes = 0;
	struct place from = place_of(socket, NULL);
	struct flow *flow;
	int in;

	window_open();
	in = receive_fd(socket);
	for (size_t bytes; done < options.bytes; done += bytes) {
		bytes = smaller(options.chunk, options.bytes - done);
		reads += read_all(reader, in, buffer, bytes, done);
		writes += write_all(writer, sink->fd, buffer, bytes, done);
		sink_sent(sink);
	}
	window_close(1 + reads + writes);
	flow = flow_add(from, place_memory(), 1);
	flow_hop(flow, "socket_buffer>user_buffer copy", 1);
	flow_call(flow, "recvmsg", 1);
	flow = flow_add(place_of(in, options.src), sink->place, done);
	flow_hop(flow, "page_cache>user_buffer copy", done);
	flow_hop(flow, sink->copied_hop, done);
	flow_call(flow, "read", reads);
	flow_call(flow, "write", writes);
	_exit(0);
}

static void passed_fd(void)
{
	struct sink sink = sink_open(options.to, options.dst, options.bytes);
	struct flow *flow;
	int ends[2], in;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		die("socketpair: %s", strerror(errno));
	child = fork_or_die();
	if (!child)
		use_passed(ends[0], &sink);
	in = open_source(options.src);
	pass_fd(ends[1], in);
	wait_for(child);
	flow = flow_add(place_memory(), place_of(ends[1], NULL), 1);
	flow_hop(flow, "user_buffer>socket_buffer copy", 1);
	flow_call(flow, "sendmsg", 1);
	sink_close(&sink);
}

/* The kernel keeps the start of each packet of a unix stream in no page of its own. */
enum { STREAM_CHUNK = 65536, STREAM_HEADS = 4096 };

static void write_chunks(int fd, size_t chunk)
{
	unsigned char *buffer = zalloc_pages(chunk);
	struct place place = place_of(fd, NULL);
	uint64_t done = 0, calls = 0;
	struct flow *flow;

	window_open();
	for (size_t bytes; done < options.bytes; done += bytes) {
		bytes = smaller(chunk, options.bytes - done);
		pattern_fill(buffer, bytes, done);
		calls += write_all(writer_find("write"), fd, buffer, bytes, done);
	}
	window_close(calls);
	flow = flow_add(place_memory(), place, done);
	flow_hop(flow, "user_buffer>socket_buffer copy", done);
	flow_call(flow, "write", calls);
	_exit(0);
}

static void splice_from(void)
{
	bool datagrams = has_mode("unix-dgram");
	size_t chunk = datagrams ? 4096 : STREAM_CHUNK;
	uint64_t done = 0, calls = 0, copied;
	int ends[2], pipe_ends[2], out = open_destination(options.dst);
	struct place from;
	struct flow *flow;
	pid_t child;

	connect_ends(options.mode, ends);
	if (pipe2(pipe_ends, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	child = fork_or_die();
	if (!child)
		write_chunks(ends[1], chunk);
	close(ends[1]);
	from = place_of(ends[0], NULL);
	window_open();
	while (done < options.bytes) {
		ssize_t n = splice(ends[0], NULL, pipe_ends[1], NULL, chunk, 0);

		if (n <= 0)
			die("splice: %s", n ? strerror(errno) : "end of file");
		calls++;
		for (ssize_t left = n, moved; left; left -= moved, calls++) {
			moved = splice(pipe_ends[0], NULL, out, NULL, left, 0);
			if (moved <= 0)
				die("splice: %s", strerror(errno));
		}
		done += n;
	}
	window_close(calls);
	wait_for(child);
	copied = datagrams ? done : has_mode("tcp") ? 0 : done / STREAM_CHUNK * STREAM_HEADS;
	flow = flow_add(from, place_of(out, options.dst), done);
	flow_hop(flow, "socket_buffer>pipe_buffer copy", copied);
	flow_hop(flow, "socket_buffer>pipe_buffer reference", done - copied);
	flow_hop(flow, "pipe_buffer>page_cache copy", done);
	flow_call(flow, "splice", calls);
}

/* Large sends that the kernel cuts into datagrams of --count bytes. */
static void segmented(void)
{
	struct sink sink = sink_open(options.to, NULL, options.bytes);
	unsigned char *buffer = zalloc_pages(options.chunk);
	uint64_t done = 0, sends = 0;
	int part = options.count;
	struct flow *flow;

	if (setsockopt(sink.fd, SOL_UDP, UDP_SEGMENT, &part, sizeof(part)))
		die("UDP_SEGMENT: %s", strerror(errno));
	window_open();
	for (size_t bytes; done < options.bytes; done += bytes) {
		bytes = smaller(options.chunk, options.bytes - done);
		pattern_fill(buffer, bytes, done);
		sends += write_all(writer_find("send"), sink.fd, buffer, bytes, done);
		messages_moved = (bytes + part - 1) / part;
		sink_sent(&sink);
	}
	window_close(sends);
	flow = flow_add(place_memory(), sink.place, done);
	flow_hop(flow, sink.copied_hop, done);
	flow_call(flow, "sendto", sends);
	sink_close(&sink);
}

const struct workload socket_workloads[] = {
	{ "passed-fd", passed_fd, "another process opens --src and passes it by a unix socket",
	  false },
	{ "splice-from", splice_from,
	  "a socket through a pipe to --dst; --mode tcp|unix|unix-dgram", false },
	{ "segmented", segmented, "bytes made here --to udp, in segments of --count", false },
	{ 0 },
};
