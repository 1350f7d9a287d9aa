// SPDX-License-Identifier: MIT
/*
 * What one operation costs, by the clock: under qemu's -icount a nanosecond is
 * an instruction.
 *
 *   bench-ops FOLDER OP...   each in a child of its own: "OP NANOSECONDS"
 *   bench-ops clock          the time, to tell when a tracer let the program run
 *
 * Only the operations are timed. TCP goes to a socket of the same process,
 * which throws the bytes away between the batches: the sender pays for what
 * loopback does in its context, the receiver's work is not in the number.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A batch is short beside the 4 ms between two ticks, the smallest batch counts. */
enum {
	BATCHES = 24,
	WARM = 4,
	LARGE = 65536,
	SOCKET_BYTES = 8 << 20,
	PAGE = 4096,
	FILE_BYTES = 1 << 20
};

struct bench {
	char *buffer; /* filled by a read from the file */
	char *mapping; /* of the file: shared, read-only */
	int file;
	int sender, receiver;
	char *base, *pages; /* that the next faults are on */
};

struct op {
	const char *name;
	ssize_t (*run)(struct bench *);
	ssize_t result;
	int batch;
	void (*prepare)(struct bench *); /* before each batch, untimed */
};

static void __attribute__((format(printf, 1, 2), noreturn)) die(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "bench-ops: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static ssize_t run_getppid(struct bench *b)
{
	(void)b;
	return syscall(SYS_getppid) > 0;
}

static ssize_t run_pread_1(struct bench *b)
{
	return pread(b->file, b->buffer, 1, 0);
}

static ssize_t run_pread_64k(struct bench *b)
{
	return pread(b->file, b->buffer, LARGE, 0);
}

static ssize_t run_sendfile_64k(struct bench *b)
{
	off_t offset = 0;

	return sendfile(b->sender, b->file, &offset, LARGE);
}

static ssize_t run_send_1(struct bench *b)
{
	return send(b->sender, b->buffer, 1, 0);
}

static ssize_t run_send_64k(struct bench *b)
{
	return send(b->sender, b->buffer, LARGE, 0);
}

static ssize_t run_write_mapping_64k(struct bench *b)
{
	return write(b->sender, b->mapping, LARGE);
}

/* As many pages as the file has; a batch takes fewer. */
static char *map_pages(int protection, int flags, int fd)
{
	char *at = mmap(NULL, FILE_BYTES, protection, flags, fd, 0);

	if (at == MAP_FAILED || madvise(at, FILE_BYTES, MADV_NOHUGEPAGE))
		die("mmap: %s", strerror(errno));
	return at;
}

static void renew(struct bench *b, int flags, int fd)
{
	if (b->pages)
		munmap(b->base, FILE_BYTES);
	b->base = b->pages = map_pages(PROT_READ | PROT_WRITE, flags, fd);
}

static void prepare_anonymous(struct bench *b)
{
	renew(b, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void prepare_private(struct bench *b)
{
	renew(b, MAP_PRIVATE, b->file);
}

/* All pages are there to be read. */
static void prepare_protected(struct bench *b)
{
	volatile char sum = 0;

	renew(b, MAP_PRIVATE, b->file);
	for (int i = 0; i < FILE_BYTES; i += PAGE)
		sum ^= b->base[i];
}

static void prepare_shared(struct bench *b)
{
	renew(b, MAP_SHARED, b->file);
}

static ssize_t run_store(struct bench *b)
{
	*(volatile char *)b->pages = 1;
	b->pages += PAGE;
	return 1;
}

/* The kernel maps 16 pages at once. */
static ssize_t run_load(struct bench *b)
{
	(void)*(volatile char *)b->pages;
	b->pages += 16 * PAGE;
	return 1;
}

static const struct op ops[] = {
	{ "getppid", run_getppid, 1, 200, NULL },
	{ "pread-1", run_pread_1, 1, 200, NULL },
	{ "pread-64k", run_pread_64k, LARGE, 12, NULL },
	{ "sendfile-64k", run_sendfile_64k, LARGE, 12, NULL },
	{ "send-1", run_send_1, 1, 200, NULL },
	{ "send-64k", run_send_64k, LARGE, 12, NULL },
	{ "write-mapping-64k", run_write_mapping_64k, LARGE, 12, NULL },
	{ "fault-anonymous", run_store, 1, 100, prepare_anonymous },
	{ "fault-mapping", run_load, 1, 12, prepare_shared },
	{ "fault-private", run_store, 1, 100, prepare_private },
	{ "fault-protected", run_store, 1, 100, prepare_protected },
	{ "fault-shared", run_store, 1, 100, prepare_shared },
};

static void set_room(int fd)
{
	int bytes = SOCKET_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		die("buffers of %d bytes for a socket: %s", bytes, strerror(errno));
}

/* Both ends have their room before they meet: it decides the window's scale. */
static void connect_pair(struct bench *b)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t bytes = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	b->sender = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || b->sender < 0)
		die("socket: %s", strerror(errno));
	set_room(listener);
	set_room(b->sender);
	if (bind(listener, (void *)&at, bytes) || listen(listener, 1) ||
	    getsockname(listener, (void *)&at, &bytes) || connect(b->sender, (void *)&at, bytes))
		die("a connection on loopback: %s", strerror(errno));
	b->receiver = accept(listener, NULL, NULL);
	if (b->receiver < 0)
		die("accept: %s", strerror(errno));
	close(listener);
	if (fcntl(b->sender, F_SETFL, O_NONBLOCK) || fcntl(b->receiver, F_SETFL, O_NONBLOCK))
		die("fcntl: %s", strerror(errno));
}

/* Until all that was sent has come: Nagle's algorithm may hold bytes back. */
static void drain(struct bench *b, uint64_t bytes)
{
	struct pollfd wait = { .fd = b->receiver, .events = POLLIN };

	while (bytes) {
		ssize_t n = recv(b->receiver, NULL, SOCKET_BYTES, MSG_TRUNC);

		if (n > 0)
			bytes -= (uint64_t)n;
		else if (n == 0 || errno != EAGAIN)
			die("recv: %s", n ? strerror(errno) : "closed");
		else if (poll(&wait, 1, -1) < 0)
			die("poll: %s", strerror(errno));
	}
}

static void begin(struct bench *b, const char *folder)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/file", folder);
	b->file = open(path, O_RDWR);
	b->buffer = aligned_alloc(4096, LARGE);
	if (b->file < 0 || !b->buffer)
		die("%s: %s", path, strerror(errno));
	b->mapping = mmap(NULL, LARGE, PROT_READ, MAP_SHARED | MAP_POPULATE, b->file, 0);
	if (b->mapping == MAP_FAILED || read(b->file, b->buffer, LARGE) != LARGE)
		die("%s: it wants %d bytes", path, LARGE);
	connect_pair(b);
}

