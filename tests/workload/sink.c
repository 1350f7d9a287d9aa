// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/workload/workload.h"

/* What the receiver counts, apart from bytes. */
struct received {
	uint64_t total, copied, calls, peeks;
};

static bool unchecked;

static void check(const void *buffer, size_t bytes, uint64_t offset, const char *who)
{
	if (!unchecked)
		pattern_check(buffer, bytes, offset, who);
}

static bool is_datagram(const char *kind)
{
	return !strncmp(kind, "udp", 3) || !strcmp(kind, "unix-dgram");
}

/* Looks at the next bytes without taking them; returns how many. */
static size_t peek(int fd, void *buffer, size_t bytes, struct received *r)
{
	ssize_t n = recv(fd, buffer, bytes, MSG_PEEK);

	if (n <= 0)
		die("peek: %s", n ? strerror(errno) : "end of file");
	check(buffer, n, r->total, "peek");
	r->copied += n;
	r->peeks++;
	return n;
}

/* Asks for the length while TCP throws the bytes away. */
static void discard(int fd, size_t bytes, struct received *r)
{
	ssize_t n = recv(fd, NULL, bytes, MSG_TRUNC);

	if (n <= 0)
		die("trunc: %s", n ? strerror(errno) : "end of file");
	r->total += n;
	r->calls++;
}

/* A datagram longer than the buffer: what does not fit is lost. */
static void cut(int fd, void *buffer, size_t bytes, struct received *r)
{
	ssize_t n = recv(fd, buffer, bytes / 2, MSG_TRUNC);

	if (n <= 0)
		die("cut: %s", n ? strerror(errno) : "end of file");
	check(buffer, smaller(n, bytes / 2), r->total, "cut");
	r->total += n;
	r->copied += smaller(n, bytes / 2);
	r->calls++;
}

static void receive_one(int fd, const struct call *call, void *buffer, size_t bytes,
			struct received *r)
{
	ssize_t n = call->move(fd, buffer, bytes, 0);

	if (n <= 0)
		die("receive: %s", n ? strerror(errno) : "end of file");
	check(buffer, n, r->total, "receiver");
	r->total += n;
	r->copied += n;
	r->calls++;
}

static void receive(struct sink *sink, int fd, const char *kind, uint64_t expected)
{
	bool stream = !is_datagram(kind);
	const char *name = options.receive ? options.receive : stream ? "read" : "recv";
	const struct call *call = reader_find(name);
	size_t room = options.chunk * (strcmp(name, "recvmmsg") ? 1 : MESSAGES);
	struct place place = place_of(fd, NULL);
	unsigned char *buffer = zalloc_pages(room);
	struct received r = { 0 };
	struct flow *flow;
	uint64_t delivered;

	window_open();
	while (r.total < expected) {
		size_t bytes = stream ? smaller(room, expected - r.total) : room;

		messages_moved = 1;
		if (has_mode("peek"))
			bytes = peek(fd, buffer, bytes, &r);
		if (has_mode("trunc") && r.calls % 2)
			discard(fd, bytes, &r);
		else if (has_mode("cut"))
			cut(fd, buffer, bytes, &r);
		else
			receive_one(fd, call, buffer, bytes, &r);
		for (unsigned int i = 0; sink->arrived && i < messages_moved; i++)
			sem_post(sink->arrived);
	}
	window_close(r.calls + r.peeks);
	if (r.total != expected)
		die("received %llu bytes", (unsigned long long)r.total);
	delivered = has_mode("peek") ? r.total : r.copied;
	flow = flow_add(place, place_memory(), delivered);
	flow_hop(flow,
		 strcmp(kind, "pipe") ? "socket_buffer>user_buffer copy" :
					"pipe_buffer>user_buffer copy",
		 r.copied);
	if (has_mode("trunc") || has_mode("cut"))
		flow_call(flow, "recvfrom", has_mode("cut") ? r.calls : r.calls / 2);
	if (!has_mode("cut"))
		flow_call(flow, call->reported,
			  has_mode("trunc") ? r.calls - r.calls / 2 : r.calls);
	flow_call(flow, "recvfrom", r.peeks);
	_exit(0);
}

static int make_socket(int family, int type)
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket: %s", strerror(errno));
	return fd;
}

/* Binds to a free port of the loopback device. */
static socklen_t bind_anywhere(int fd, int family, struct sockaddr_storage *any)
{
	struct sockaddr_in *in4 = (void *)any;
	struct sockaddr_in6 *in6 = (void *)any;
	socklen_t size = family == AF_INET ? sizeof(*in4) : sizeof(*in6);

	memset(any, 0, sizeof(*any));
	any->ss_family = family;
	if (family == AF_INET)
		in4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		in6->sin6_addr = in6addr_loopback;
	if (bind(fd, (struct sockaddr *)any, size) ||
	    getsockname(fd, (struct sockaddr *)any, &size))
		die("bind: %s", strerror(errno));
	return size;
}

static int type_of(const char *kind)
{
	if (!strcmp(kind, "unix-seqpacket"))
		return SOCK_SEQPACKET;
	return is_datagram(kind) ? SOCK_DGRAM : SOCK_STREAM;
}

