// SPDX-License-Identifier: MIT
/*
 * MSG_ZEROCOPY: each send waits until the kernel says, on the error queue of
 * the socket, that it let go of the pages, and whether it had copied them.
 */
#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
/* Wants struct timespec. */
#include <linux/errqueue.h>

#include "tests/workload/workload.h"

/* What the kernel said of the sends. */
struct told {
	uint32_t sends; /* let go of */
	bool copied; /* one of the last ones was copied */
};

static void hear(struct told *told, const struct sock_extended_err *e)
{
	if (e->ee_errno || e->ee_origin != SO_EE_ORIGIN_ZEROCOPY)
		die("the error queue has something else: %s", strerror(e->ee_errno));
	told->sends += e->ee_data - e->ee_info + 1;
	told->copied |= e->ee_code & SO_EE_CODE_ZEROCOPY_COPIED;
}

/* Waits until the kernel let go of @sends. */
static void listen_for(int fd, struct told *told, uint32_t sends)
{
	struct pollfd ready = { .fd = fd };
	char control[256];

	while (told->sends != sends) {
		struct msghdr m = { .msg_control = control, .msg_controllen = sizeof(control) };

		if (poll(&ready, 1, 60000) <= 0)
			die("the kernel does not let go of the pages");
		if (recvmsg(fd, &m, MSG_ERRQUEUE) < 0) {
			if (errno == EAGAIN)
				continue;
			die("error queue: %s", strerror(errno));
		}
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
			hear(told, (const void *)CMSG_DATA(c));
	}
}

/* One send whose pages the kernel has let go of: *copied tells whether it copied them. */
static ssize_t send_pinned(struct sink *sink, void *buffer, size_t bytes, int segment_bytes,
			   bool *copied)
{
	static uint32_t sends;
	struct told told = { .sends = sends };
	ssize_t n;

	*copied = false;

	if (options.write)
		return uring_send_zc(sink->fd, buffer, bytes, strstr(options.write, "fixed"),
				     strstr(options.write, "sendmsg"), copied);
	n = send(sink->fd, buffer, bytes, MSG_ZEROCOPY);
	if (n <= 0)
		return n;
	if (has_mode("unset"))
		return n;
	/* A datagram stays pinned until the receiver took it. */
	messages_moved = segment_bytes ? (n + segment_bytes - 1) / segment_bytes : 1;
	sink_sent(sink);
	listen_for(sink->fd, &told, ++sends);
	*copied = told.copied;
	return n;
}

static const char *name_of_send(void)
{
	static const char *const names[][2] = {
		{ "uring-send-zc", "io_uring:send_zc" },
		{ "uring-send-zc-fixed", "io_uring:send_zc" },
		{ "uring-sendmsg-zc", "io_uring:sendmsg_zc" },
		{ "uring-sendmsg-zc-fixed", "io_uring:sendmsg_zc" },
	};

	if (!options.write)
		return "sendto";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(options.write, names[i][0]))
			return names[i][1];
	die("no call %s", options.write);
}

static void zerocopy(void)
{
	const char *name = name_of_send();
	struct sink sink = sink_open(options.to, NULL, options.bytes);
	unsigned char *buffer = zalloc_pages(options.chunk);
	uint64_t sent = 0, copied = 0;
	uint32_t sends = 0;
	int segment_bytes = options.count > 1 ? options.count : 0;
	struct flow *flow;
	int one = 1;

	if (!has_mode("unset") && setsockopt(sink.fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)))
		die("SO_ZEROCOPY: %s", strerror(errno));
	if (segment_bytes &&
	    setsockopt(sink.fd, SOL_UDP, UDP_SEGMENT, &segment_bytes, sizeof(segment_bytes)))
		die("UDP_SEGMENT: %s", strerror(errno));
	window_open();
	while (sent < options.bytes) {
		size_t bytes = smaller(options.chunk, options.bytes - sent);
		bool later;
		ssize_t n;

		pattern_fill(buffer, bytes, sent);
		n = send_pinned(&sink, buffer, bytes, segment_bytes, &later);
		if (n <= 0)
			die("%s: %s", name, strerror(errno));
		sends++;
		sent += n;
		copied += later ? n : 0;
	}
	window_close(sends);
	flow = flow_add(place_memory(), sink.place, sent);
	/* Without SO_ZEROCOPY the kernel ignores the flag. */
	flow_hop(flow, has_mode("unset") ? sink.copied_hop : "user_buffer>socket_buffer reference",
		 sent);
	flow_hop(flow, "socket_buffer>socket_buffer copy", copied);
	flow_call(flow, name, sends);
	sink_close(&sink);
}

const struct workload zerocopy_workloads[] = {
	{ "zerocopy", zerocopy,
	  "send bytes made here with MSG_ZEROCOPY --to tcp or udp; --count: bytes of a segment; "
	  "--mode unset: without SO_ZEROCOPY",
	  false },
	{ 0 },
};