static int64_t batch_ns(struct bench *b, const struct op *op)
{
	int64_t start;

	if (op->prepare)
		op->prepare(b);
	start = now_ns();
	for (int i = 0; i < op->batch; i++) {
		ssize_t n = op->run(b);

		if (n != op->result)
			die("%s: %zd, not %zd: %s", op->name, n, op->result, strerror(errno));
	}
	return now_ns() - start;
}

static void measure(const struct op *op, const char *folder)
{
	struct bench b = {};
	bool to_tcp = strstr(op->name, "send") || strstr(op->name, "write");
	int64_t least = INT64_MAX;

	begin(&b, folder);
	for (int i = -WARM; i < BATCHES; i++) {
		int64_t ns = batch_ns(&b, op);

		if (i >= 0 && ns < least)
			least = ns;
		if (to_tcp)
			drain(&b, (uint64_t)op->batch * (uint64_t)op->result);
	}
	printf("%s %lld\n", op->name, (long long)(least / op->batch));
}

static void measure_in_child(const struct op *op, const char *folder)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child < 0)
		die("fork: %s", strerror(errno));
	if (!child) {
		measure(op, folder);
		fflush(stdout);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status)
		exit(1);
}

static const struct op *op_find(const char *name)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (!strcmp(ops[i].name, name))
			return &ops[i];
	}
	die("no operation %s", name);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "clock")) {
		printf("clock %lld\n", (long long)now_ns());
		return 0;
	}
	if (argc < 3) {
		fprintf(stderr, "usage: bench-ops FOLDER OP... | clock\n");
		return 2;
	}
	for (int i = 2; i < argc; i++)
		measure_in_child(op_find(argv[i]), argv[1]);
	return 0;
}