void connect_ends(const char *kind, int ends[2])
{
	int family = strchr(kind, '6') ? AF_INET6 : AF_INET;
	int type = type_of(kind);
	struct sockaddr_storage receiver, sender;
	socklen_t size;

	if (!strncmp(kind, "unix", 4)) {
		if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends))
			die("socketpair: %s", strerror(errno));
		return;
	}
	ends[0] = make_socket(family, type);
	ends[1] = make_socket(family, type);
	size = bind_anywhere(ends[0], family, &receiver);
	if (type == SOCK_STREAM && listen(ends[0], 1))
		die("listen: %s", strerror(errno));
	if (connect(ends[1], (struct sockaddr *)&receiver, size))
		die("connect: %s", strerror(errno));
	if (type == SOCK_STREAM) {
		int fd = accept4(ends[0], NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			die("accept: %s", strerror(errno));
		close(ends[0]);
		ends[0] = fd;
		return;
	}
	if (getsockname(ends[1], (struct sockaddr *)&sender, &size) ||
	    connect(ends[0], (struct sockaddr *)&sender, size))
		die("connect: %s", strerror(errno));
}

/* Somebody else's receiver, who takes all: KIND:ADDRESS:PORT. */
static int connect_to(const char *kind)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	const char *host = strchr(kind, ':') + 1, *port = strrchr(kind, ':');
	char text[64] = "";
	int fd;

	if (port > host && port - host < (int)sizeof(text))
		memcpy(text, host, port - host);
	in.sin_port = htons(atoi(port + 1));
	if (inet_pton(AF_INET, text, &in.sin_addr) != 1)
		die("'%s' is no KIND:ADDRESS:PORT", kind);
	fd = make_socket(AF_INET, type_of(kind));
	if (connect(fd, (struct sockaddr *)&in, sizeof(in)))
		die("%s: %s", kind, strerror(errno));
	return fd;
}

static void open_file_sink(struct sink *sink)
{
	sink->path = options.dst;
	sink->fd = open_destination(options.dst);
	sink->place = place_of(sink->fd, options.dst);
	sink->copied_hop = "user_buffer>page_cache copy";
	sink->mapped_hop = "mapping>page_cache copy";
	sink->held_hop = NULL;
}

struct sink sink_open(const char *kind, const char *path, uint64_t bytes)
{
	struct sink sink = { .fd = -1, .place = place_memory(), .path = path };
	int ends[2];

	if (!kind || !strcmp(kind, "none"))
		return sink;
	if (!strcmp(kind, "file")) {
		open_file_sink(&sink);
		return sink;
	}
	if (!strcmp(kind, "pipe")) {
		if (pipe2(ends, O_CLOEXEC))
			die("pipe: %s", strerror(errno));
		sink.copied_hop = "user_buffer>pipe_buffer copy";
		sink.mapped_hop = "mapping>pipe_buffer copy";
		sink.held_hop = "page_cache>pipe_buffer reference";
	} else {
		sink.copied_hop = "user_buffer>socket_buffer copy";
		sink.mapped_hop = "mapping>socket_buffer copy";
		sink.held_hop = "page_cache>socket_buffer reference";
		if (!strncmp(kind, "unix-", 5))
			sink.held_hop = "page_cache>socket_buffer copy";
		if (strchr(kind, ':')) {
			sink.fd = connect_to(kind);
			sink.is_foreign = true;
			sink.place = place_of(sink.fd, NULL);
			return sink;
		}
		connect_ends(kind, ends);
	}
	if (is_datagram(kind)) {
		sink.arrived = shared_pages(sizeof(*sink.arrived));
		sem_init(sink.arrived, 1, 0);
	}
	sink.receiver = fork_or_die();
	if (!sink.receiver) {
		close(ends[1]);
		receive(&sink, ends[0], kind, bytes);
	}
	close(ends[0]);
	sink.fd = ends[1];
	sink.place = place_of(sink.fd, NULL);
	return sink;
}

struct sink sink_open_unchecked(const char *kind, uint64_t bytes)
{
	unchecked = true;
	return sink_open(kind, options.dst, bytes);
}

/* Datagrams that nobody has room for are thrown away: wait until they arrived. */
void sink_sent(struct sink *sink)
{
	for (unsigned int i = 0; sink->arrived && i < messages_moved; i++)
		while (sem_wait(sink->arrived))
			;
}

/* What is still in the socket would be sent after the tracing. */
static void wait_until_sent(int fd)
{
	int left = 0;

	for (int i = 0; i < 60000; i++) {
		if (ioctl(fd, SIOCOUTQ, &left))
			die("SIOCOUTQ: %s", strerror(errno));
		if (!left)
			return;
		usleep(1000);
	}
	die("%d bytes are not sent", left);
}

void sink_close(struct sink *sink)
{
	if (sink->is_foreign)
		wait_until_sent(sink->fd);
	if (sink->fd >= 0)
		close(sink->fd);
	if (!sink->receiver)
		return;
	wait_for(sink->receiver);
}

bool sink_is_file(const struct sink *sink)
{
	return !strcmp(sink->place.kind, "file");
}
