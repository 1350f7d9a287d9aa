// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/workload/workload.h"

#define TMPFS_MAGIC 0x01021994

/* A prime: no period of pages or chunks hides bytes at the wrong offset. */
enum { PATTERN_PERIOD = 1048583 };

static unsigned char *pattern;

void die(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "workload: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(2);
}

/* Private memory that has been touched: no faults later. */
void *zalloc_pages(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (at == MAP_FAILED)
		die("no memory: %s", strerror(errno));
	memset(at, 0, bytes);
	return at;
}

void *shared_pages(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (at == MAP_FAILED)
		die("no memory: %s", strerror(errno));
	memset(at, 0, bytes);
	return at;
}

void pattern_init(void)
{
	uint64_t state = 0x9e3779b97f4a7c15ull;

	pattern = zalloc_pages(PATTERN_PERIOD);
	for (size_t i = 0; i < PATTERN_PERIOD; i++) {
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		pattern[i] = state >> 56;
	}
}

void pattern_drop(void)
{
	munmap(pattern, PATTERN_PERIOD);
	pattern = NULL;
}

void pattern_fill(void *buffer, size_t bytes, uint64_t offset)
{
	unsigned char *to = buffer;

	while (bytes) {
		size_t at = offset % PATTERN_PERIOD;
		size_t part = smaller(bytes, PATTERN_PERIOD - at);

		memcpy(to, pattern + at, part);
		to += part;
		offset += part;
		bytes -= part;
	}
}

void pattern_check(const void *buffer, size_t bytes, uint64_t offset, const char *who)
{
	const unsigned char *from = buffer;

	while (bytes) {
		size_t at = offset % PATTERN_PERIOD;
		size_t part = smaller(bytes, PATTERN_PERIOD - at);

		if (memcmp(from, pattern + at, part))
			die("%s: wrong bytes at offset %llu", who, (unsigned long long)offset);
		from += part;
		offset += part;
		bytes -= part;
	}
}

bool is_on_disk(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs))
		die("statfs: %s", strerror(errno));
	return fs.f_type != TMPFS_MAGIC;
}

/* The first page of the file that is in the page cache, or -1. */
static long first_resident(int fd, const char *path)
{
	static unsigned char resident[1 << 16];
	struct stat st;
	size_t pages;
	void *at;

	if (fdatasync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) || fstat(fd, &st))
		die("cannot evict %s", path);
	pages = (st.st_size + 4095) / 4096;
	if (!pages || pages > sizeof(resident))
		die("%s: cannot evict %zu pages", path, pages);
	at = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED || mincore(at, st.st_size, resident))
		die("%s: mincore: %s", path, strerror(errno));
	munmap(at, st.st_size);
	for (size_t i = 0; i < pages; i++)
		if (resident[i] & 1)
			return i;
	return -1;
}

/*
 * Packets that the receiver is done with hold their pages until a CPU gets
 * round to freeing them, which it may do only when more packets come.
 */
static void stir_network(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sendto(fd, "", 1, 0, (struct sockaddr *)&in, sizeof(in));
	close(fd);
	usleep(20000);
}

/* Throws the file out of the page cache and makes sure that it is. */
static void evict(int fd, const char *path)
{
	long page = -1;

	for (int i = 0; i < 1000; i++) {
		page = first_resident(fd, path);
		if (page < 0)
			return;
		stir_network();
	}
	die("%s: page %ld stays in the page cache", path, page);
}

int open_source(const char *path)
{
	int fd;

	if (!path)
		die("no --src");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	if (options.cold)
		evict(fd, path);
	return fd;
}

int open_destination(const char *path)
{
	int fd;

	if (!path)
		die("no --dst");
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

void make_direct(int fd, const char *path)
{
	if (fcntl(fd, F_SETFL, O_DIRECT))
		die("%s: no O_DIRECT: %s", path, strerror(errno));
}

bool has_mode(const char *mode)
{
	return options.mode && !strcmp(options.mode, mode);
}

pid_t fork_or_die(void)
{
	pid_t child = fork();

	if (child < 0)
		die("fork: %s", strerror(errno));
	return child;
}

void wait_for(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || status)
		die("the other process failed: %#x", status);
}

void pause_here(void)
{
	sigset_t set;
	int number;

	if (!options.pause)
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	dprintf(STDERR_FILENO, "ready %d\n", getpid());
	sigwait(&set, &number);
}

uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}
