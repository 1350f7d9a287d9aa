// SPDX-License-Identifier: MIT
/*
 * What it costs to learn what is in the page cache, by the clock: under qemu's
 * -icount a nanosecond is an instruction. Prints "COLUMN NAME NANOSECONDS".
 *
 *   bench-residency file NAME FILE WAY... of one file, by module, cachestat or mincore
 *   bench-residency files NAME FOLDER N   cachestat and mincore, for each file
 *                                         FOLDER/0, 1, ... N-1
 *   bench-residency list NAME             each line of the module's listing
 *   bench-residency command NAME COLUMN N COMMAND...
 *                                         CPU time of a command, the Nth part of it
 * and makes the files, cached:
 *   bench-residency make-file FILE BYTES
 *   bench-residency make-sparse FILE BYTES  with 100 pages in it
 *   bench-residency make-many FOLDER N      of one page each
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/residency.h"

#ifndef __NR_cachestat
#define __NR_cachestat 451
#endif

/* The best of some: a tick or a kernel thread may come between. */
enum { TRIES = 3, EXTENTS = 4096, PAGE = 4096 };

static int module;

static void __attribute__((format(printf, 1, 2), noreturn)) die(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "bench-residency: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(errno));
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* Ways to ask about an open file. Each returns the bytes that are resident. */

static int64_t by_module(int fd, int64_t size)
{
	static struct cs_extent extents[EXTENTS];
	struct cs_residency q = { 0 };
	int64_t resident = 0;
	uint64_t offset = 0;

	(void)size;
	do {
		q = (struct cs_residency){
			.size = sizeof(q),
			.fd = fd,
			.offset = offset,
			.extents = (uintptr_t)extents,
			.capacity = EXTENTS,
		};
		if (ioctl(module, CS_RESIDENCY, &q))
			die("CS_RESIDENCY");
		resident += q.resident;
		offset = q.next;
	} while (offset);
	return resident;
}

static int64_t by_cachestat(int fd, int64_t size)
{
	struct {
		uint64_t off, len;
	} range = { 0, 0 };
	struct {
		uint64_t cache, dirty, writeback, evicted, recently_evicted;
	} sums;

	(void)size;
	if (syscall(__NR_cachestat, fd, &range, &sums, 0))
		die("cachestat");
	return (int64_t)sums.cache * PAGE;
}

static int64_t by_mincore(int fd, int64_t size)
{
	static unsigned char bits[1 << 18]; /* 1 GiB at once */
	int64_t window = (int64_t)sizeof(bits) * PAGE, resident = 0;

	for (int64_t at = 0; at < size; at += window) {
		int64_t length = size - at < window ? size - at : window;
		void *start = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, at);

		if (start == MAP_FAILED || mincore(start, length, bits))
			die("mincore");
		for (int64_t i = 0; i < length / PAGE; i++)
			resident += bits[i] & 1;
		munmap(start, length);
	}
	return resident * PAGE;
}

static const struct way {
	const char *name;
	int64_t (*ask)(int fd, int64_t size);
} ways[] = {
	{ "module", by_module },
	{ "cachestat", by_cachestat },
	{ "mincore", by_mincore },
};

static int64_t ask_about(const struct way *way, const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	int64_t resident;

	if (fd < 0 || fstat(fd, &st))
		die("%s", path);
	resident = way->ask(fd, st.st_size);
	close(fd);
	return resident;
}

static const struct way *way_find(const char *name)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(ways[i].name, name))
			return &ways[i];
	errno = EINVAL;
	die("%s", name);
}

