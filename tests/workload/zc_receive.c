// SPDX-License-Identifier: MIT
/*
 * TCP_ZEROCOPY_RECEIVE: the kernel says of each call how many bytes it mapped
 * and how many it copied.  This process has both ends of the connection.
 */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/workload/workload.h"

struct receiving {
	int ends[2]; /* 0 receives, 1 sends */
	struct sink sink;
	unsigned char *source, *mapping, *buffer;
	bool pinned; /* MSG_ZEROCOPY: the packets have whole pages of their own */
	uint64_t mapped, copied, calls, recvs, writes, sends;
};

/* Lets go of the pages that were sent. */
static void hear(int fd)
{
	char control[256];
	struct msghdr m = { .msg_control = control, .msg_controllen = sizeof(control) };

	while (recvmsg(fd, &m, MSG_ERRQUEUE) >= 0)
		m.msg_controllen = sizeof(control);
}

static void send_chunk(struct receiving *r, size_t bytes, uint64_t offset)
{
	ssize_t n;

	pattern_fill(r->source, bytes, offset);
	n = send(r->ends[1], r->source, bytes, r->pinned ? MSG_ZEROCOPY : 0);
	if (n != (ssize_t)bytes)
		die("send: %zd of %zu bytes: %s", n, bytes, strerror(errno));
	r->sends++;
}

/* Checks what came to @at, and writes it on. */
static void take(struct receiving *r, unsigned char *at, size_t bytes, uint64_t offset)
{
	pattern_check(at, bytes, offset, "receiver");
	if (bytes && r->sink.fd >= 0)
		r->writes += write_all(writer_find("write"), r->sink.fd, at, bytes, offset);
}

/* One call, and a recv() where the kernel wants one; returns how many bytes came. */
static size_t receive(struct receiving *r, size_t bytes, uint64_t offset)
{
	struct tcp_zerocopy_receive zc = {
		.address = (uintptr_t)r->mapping,
		.length = bytes,
		.copybuf_address = (uintptr_t)r->buffer,
		.copybuf_len = smaller(bytes, 8192),
	};
	socklen_t size = sizeof(zc);
	ssize_t n;

	if (getsockopt(r->ends[0], IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, &zc, &size) || zc.err)
		die("TCP_ZEROCOPY_RECEIVE: %s", strerror(errno));
	r->calls++;
	if (zc.copybuf_len < 0)
		die("TCP_ZEROCOPY_RECEIVE: %s", strerror(-zc.copybuf_len));
	take(r, r->mapping, zc.length, offset);
	take(r, r->buffer, zc.copybuf_len, offset + zc.length);
	r->mapped += zc.length;
	r->copied += zc.copybuf_len;
	if (zc.length || zc.copybuf_len)
		return zc.length + zc.copybuf_len;
	n = recv(r->ends[0], r->buffer, smaller(bytes, zc.recv_skip_hint), 0);
	if (n < 0)
		die("recv: %s", strerror(errno));
	take(r, r->buffer, n, offset);
	r->copied += n;
	r->recvs++;
	return n;
}

static void tell(struct receiving *r)
{
	struct flow *flow = flow_add(place_memory(), place_of(r->ends[1], NULL), options.bytes);

	flow_hop(flow,
		 r->pinned ? "user_buffer>socket_buffer reference" :
			     "user_buffer>socket_buffer copy",
		 options.bytes);
	flow_hop(flow, "socket_buffer>socket_buffer copy", r->pinned ? options.bytes : 0);
	flow_call(flow, "sendto", r->sends);
	flow = flow_add(place_of(r->ends[0], NULL), r->sink.place, options.bytes);
	flow_hop(flow, "socket_buffer>mapping map", r->mapped);
	flow_hop(flow, "socket_buffer>user_buffer copy", r->copied);
	flow_call(flow, "getsockopt", r->calls);
	flow_call(flow, "recvfrom", r->recvs);
	if (r->sink.fd < 0)
		return;
	flow_hop(flow, r->sink.mapped_hop, r->mapped);
	flow_hop(flow, r->sink.copied_hop, r->copied);
	flow_call(flow, "write", r->writes);
}

static void zerocopy_receive(void)
{
	struct receiving r = { .pinned = has_mode("pinned") };
	size_t room = (options.chunk + 4095) & -4096ul;
	int one = 1;

	r.sink = sink_open(options.to, options.dst, options.bytes);
	connect_ends("tcp", r.ends);
	if (r.pinned && setsockopt(r.ends[1], SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)))
		die("SO_ZEROCOPY: %s", strerror(errno));
	r.source = zalloc_pages(room);
	r.buffer = zalloc_pages(room);
	r.mapping = mmap(NULL, room, PROT_READ, MAP_SHARED, r.ends[0], 0);
	if (r.mapping == MAP_FAILED)
		die("mmap of the socket: %s", strerror(errno));
	window_open();
	for (uint64_t at = 0, bytes; at < options.bytes; at += bytes) {
		bytes = smaller(options.chunk, options.bytes - at);
		send_chunk(&r, bytes, at);
		for (uint64_t got = 0; got < bytes;)
			got += receive(&r, bytes - got, at + got);
		hear(r.ends[1]);
	}
	window_close(r.sends + r.calls + r.recvs + r.writes);
	tell(&r);
	sink_close(&r.sink);
}

const struct workload zc_receive_workloads[] = {
	{ "zerocopy-receive", zerocopy_receive, "receive by TCP_ZEROCOPY_RECEIVE, and on", false },
	{ 0 },
};
