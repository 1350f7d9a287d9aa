// SPDX-License-Identifier: MIT
/* Processes that come and go, and names that change or are hostile. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/workload/workload.h"

/* Escape sequences, a newline, invalid UTF-8: within 15 bytes. */
static const char hostile_comm[] = "a\033[31m\nb\xff\xc3(\033]0;";

static struct flow *read_flow(int fd, uint64_t bytes, uint64_t reads, const char *call)
{
	struct flow *flow = flow_add(place_of(fd, options.src), place_memory(), bytes);

	flow_hop(flow, "page_cache>user_buffer copy", bytes);
	flow_call(flow, call, reads);
	return flow;
}

static void reap(uint64_t children)
{
	int status;

	while (children--)
		if (wait(&status) < 0 || status)
			die("child failed");
}

/* Many children that each live for one small read, some at a time. */
static void storm(void)
{
	enum { AT_ONCE = 8 };
	int in = open_source(options.src);
	char buffer[4096];

	pattern_drop(); /* a smaller process forks faster */
	for (uint64_t i = 0; i < options.count; i++) {
		pid_t child = fork_or_die();

		if (!child)
			_exit(pread(in, buffer, sizeof(buffer), 0) != sizeof(buffer));
		if (i % AT_ONCE == AT_ONCE - 1)
			reap(AT_ONCE);
	}
	reap(options.count % AT_ONCE);
	/* All processes together. */
	read_flow(in, options.count * sizeof(buffer), options.count, "pread64")->pid = 0;
}

/* Renamed, later removed, while it is read: it is called by its last name. */
static void rename_source(void)
{
	int in = open_source(options.src);
	unsigned char *buffer = zalloc_pages(options.chunk);
	uint64_t offset = 0, reads = 0;
	struct place place = place_of(in, options.src);
	char other[sizeof(place.path)];

	snprintf(other, sizeof(other), "%s.renamed", options.src);
	while (offset < options.bytes) {
		size_t bytes = smaller(options.chunk, options.bytes - offset);

		if (offset && reads == 2 && rename(options.src, other))
			die("rename: %s", strerror(errno));
		if (reads == 4 && unlink(other))
			die("unlink: %s", strerror(errno));
		reads += read_all(reader_find("read"), in, buffer, bytes, offset);
		offset += bytes;
	}
	snprintf(place.path, sizeof(place.path), "%s", other);
	read_flow(in, offset, reads, "read")->from = place;
}

static void hostile(void)
{
	int in = open_source(options.src);
	unsigned char *buffer = zalloc_pages(options.chunk);
	uint64_t offset = 0, reads = 0;

	if (prctl(PR_SET_NAME, hostile_comm))
		die("prctl: %s", strerror(errno));
	while (offset < options.bytes) {
		size_t bytes = smaller(options.chunk, options.bytes - offset);

		reads += read_all(reader_find("read"), in, buffer, bytes, offset);
		offset += bytes;
	}
	read_flow(in, offset, reads, "read");
}

/* No workload to trace: makes --src of --bytes, on the disk and in the cache. */
static void prepare(void)
{
	size_t chunk = 1 << 20;
	unsigned char *buffer = zalloc_pages(chunk);
	int fd = open(options.src, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		die("%s: %s", options.src, strerror(errno));
	for (uint64_t offset = 0; offset < options.bytes; offset += chunk) {
		size_t bytes = smaller(chunk, options.bytes - offset);

		pattern_fill(buffer, bytes, offset);
		write_all(writer_find("write"), fd, buffer, bytes, offset);
	}
	if (fsync(fd))
		die("fsync: %s", strerror(errno));
}

/* No workload either: opening a cold source evicts it. */
static void evict(void)
{
	options.cold = true;
	close(open_source(options.src));
}

/*
 * Keeps an event of a task open. The first one and the last one patch the
 * scheduler, and an emulated CPU may run the breakpoint of a patch too late.
 */
static void run_hold(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
	};

	if (syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC) < 0)
		die("perf_event_open: %s", strerror(errno));
	pause();
}

const struct workload process_workloads[] = {
	{ "hold", run_hold, "keep a perf event open until killed", .silent = true },
	{ "storm", storm, "--count children, each with one read of --src", false },
	{ "rename", rename_source, "--src renamed and removed while it is read", false },
	{ "hostile", hostile, "a process whose name no terminal should see", false },
	{ "prepare", prepare, "make --src of --bytes, on the disk and in the cache", true },
	{ "evict", evict, "throw --src out of the page cache", true },
	{ 0 },
};
