// SPDX-License-Identifier: MIT
/*
 * Kernel TLS with keys of our own at both ends of a connection, both of which
 * this process has: each chunk is sent, then received.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/tls.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/workload/workload.h"

#ifndef TLS_RX_EXPECT_NO_PAD
#define TLS_RX_EXPECT_NO_PAD 4
#endif

/* Header, nonce and tag; header, type and tag. */
enum { RECORD = 16384, PIECE = 5000, OVERHEAD_1_2 = 5 + 8 + 16, OVERHEAD_1_3 = 5 + 1 + 16 };

struct tls {
	int ends[2]; /* 0 receives, 1 sends */
	int pipe[2];
	int in; /* a file, or -1 */
	unsigned char *source, *buffer;
	uint64_t sends, reads, receives, peeks, splices;
	uint64_t sent_pinned, sent_copied; /* encrypted from the buffer; copied before that */
	uint64_t received, straight; /* of these, decrypted into the buffer */
	uint64_t waiting; /* of a record that was decrypted and taken in part */
	bool tight; /* the receive buffer is the system's, which is small */
	uint64_t gathered; /* of records, as they are on their way */
	uint64_t open; /* bytes in the record that is not complete */
};

static bool mode_has(const char *word)
{
	return options.mode && strstr(options.mode, word);
}

static bool received_by(const char *name)
{
	return options.receive && !strcmp(options.receive, name);
}

static void set(int fd, int level, int name, const void *value, size_t bytes, const char *what)
{
	if (setsockopt(fd, level, name, value, bytes))
		die("%s: %s", what, strerror(errno));
}

