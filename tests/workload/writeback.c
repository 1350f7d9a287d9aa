// SPDX-License-Identifier: MIT
/* Bytes that are written to a file, and what brings them to the disk. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/workload/workload.h"

enum { EXTENTS = 64, PAGE = 4096 };

/* Who writes the pages back: in whose name, and by what. */
struct trigger {
	const char *mode;
	void (*run)(int fd); /* after the writes, or after each of them */
	const char *by; /* as the report says it; NULL: nobody, all stays dirty */
	bool by_kernel;
	bool always; /* each write brings its bytes to the disk itself */
};

static void must(int failed, const char *what)
{
	if (failed)
		die("%s: %s", what, strerror(errno));
}

static void by_fsync(int fd)
{
	must(fsync(fd), "fsync");
}

static void by_fdatasync(int fd)
{
	must(fdatasync(fd), "fdatasync");
}

static void by_sync(int fd)
{
	(void)fd;
	sync();
}

static void by_syncfs(int fd)
{
	must(syncfs(fd), "syncfs");
}

static void by_range(int fd)
{
	must(sync_file_range(fd, 0, 0,
			     SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				     SYNC_FILE_RANGE_WAIT_AFTER),
	     "sync_file_range");
}

static void by_eviction(int fd)
{
	must(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), "posix_fadvise");
	must(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE), "sync_file_range");
}

/* ext4 gives a page its place on the disk when it is written back. */
static bool waits(int fd)
{
	union {
		struct fiemap map;
		char room[sizeof(struct fiemap) + EXTENTS * sizeof(struct fiemap_extent)];
	} u = { .map = { .fm_length = FIEMAP_MAX_OFFSET, .fm_extent_count = EXTENTS } };

	must(ioctl(fd, FS_IOC_FIEMAP, &u.map), "fiemap");
	if (u.map.fm_mapped_extents >= EXTENTS)
		die("too many extents");
	for (unsigned int i = 0; i < u.map.fm_mapped_extents; i++)
		if (u.map.fm_extents[i].fe_flags & FIEMAP_EXTENT_DELALLOC)
			return true;
	return false;
}

/* The caller has made the flushers impatient. */
static void by_flusher(int fd)
{
	for (int i = 0; waits(fd); i++) {
		if (i == 6000)
			die("nobody writes back");
		usleep(10000);
	}
	must(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE), "sync_file_range");
}

static void by_nobody(int fd)
{
	(void)fd;
}

static const struct trigger triggers[] = {
	{ "fsync", by_fsync, "fsync", false, false },
	{ "fdatasync", by_fdatasync, "fdatasync", false, false },
	{ "sync", by_sync, "sync", false, false },
	{ "syncfs", by_syncfs, "syncfs", false, false },
	{ "sync_file_range", by_range, "sync_file_range", false, false },
	{ "evict", by_eviction, "fadvise64", false, false },
	{ "periodic", by_flusher, "flusher:periodic", true, false },
	{ "o_sync", by_nobody, "write", false, true },
	{ "dsync", by_nobody, "pwritev2", false, true },
	{ "none", by_nobody, NULL, false, false },
	{ "half", by_fsync, "fsync", false, false },
};

static const struct trigger *trigger_find(void)
{
	for (size_t i = 0; i < sizeof(triggers) / sizeof(triggers[0]); i++)
		if (options.mode && !strcmp(triggers[i].mode, options.mode))
			return &triggers[i];
	die("--mode is no trigger of write-back");
}

static ssize_t by_pwritev2_dsync(int fd, void *buffer, size_t bytes, off_t offset)
{
	struct iovec v = { buffer, bytes };

	return pwritev2(fd, &v, 1, offset, RWF_DSYNC);
}

static const struct call dsync_writer = { "pwritev2", "pwritev2", by_pwritev2_dsync };