/* Only the question: the file was opened before. Returns the bytes that are resident. */
static int64_t measure_file(const char *name, const char *path, const struct way *way)
{
	int64_t best = INT64_MAX, resident = 0, start, cost;
	int fd = open(path, O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		die("%s", path);
	for (int try = 0; try < TRIES; try++) {
		start = now_ns();
		resident = way->ask(fd, st.st_size);
		cost = now_ns() - start;
		best = cost < best ? cost : best;
	}
	close(fd);
	printf("%s %s %lld\n", way->name, name, (long long)best);
	return resident;
}

static void measure_file_by(const char *name, const char *path, char **way)
{
	int64_t first = 0, resident;

	for (int i = 0; way[i]; i++) {
		resident = measure_file(name, path, way_find(way[i]));
		first = i ? first : resident;
		/* The number of a wrong answer is none. */
		if (!resident || resident != first)
			die("%s: %lld bytes resident, before %lld", path, (long long)resident,
			    (long long)first);
	}
}

/* Once, as with so many files a tick is no matter. The module's number is the listing's. */
static void measure_files(const char *name, const char *folder, int count)
{
	char path[256];

	for (int way = 1; way < 3; way++) {
		int64_t resident = 0, start = now_ns(), cost;

		for (int i = 0; i < count; i++) {
			snprintf(path, sizeof(path), "%s/%d", folder, i);
			resident += ask_about(&ways[way], path);
		}
		cost = now_ns() - start;
		if (resident != (int64_t)count * PAGE)
			die("%s: %lld bytes resident", folder, (long long)resident);
		printf("%s %s %lld\n", ways[way].name, name, (long long)(cost / count));
	}
}

/* The text of all, as cat would read it, by line. */
static void measure_list(const char *name, int least)
{
	static char text[1 << 17];
	int64_t best = INT64_MAX, lines = 0;

	for (int try = 0; try < TRIES; try++) {
		int64_t start = now_ns(), cost;
		int fd = open(CS_INODES_PATH, O_RDONLY);
		ssize_t got;

		if (fd < 0)
			die(CS_INODES_PATH);
		for (lines = 0; (got = read(fd, text, sizeof(text))) > 0;)
			for (char *at = text; (at = memchr(at, '\n', text + got - at)); at++)
				lines++;
		close(fd);
		cost = now_ns() - start;
		best = cost < best ? cost : best;
	}
	if (lines <= least)
		die("%lld lines", (long long)lines);
	printf("module %s %lld\n", name, (long long)(best / (lines - 1)));
}

static void measure_command(const char *name, const char *column, int parts, char **command)
{
	int64_t best = INT64_MAX, cost;

	/* Twice: the first one reads the program. */
	for (int try = 0; try < 2; try++) {
		struct rusage use;
		int status;
		pid_t pid = fork();

		if (!pid) {
			if (!freopen("/dev/null", "w", stdout))
				_exit(126);
			execvp(command[0], command);
			_exit(127);
		}
		if (pid < 0 || wait4(pid, &status, 0, &use) != pid || status)
			die("%s: status %d", command[0], status);
		cost = (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000000ll +
		       (use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1000ll;
		best = cost < best ? cost : best;
	}
	printf("%s %s %lld\n", column, name, (long long)(best / parts));
}

/* Files: */

static int make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0)
		die("%s", path);
	return fd;
}

static void write_all(int fd, int64_t offset, int64_t bytes)
{
	static char buffer[1 << 20];
	ssize_t done;

	for (int64_t at = 0; at < bytes; at += done) {
		size_t length = bytes - at < (int64_t)sizeof(buffer) ? (size_t)(bytes - at) :
								       sizeof(buffer);

		done = pwrite(fd, buffer, length, offset + at);
		if (done <= 0)
			die("write");
	}
}

static void make_sparse(const char *path, int64_t size)
{
	int fd = make_file(path);

	if (ftruncate(fd, size))
		die("%s", path);
	for (int i = 0; i < 100; i++)
		write_all(fd, size / 100 / PAGE * PAGE * i, PAGE);
	close(fd);
}

static void make_many(const char *folder, int count)
{
	char path[256];

	for (int i = 0; i < count; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/%d", folder, i);
		fd = make_file(path);
		write_all(fd, 0, PAGE);
		close(fd);
	}
}

static int make(const char *what, const char *path, const char *number)
{
	int fd;

	if (!strcmp(what, "make-sparse")) {
		make_sparse(path, atoll(number));
	} else if (!strcmp(what, "make-many")) {
		make_many(path, atoi(number));
	} else {
		fd = make_file(path);
		write_all(fd, 0, atoll(number));
		close(fd);
	}
	sync();
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	if (!strncmp(what, "make-", 5) && argc == 4)
		return make(what, argv[2], argv[3]);
	module = open(CS_RESIDENCY_PATH, O_RDWR);
	if (module < 0)
		die(CS_RESIDENCY_PATH);
	if (!strcmp(what, "file") && argc > 4)
		measure_file_by(argv[2], argv[3], argv + 4);
	else if (!strcmp(what, "files") && argc == 5)
		measure_files(argv[2], argv[3], atoi(argv[4]));
	else if (!strcmp(what, "list") && argc == 4)
		measure_list(argv[2], atoi(argv[3]));
	else if (!strcmp(what, "command") && argc > 5)
		measure_command(argv[2], argv[3], atoi(argv[4]), argv + 5);
	else {
		fprintf(stderr, "usage: see tests/bench/residency.c\n");
		return 2;
	}
	return 0;
}