static void tls_open(struct tls *t)
{
	struct tls12_crypto_info_aes_gcm_128 keys = {
		.info.version = mode_has("1.3") ? TLS_1_3_VERSION : TLS_1_2_VERSION,
		.info.cipher_type = TLS_CIPHER_AES_GCM_128,
		.iv = "a vector",
		.key = "sixteen bytes...",
		.salt = "salt",
	};
	int room = 1 << 20, one = 1;

	if (pipe2(t->pipe, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	connect_ends("tcp", t->ends);
	for (int i = 0; i < 2; i++) {
		if (!t->tight)
			set(t->ends[i], SOL_SOCKET, i ? SO_SNDBUF : SO_RCVBUF, &room, sizeof(room),
			    "room");
		set(t->ends[i], SOL_TCP, TCP_ULP, "tls", sizeof("tls"), "TCP_ULP tls");
		set(t->ends[i], SOL_TLS, i ? TLS_TX : TLS_RX, &keys, sizeof(keys), "TLS keys");
	}
	if (mode_has("nopad"))
		set(t->ends[0], SOL_TLS, TLS_RX_EXPECT_NO_PAD, &one, sizeof(one), "no padding");
}

/* What the kernel does with a send: a record that ends with it is encrypted from the buffer. */
static void foresee(struct tls *t, size_t bytes, bool more)
{
	while (bytes) {
		size_t part = smaller(bytes, RECORD - t->open);

		if (part == RECORD - t->open || !more) {
			t->sent_pinned += part;
			t->open = 0;
		} else {
			t->sent_copied += part;
			t->open += part;
		}
		bytes -= part;
	}
}

static const struct call *tls_writer(void)
{
	return writer_find(options.write ? options.write : "send");
}

static void send_part(struct tls *t, const unsigned char *from, size_t bytes, bool more)
{
	ssize_t n = more ? send(t->ends[1], from, bytes, MSG_MORE) :
			   tls_writer()->move(t->ends[1], (void *)from, bytes, 0);

	if (n != (ssize_t)bytes)
		die("send: %zd of %zu bytes: %s", n, bytes, strerror(errno));
	foresee(t, bytes, more);
	t->sends++;
}

/* In one call, or in growing pieces of which only the last one ends the record. */
static void send_chunk(struct tls *t, const unsigned char *from, size_t bytes)
{
	size_t piece = mode_has("more") ? 1000 : bytes;

	while (bytes) {
		size_t part = smaller(piece, bytes);

		send_part(t, from, part, part < bytes);
		from += part;
		bytes -= part;
		piece *= 3;
	}
}

/*
 * What the kernel does with a receive: a record that fits is decrypted into
 * the buffer, but TLS 1.3 must be told that no padding hides at its end.  At
 * @left, records come that are full but for the last one.
 */
static void foresee_receive(struct tls *t, size_t bytes, size_t left)
{
	size_t part = smaller(bytes, t->waiting);

	t->waiting -= part;
	left -= part;
	for (bytes -= part; bytes; bytes -= part) {
		size_t record = smaller(left, RECORD);

		part = smaller(bytes, record);
		left -= part;
		if (part < record)
			t->waiting = record - part;
		else if (!mode_has("1.3") || mode_has("nopad"))
			t->straight += record;
	}
}

static void receive_part(struct tls *t, size_t bytes, uint64_t offset)
{
	ssize_t n = recv(t->ends[0], t->buffer, bytes, MSG_WAITALL);

	if (n != (ssize_t)bytes)
		die("recv: %zd of %zu bytes: %s", n, bytes, strerror(errno));
	pattern_check(t->buffer, bytes, offset, "receiver");
	t->receives++;
}

/* Takes what is there, through a pipe. */
static void splice_chunk(struct tls *t, size_t bytes, uint64_t offset)
{
	while (bytes) {
		ssize_t n = splice(t->ends[0], NULL, t->pipe[1], NULL, bytes, 0);

		if (n <= 0 || read(t->pipe[0], t->buffer, n) != n)
			die("splice: %s", strerror(errno));
		pattern_check(t->buffer, n, offset, "splice");
		offset += n;
		bytes -= n;
		t->splices++;
	}
}

static void receive_chunk(struct tls *t, size_t bytes, uint64_t offset)
{
	size_t piece = mode_has("small") ? PIECE : bytes;

	t->received += bytes;
	if (received_by("splice")) {
		splice_chunk(t, bytes, offset);
		return;
	}
	if (mode_has("peek")) {
		if (recv(t->ends[0], t->buffer, bytes, MSG_PEEK | MSG_WAITALL) != (ssize_t)bytes)
			die("peek: %s", strerror(errno));
		t->peeks++;
	}
	for (uint64_t at = 0; at < bytes; at += piece) {
		size_t part = smaller(piece, bytes - at);

		receive_part(t, part, offset + at);
		if (!t->peeks)
			foresee_receive(t, part, bytes - at);
	}
}

static void tell_spliced(struct tls *t)
{
	struct place pipe = place_of(t->pipe[0], NULL);
	struct flow *flow = flow_add(place_of(t->ends[0], NULL), pipe, t->received);

	flow_hop(flow, "socket_buffer>socket_buffer transform", t->received);
	flow_hop(flow, "socket_buffer>pipe_buffer reference", t->received);
	flow_call(flow, "splice", t->splices);
	flow = flow_add(pipe, place_memory(), t->received);
	flow_hop(flow, "pipe_buffer>user_buffer copy", t->received);
	flow_call(flow, "read", t->splices);
}

static void tell_received(struct tls *t)
{
	uint64_t copied = t->received - t->straight;
	struct flow *flow;

	if (t->splices) {
		tell_spliced(t);
		return;
	}
	flow = flow_add(place_of(t->ends[0], NULL), place_memory(), t->received);
	flow_call(flow, "recvfrom", t->receives + t->peeks);
	flow_hop(flow, "socket_buffer>user_buffer transform", t->straight);
	flow_hop(flow, "socket_buffer>socket_buffer transform", copied);
	flow_hop(flow, "socket_buffer>user_buffer copy", t->peeks ? 2 * copied : copied);
	flow_hop(flow, "socket_buffer>socket_buffer copy", t->gathered);
}

/* What received: every call of it. */
static uint64_t receiving_calls(const struct tls *t)
{
	return t->receives + t->peeks + 2 * t->splices;
}

static void tls_send(void)
{
	struct tls t = { .in = options.src ? open_source(options.src) : -1 };
	const struct call *reader = reader_find(options.read ? options.read : "read");
	struct flow *flow;

	tls_open(&t);
	t.source = zalloc_pages(options.chunk);
	t.buffer = zalloc_pages(options.chunk);
	window_open();
	for (uint64_t at = 0; at < options.bytes; at += options.chunk) {
		size_t bytes = smaller(options.chunk, options.bytes - at);

		if (t.in < 0)
			pattern_fill(t.source, bytes, at);
		else
			t.reads += read_all(reader, t.in, t.source, bytes, at);
		send_chunk(&t, t.source, bytes);
		receive_chunk(&t, bytes, at);
	}
	window_close(t.sends + t.reads + receiving_calls(&t));
	flow = flow_add(t.in < 0 ? place_memory() : place_of(t.in, options.src),
			place_of(t.ends[1], NULL), options.bytes);
	flow_hop(flow, "page_cache>user_buffer copy", t.reads ? options.bytes : 0);
	flow_hop(flow, "user_buffer>socket_buffer transform", t.sent_pinned);
	flow_hop(flow, "user_buffer>socket_buffer copy", t.sent_copied);
	flow_hop(flow, "socket_buffer>socket_buffer transform", t.sent_copied);
	flow_call(flow, tls_writer()->reported, t.sends);
	flow_call(flow, reader->reported, t.reads);
	tell_received(&t);
}

/*
 * The sender is a process of its own, so that the receive buffer can be full.
 * With one that holds no record, each is copied together, header and tag too.
 */
static void tls_tight(void)
{
	uint64_t records = (options.bytes + RECORD - 1) / RECORD;
	struct tls t = { .in = -1, .tight = true };
	struct flow *flow;
	pid_t sender;
	tls_open(&t);
	t.source = zalloc_pages(options.chunk);
	t.buffer = zalloc_pages(options.chunk);
	sender = fork_or_die();
	for (uint64_t at = 0; at < options.bytes; at += options.chunk) {
		size_t bytes = smaller(options.chunk, options.bytes - at);

		if (sender) {
			receive_chunk(&t, bytes, at);
			continue;
		}
		pattern_fill(t.source, bytes, at);
		send_chunk(&t, t.source, bytes);
	}
	if (!sender) {
		flow = flow_add(place_memory(), place_of(t.ends[1], NULL), options.bytes);
		flow_hop(flow, "user_buffer>socket_buffer transform", options.bytes);
		flow_call(flow, "sendto", t.sends);
		_exit(0);
	}
	wait_for(sender);
	t.gathered = options.bytes + records * (mode_has("1.3") ? OVERHEAD_1_3 : OVERHEAD_1_2);
	tell_received(&t);
}

static void tls_mapped(void)
{
	struct tls t = { .in = open_source(options.src) };
	struct flow *flow;

	tls_open(&t);
	t.buffer = zalloc_pages(options.chunk);
	t.source = mmap(NULL, options.bytes, PROT_READ, MAP_SHARED, t.in, 0);
	if (t.source == MAP_FAILED)
		die("%s: mmap: %s", options.src, strerror(errno));
	window_open();
	for (uint64_t at = 0; at < options.bytes; at += options.chunk) {
		size_t bytes = smaller(options.chunk, options.bytes - at);

		send_chunk(&t, t.source + at, bytes);
		receive_chunk(&t, bytes, at);
	}
	window_close(t.sends + receiving_calls(&t));
	flow = flow_add(place_of(t.in, options.src), place_of(t.ends[1], NULL), options.bytes);
	flow_hop(flow, "mapping>socket_buffer transform", t.sent_pinned);
	flow_hop(flow, "page_cache>mapping map", options.bytes);
	flow_call(flow, "sendto", t.sends);
	tell_received(&t);
}

static void tls_sendfile(void)
{
	struct tls t = { .in = open_source(options.src) };
	struct flow *flow;

	tls_open(&t);
	t.buffer = zalloc_pages(options.chunk);
	window_open();
	for (uint64_t at = 0; at < options.bytes; at += options.chunk) {
		size_t bytes = smaller(options.chunk, options.bytes - at);
		ssize_t n = sendfile(t.ends[1], t.in, NULL, bytes);

		if (n != (ssize_t)bytes)
			die("sendfile: %zd of %zu bytes: %s", n, bytes, strerror(errno));
		t.sends++;
		receive_chunk(&t, bytes, at);
	}
	window_close(t.sends + receiving_calls(&t));
	flow = flow_add(place_of(t.in, options.src), place_of(t.ends[1], NULL), options.bytes);
	flow_disk(flow, t.in, options.bytes);
	flow_hop(flow, "page_cache>socket_buffer reference", options.bytes);
	flow_hop(flow, "socket_buffer>socket_buffer transform", options.bytes);
	flow_call(flow, "sendfile64", t.sends);
	tell_received(&t);
}

const struct workload tls_workloads[] = {
	{ "tls-send", tls_send, "send bytes made here, or --src, by kernel TLS", false },
	{ "tls-mapped", tls_mapped, "send --src from a mapping, by kernel TLS", false },
	{ "tls-tight", tls_tight, "kernel TLS with no room for a record at the receiver", false },
	{ "tls-sendfile", tls_sendfile, "sendfile --src by kernel TLS", false },
	{ 0 },
};
