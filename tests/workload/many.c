// SPDX-License-Identifier: MIT
/* Many files, connections and threads in one process. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/workload/workload.h"

enum { THREADS = 16, CONNECTIONS = 1000, FILES_EACH = 2 };

#define FILES (CONNECTIONS * FILES_EACH)

static int senders[CONNECTIONS], receivers[CONNECTIONS];

static void connect_all(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t size = sizeof(in);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&in, sizeof(in)) || listen(listener, 128) ||
	    getsockname(listener, (struct sockaddr *)&in, &size))
		die("listen: %s", strerror(errno));
	for (int i = 0; i < CONNECTIONS; i++) {
		senders[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(senders[i], (struct sockaddr *)&in, sizeof(in)))
			die("connection %d: %s", i, strerror(errno));
		receivers[i] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (receivers[i] < 0)
			die("accept %d: %s", i, strerror(errno));
	}
	close(listener);
}

static void file_name(char *name, size_t size, int i)
{
	snprintf(name, size, "%s/many.%d", options.dst, i);
}

static void make_files(char *block)
{
	char name[500];

	for (int i = 0; i < FILES; i++) {
		int fd;

		file_name(name, sizeof(name), i);
		fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
		if (fd < 0 || write(fd, block, options.chunk) != (ssize_t)options.chunk)
			die("%s: %s", name, strerror(errno));
		close(fd);
	}
}

/* One thread's share: each file goes to one connection. */
static void *relay(void *argument)
{
	int first = (int)(intptr_t)argument;
	char *buffer = zalloc_pages(options.chunk), name[500];

	for (int i = first; i < FILES; i += THREADS) {
		int fd;

		file_name(name, sizeof(name), i);
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || read(fd, buffer, options.chunk) != (ssize_t)options.chunk)
			die("%s: %s", name, strerror(errno));
		if (write(senders[i % CONNECTIONS], buffer, options.chunk) !=
		    (ssize_t)options.chunk)
			die("send: %s", strerror(errno));
		close(fd);
	}
	return NULL;
}

static void receive_all(void)
{
	char *buffer = zalloc_pages(options.chunk);

	for (int i = 0; i < CONNECTIONS; i++) {
		uint64_t left = FILES_EACH * options.chunk;

		while (left) {
			ssize_t n = read(receivers[i], buffer, smaller(left, options.chunk));

			if (n <= 0)
				die("receive: %s", n ? strerror(errno) : "end of file");
			left -= n;
		}
	}
	_exit(0);
}

static void run_many(void)
{
	struct rlimit limit = { .rlim_cur = 4096, .rlim_max = 4096 };
	pthread_t threads[THREADS];
	pid_t receiver;
	if (!options.dst)
		die("many needs --dst FOLDER");
	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("setrlimit: %s", strerror(errno));
	make_files(zalloc_pages(options.chunk));
	connect_all();
	receiver = fork_or_die();
	if (!receiver)
		receive_all();
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, relay, (void *)(intptr_t)i))
			die("no thread");
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	wait_for(receiver);
	printf("{\"name\":\"many\",\"pid\":%d,\"receiver\":%d,\"files\":%d,\"connections\":%d,"
	       "\"chunk\":%llu}\n",
	       getpid(), receiver, FILES, CONNECTIONS, (unsigned long long)options.chunk);
}

static pthread_barrier_t all_are_there;
static int source;

static void *read_byte(void *unused)
{
	char byte;

	(void)unused;
	if (pread(source, &byte, 1, 0) != 1)
		die("pread: %s", strerror(errno));
	pthread_barrier_wait(&all_are_there);
	return NULL;
}

/* No thread ends before the last one has read. */
static void run_crowd(void)
{
	pthread_t *threads = calloc(options.count, sizeof(*threads));
	pthread_attr_t small;

	source = open_source(options.src);
	if (!threads || pthread_attr_init(&small) ||
	    pthread_attr_setstacksize(&small, PTHREAD_STACK_MIN) ||
	    pthread_barrier_init(&all_are_there, NULL, options.count))
		die("no memory");
	for (uint64_t i = 0; i < options.count; i++) {
		errno = pthread_create(&threads[i], &small, read_byte, NULL);
		if (errno)
			die("thread %llu: %s", (unsigned long long)i, strerror(errno));
	}
	for (uint64_t i = 0; i < options.count; i++)
		pthread_join(threads[i], NULL);
	printf("{\"name\":\"crowd\",\"pid\":%d,\"threads\":%llu}\n", getpid(),
	       (unsigned long long)options.count);
}

const struct workload many_workloads[] = {
	{ "many", run_many, "2,000 files in --dst to 1,000 connections by 16 threads",
	  .silent = true },
	{ "crowd", run_crowd, "--count threads at a time read a byte of --src each",
	  .silent = true },
	{ 0 },
};
