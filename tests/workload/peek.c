// SPDX-License-Identifier: MIT
/*
 * Bytes of a socket that are looked at, asked for and thrown away before they
 * are received, by every call that can: MSG_PEEK, MSG_TRUNC, MSG_WAITALL.  One
 * process has both ends, so that all that is to be there is there.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/workload/workload.h"

enum { TAKES = 8, PEEKED_MESSAGES = 4 };

/* One end of the socket, the buffer, and what came of it. */
struct peeking {
	int fd;
	unsigned char *buffer;
	size_t bytes; /* of a chunk */
	uint64_t offset; /* of the next byte to come */
	uint64_t copied, delivered;
	uint64_t recvs, recvmsgs, recvmmsgs;
};

static void expect(const char *what, ssize_t got, size_t expected)
{
	if (got != (ssize_t)expected)
		die("%s: %zd instead of %zu: %s", what, got, expected, strerror(errno));
}

/* @room bytes of the buffer; the call must return @ret and copy @copied. */
static void by_recv(struct peeking *p, size_t room, int flags, size_t ret, size_t copied)
{
	memset(p->buffer, 0, p->bytes);
	expect("recv", recv(p->fd, p->buffer, room, flags), ret);
	pattern_check(p->buffer, copied, p->offset, "recv");
	p->recvs++;
	p->copied += copied;
	if (flags & MSG_PEEK)
		return;
	p->delivered += copied;
	p->offset += p->bytes;
}

static void by_recvmsg(struct peeking *p, size_t room, int flags, size_t ret, size_t copied)
{
	struct iovec v[3] = { { p->buffer, 1 },
			      { p->buffer + 1, room / 2 },
			      { p->buffer + 1 + room / 2, room - 1 - room / 2 } };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 3 };

	memset(p->buffer, 0, p->bytes);
	expect("recvmsg", recvmsg(p->fd, &m, flags), ret);
	pattern_check(p->buffer, copied, p->offset, "recvmsg");
	p->recvmsgs++;
	p->copied += copied;
	if (flags & MSG_PEEK)
		return;
	p->delivered += copied;
	p->offset += p->bytes;
}

/* Looks at the same datagram again and again, each time at its first half. */
static void by_recvmmsg(struct peeking *p, int flags)
{
	struct mmsghdr m[PEEKED_MESSAGES] = { 0 };
	struct iovec v[PEEKED_MESSAGES];
	size_t half = p->bytes / 2;

	for (int i = 0; i < PEEKED_MESSAGES; i++) {
		v[i] = (struct iovec){ p->buffer, half };
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &v[i], .msg_iovlen = 1 };
	}
	expect("recvmmsg", recvmmsg(p->fd, m, PEEKED_MESSAGES, flags, NULL), PEEKED_MESSAGES);
	for (int i = 0; i < PEEKED_MESSAGES; i++)
		expect("a message", m[i].msg_len, flags & MSG_TRUNC ? p->bytes : half);
	pattern_check(p->buffer, half, p->offset, "recvmmsg");
	p->recvmmsgs++;
	p->copied += PEEKED_MESSAGES * half;
}

/* One chunk of a stream, of which all is there. */
static void take_stream(struct peeking *p, unsigned int how, bool tcp)
{
	size_t all = p->bytes, half = all / 2;

	switch (how) {
	case 0:
		by_recv(p, half, MSG_PEEK, half, half);
		break;
	case 1:
		by_recvmsg(p, all, MSG_PEEK | (tcp ? MSG_WAITALL : 0), all, all);
		by_recvmsg(p, all, MSG_WAITALL, all, all);
		return;
	case 2:
		by_recv(p, 0, MSG_DONTWAIT, 0, 0);
		p->offset -= p->bytes; /* an empty receive takes nothing */
		break;
	case 3:
		/* TCP tells the length and copies nothing; a unix stream knows no MSG_TRUNC. */
		by_recv(p, all, MSG_PEEK | MSG_TRUNC | (tcp ? MSG_WAITALL : 0), all, tcp ? 0 : all);
		break;
	case 4:
		/* TCP throws the bytes away. */
		by_recv(p, all, MSG_TRUNC | MSG_WAITALL, all, tcp ? 0 : all);
		return;
	case 5:
		by_recv(p, all, MSG_PEEK, all, all);
		by_recv(p, all, MSG_PEEK | MSG_DONTWAIT, all, all);
		break;
	default:
		break;
	}
	by_recv(p, all, MSG_WAITALL, all, all);
}

/* One datagram; of one that is too long, what does not fit is lost. */
static void take_datagram(struct peeking *p, unsigned int how)
{
	size_t all = p->bytes, half = all / 2;

	switch (how) {
	case 0:
		by_recv(p, 0, MSG_PEEK | MSG_TRUNC, all, 0);
		break;
	case 1:
		by_recv(p, half, MSG_PEEK, half, half);
		break;
	case 2:
		by_recvmsg(p, half, MSG_PEEK | MSG_TRUNC, all, half);
		break;
	case 3:
		by_recvmsg(p, half, 0, half, half);
		return;
	case 4:
		by_recv(p, half, MSG_TRUNC, all, half);
		return;
	case 5:
		by_recvmmsg(p, MSG_PEEK);
		break;
	case 6:
		by_recvmmsg(p, MSG_PEEK | MSG_TRUNC);
		break;
	default:
		by_recvmsg(p, all, MSG_PEEK | MSG_WAITALL, all, all);
		break;
	}
	by_recv(p, all, MSG_WAITALL, all, all);
}

static void peek(void)
{
	bool stream = !strcmp(options.to, "unix") || !strncmp(options.to, "tcp", 3);
	struct peeking p = { .bytes = options.chunk };
	unsigned char *source = zalloc_pages(options.chunk);
	uint64_t sends = 0;
	struct flow *flow;
	int ends[2];

	connect_ends(options.to, ends);
	p.fd = ends[0];
	p.buffer = zalloc_pages(options.chunk);
	window_open();
	for (uint64_t at = 0; at < options.bytes; at += options.chunk, sends++) {
		pattern_fill(source, options.chunk, at);
		expect("send", send(ends[1], source, options.chunk, 0), options.chunk);
		if (stream)
			take_stream(&p, sends % TAKES, !strncmp(options.to, "tcp", 3));
		else
			take_datagram(&p, sends % TAKES);
	}
	window_close(sends + p.recvs + p.recvmsgs + p.recvmmsgs);
	flow = flow_add(place_memory(), place_of(ends[1], NULL), sends * options.chunk);
	flow_hop(flow, "user_buffer>socket_buffer copy", sends * options.chunk);
	flow_call(flow, "sendto", sends);
	flow = flow_add(place_of(ends[0], NULL), place_memory(), p.delivered);
	flow_hop(flow, "socket_buffer>user_buffer copy", p.copied);
	flow_call(flow, "recvfrom", p.recvs);
	flow_call(flow, "recvmsg", p.recvmsgs);
	flow_call(flow, "recvmmsg", p.recvmmsgs);
}

const struct workload peek_workloads[] = {
	{ "peek", peek, "look at what --to has, ask for it and throw it away", false },
	{ 0 },
};