static void write_back(void)
{
	const struct trigger *trigger = trigger_find();
	bool half = !strcmp(trigger->mode, "half");
	const struct call *writer = strcmp(trigger->mode, "dsync") ? writer_find("write") :
								     &dsync_writer;
	unsigned char *buffer = zalloc_pages(options.chunk);
	int fd = open_destination(options.dst);
	uint64_t offset = 0, calls = 0, written;
	struct flow *flow;

	if (!strcmp(trigger->mode, "o_sync")) {
		close(fd);
		fd = open(options.dst, O_RDWR | O_SYNC | O_CLOEXEC);
		must(fd < 0, options.dst);
	}
	window_open();
	while (offset < options.bytes) {
		size_t bytes = smaller(options.chunk, options.bytes - offset);

		pattern_fill(buffer, bytes, offset);
		calls += write_all(writer, fd, buffer, bytes, offset);
		offset += bytes;
		if (half && offset == options.bytes / 2)
			trigger->run(fd);
	}
	if (!half)
		trigger->run(fd);
	window_close(calls);
	flow = flow_add(place_memory(), place_of(fd, options.dst), offset);
	flow_hop(flow, "user_buffer>page_cache copy", offset);
	flow_call(flow, writer->reported, calls);
	written = !trigger->by ? 0 : half ? offset / 2 : offset;
	written = (written + PAGE - 1) / PAGE * PAGE;
	flow_hop(flow, "page_cache>disk dma", written);
	file_written(fd, options.dst, trigger->by, trigger->by_kernel, written,
		     (offset + PAGE - 1) / PAGE * PAGE - written);
}

/* From a mapping of --src to one of --dst, by the process itself; --mode msync: then that. */
static void mapped_write(void)
{
	bool msynced = has_mode("msync");
	int in = open_source(options.src), out = open_destination(options.dst);
	uint64_t pages = (options.bytes + PAGE - 1) / PAGE * PAGE;
	unsigned char *from, *to;
	struct flow *flow;

	must(ftruncate(out, options.bytes), "ftruncate");
	from = mmap(NULL, options.bytes, PROT_READ, MAP_SHARED, in, 0);
	to = mmap(NULL, options.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, out, 0);
	must(from == MAP_FAILED || to == MAP_FAILED, "mmap");
	window_open();
	memcpy(to, from, options.bytes);
	if (msynced)
		must(msync(to, options.bytes, MS_SYNC), "msync");
	window_close(0);
	pattern_check(to, options.bytes, 0, "mapping");
	flow = flow_add(place_of(in, options.src), place_memory(), 0);
	flow_hop(flow, "page_cache>mapping map", pages);
	flow_disk(flow, in, options.bytes);
	flow = flow_add(place_memory(), place_of(out, options.dst), 0);
	flow_hop(flow, "mapping>page_cache dirty", pages);
	flow_call(flow, "fault", pages / PAGE);
	if (!is_on_disk(out))
		return;
	if (msynced)
		flow_hop(flow, "page_cache>disk dma", pages);
	file_written(out, options.dst, msynced ? "msync" : NULL, false, msynced ? pages : 0,
		     msynced ? 0 : pages);
}

/* Each page is stored to, brought to the disk, and stored to again. */
static void mapped_again(void)
{
	int out = open_destination(options.dst);
	uint64_t pages = (options.bytes + PAGE - 1) / PAGE * PAGE;
	volatile unsigned char *to;
	struct flow *flow;

	must(ftruncate(out, options.bytes), "ftruncate");
	to = mmap(NULL, options.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, out, 0);
	must(to == MAP_FAILED, "mmap");
	window_open();
	for (int round = 0; round < 2; round++) {
		for (int twice = 0; twice < 2; twice++)
			for (uint64_t i = 0; i < options.bytes; i += PAGE)
				to[i] = round;
		if (!round)
			must(fsync(out), "fsync");
	}
	window_close(0);
	flow = flow_add(place_memory(), place_of(out, options.dst), 0);
	flow_hop(flow, "mapping>page_cache dirty", 2 * pages);
	flow_call(flow, "fault", 2 * pages / PAGE);
	flow_hop(flow, "page_cache>disk dma", pages);
	file_written(out, options.dst, "fsync", false, pages, pages);
}

const struct workload writeback_workloads[] = {
	{ "write-back", write_back, "write --dst, brought to the disk by --mode", false },
	{ "mapped-write", mapped_write, "memcpy from a mapping of --src to one of --dst", false },
	{ "mapped-again", mapped_again, "store to a mapping of --dst, fsync, and again", false },
	{ 0 },
};
