// SPDX-License-Identifier: MIT
/*
 * A server of small messages with one slab of buffers, one for each connection:
 * first it receives from all of them, then it sends all on, back to where they
 * came from or to the next connection.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/workload/workload.h"

enum { CONNECTIONS = 64, BUFFER = 1024, MESSAGE = 1000 };

static int clients[CONNECTIONS], servers[CONNECTIONS];
static unsigned int ports[CONNECTIONS]; /* of the clients */

static void connect_all(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET }, own;
	socklen_t size = sizeof(in);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&in, sizeof(in)) || listen(listener, CONNECTIONS) ||
	    getsockname(listener, (struct sockaddr *)&in, &size))
		die("listen: %s", strerror(errno));
	for (int i = 0; i < CONNECTIONS; i++) {
		clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(clients[i], (struct sockaddr *)&in, sizeof(in)) ||
		    getsockname(clients[i], (struct sockaddr *)&own, &size))
			die("connection %d: %s", i, strerror(errno));
		ports[i] = ntohs(own.sin_port);
		servers[i] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (servers[i] < 0)
			die("accept %d: %s", i, strerror(errno));
	}
	close(listener);
}

static void receive_message(int fd, unsigned char *buffer)
{
	for (size_t got = 0; got < MESSAGE;) {
		ssize_t n = recv(fd, buffer + got, MESSAGE - got, 0);

		if (n <= 0)
			die("receive: %s", n ? strerror(errno) : "end of file");
		got += n;
	}
}

static void send_message(int fd, const unsigned char *buffer)
{
	if (send(fd, buffer, MESSAGE, 0) != MESSAGE)
		die("send: %s", strerror(errno));
}

/* The round and the connection that a message comes from, as an offset of the pattern. */
static uint64_t offset_of(uint64_t round, int connection)
{
	return (round * CONNECTIONS + connection) * MESSAGE;
}

static void run_clients(int step)
{
	unsigned char buffer[MESSAGE];

	for (uint64_t round = 0; round < options.count; round++) {
		for (int i = 0; i < CONNECTIONS; i++) {
			pattern_fill(buffer, MESSAGE, offset_of(round, i));
			send_message(clients[i], buffer);
		}
		for (int i = 0; i < CONNECTIONS; i++) {
			int from = (i + CONNECTIONS - step) % CONNECTIONS;

			receive_message(clients[i], buffer);
			pattern_check(buffer, MESSAGE, offset_of(round, from), "client");
		}
	}
	_exit(0);
}

static void serve_slab(void)
{
	unsigned char *slab = zalloc_pages(CONNECTIONS * BUFFER);
	int step = has_mode("next") ? 1 : 0;
	pid_t child;

	connect_all();
	child = fork_or_die();
	if (!child)
		run_clients(step);
	for (uint64_t round = 0; round < options.count; round++) {
		for (int i = 0; i < CONNECTIONS; i++)
			receive_message(servers[i], slab + i * BUFFER);
		for (int i = 0; i < CONNECTIONS; i++)
			send_message(servers[(i + step) % CONNECTIONS], slab + i * BUFFER);
	}
	wait_for(child);
	printf("{\"name\":\"slab\",\"pid\":%d,\"step\":%d,\"bytes\":%llu,\"ports\":[", getpid(),
	       step, (unsigned long long)options.count * MESSAGE);
	for (int i = 0; i < CONNECTIONS; i++)
		printf("%s%u", i ? "," : "", ports[i]);
	printf("]}\n");
}

const struct workload slab_workloads[] = {
	{ "slab", serve_slab, "--count messages of each of 64 connections, by a slab of buffers",
	  .silent = true },
	{ 0 },
};
