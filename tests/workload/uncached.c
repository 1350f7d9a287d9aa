// SPDX-License-Identifier: MIT
/*
 * RWF_DONTCACHE: bytes that go through the page cache, whose pages are not to
 * stay there.  What stays is told by mincore(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/workload/workload.h"

#define DONTCACHE 0x80 /* what <linux/fs.h> of v6.14 and newer calls RWF_DONTCACHE */

enum { PAGE = 4096 };

static ssize_t uncached_read_call(int fd, void *buffer, size_t bytes, off_t offset)
{
	struct iovec v = { buffer, bytes };

	return preadv2(fd, &v, 1, offset, DONTCACHE);
}

static ssize_t uncached_write_call(int fd, void *buffer, size_t bytes, off_t offset)
{
	struct iovec v = { buffer, bytes };

	return pwritev2(fd, &v, 1, offset, DONTCACHE);
}

static const struct call uncached_reader = { "preadv2", "preadv2", uncached_read_call };
static const struct call uncached_writer = { "pwritev2", "pwritev2", uncached_write_call };

static uint64_t resident_bytes(int fd, const char *path)
{
	static unsigned char resident[1 << 16];
	off_t size = lseek(fd, 0, SEEK_END);
	size_t pages = (size + PAGE - 1) / PAGE, count = 0;
	void *at;

	if (size <= 0 || pages > sizeof(resident))
		die("%s: cannot look at %zu pages", path, pages);
	at = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED || mincore(at, size, resident))
		die("%s: mincore: %s", path, strerror(errno));
	munmap(at, size);
	for (size_t i = 0; i < pages; i++)
		count += resident[i] & 1;
	return count * PAGE;
}

/* The kernel drops pages some time after it has written them. */
static uint64_t settled_bytes(int fd, const char *path, uint64_t expected)
{
	uint64_t bytes;

	for (int i = 0; i < 500; i++) {
		bytes = resident_bytes(fd, path);
		if (bytes == expected)
			break;
		usleep(10000);
	}
	return bytes;
}

static bool is_delayed(int fd)
{
	struct {
		struct fiemap map;
		struct fiemap_extent extents[64];
	} u = { .map = { .fm_length = FIEMAP_MAX_OFFSET, .fm_extent_count = 64 } };

	if (ioctl(fd, FS_IOC_FIEMAP, &u))
		die("fiemap: %s", strerror(errno));
	for (unsigned int i = 0; i < u.map.fm_mapped_extents; i++)
		if (u.extents[i].fe_flags & FIEMAP_EXTENT_DELALLOC)
			return true;
	return false;
}

/* Until nothing of the file waits to be written, nor is being written. */
static void wait_for_disk(int fd)
{
	for (int i = 0; is_delayed(fd); i++) {
		if (i == 6000)
			die("nobody writes back");
		usleep(10000);
	}
	if (sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE))
		die("sync_file_range: %s", strerror(errno));
}

/* Kernels and file systems that do not know it say so at once. */
static bool is_refused(const struct call *call, int fd, void *buffer)
{
	ssize_t n = call->move(fd, buffer, smaller(options.chunk, options.bytes), 0);

	if (n < 0 && errno == EOPNOTSUPP)
		return true;
	if (n < 0)
		die("%s: %s", call->name, strerror(errno));
	return false;
}

/*
 * By --mode overwrite to a file that is there: pages that were in the page cache before
 * stay there, and fsync() has them written.  By --mode overwrite-kicked the writer has, too
 * (up to 7.1), but not those of a folio that is still being written for the call before.
 */
static void uncached_write(void)
{
	bool kicked = has_mode("overwrite-kicked"), by_flusher = has_mode("flusher");
	bool overwrite = has_mode("overwrite") || kicked;
	unsigned char *buffer = zalloc_pages(options.chunk);
	int fd = overwrite ? open(options.dst, O_RDWR | O_CLOEXEC) : open_destination(options.dst);
	uint64_t offset = 0, calls = 0, pages = (options.bytes + PAGE - 1) / PAGE * PAGE;
	struct flow *flow;

	if (fd < 0)
		die("%s: %s", options.dst, strerror(errno));
	window_open();
	while (offset < options.bytes) {
		size_t bytes = smaller(options.chunk, options.bytes - offset);

		pattern_fill(buffer, bytes, offset);
		calls += write_all(&uncached_writer, fd, buffer, bytes, offset);
		offset += bytes;
	}
	if (overwrite && fsync(fd))
		die("fsync: %s", strerror(errno));
	wait_for_disk(fd);
	window_close(calls);
	flow = flow_add(place_memory(), place_of(fd, options.dst), offset);
	flow_hop(flow, "user_buffer>page_cache copy", offset);
	flow_hop(flow, "page_cache>disk dma", pages);
	flow_call(flow, uncached_writer.reported, calls);
	file_written(fd, options.dst,
		     by_flusher ? "flusher:uncached" :
		     kicked	? "fsync|pwritev2" :
		     overwrite	? "fsync" :
				  "pwritev2",
		     by_flusher, pages, 0);
	file_stays(fd, options.dst, settled_bytes(fd, options.dst, overwrite ? pages : 0));
}

/* What the kernel read from a disk for this process, as it says itself. */
static uint64_t read_from_disk(void)
{
	FILE *in = fopen("/proc/self/io", "re");
	unsigned long long bytes = 0;
	char line[80];

	while (in && fgets(line, sizeof(line), in))
		sscanf(line, "read_bytes: %llu", &bytes);
	if (!in || fclose(in))
		die("/proc/self/io: %s", strerror(errno));
	return bytes;
}

/*
 * A page that is larger than what is read of it goes after the first read, and comes from
 * the disk once more for the next: the kernel's own count tells how much did.
 */
static void uncached_read(void)
{
	unsigned char *buffer = zalloc_pages(options.chunk);
	int fd = open_source(options.src);
	uint64_t offset = 0, calls = 0, pages = (options.bytes + PAGE - 1) / PAGE * PAGE;
	uint64_t from_disk = read_from_disk();
	struct flow *flow;

	window_open();
	while (offset < options.bytes) {
		size_t bytes = smaller(options.chunk, options.bytes - offset);

		calls += read_all(&uncached_reader, fd, buffer, bytes, offset);
		pattern_check(buffer, bytes, offset, "uncached read");
		offset += bytes;
	}
	window_close(calls);
	flow = flow_add(place_of(fd, options.src), place_memory(), offset);
	flow_hop(flow, "page_cache>user_buffer copy", offset);
	flow_hop(flow, "disk>page_cache dma", read_from_disk() - from_disk);
	flow_call(flow, uncached_reader.reported, calls);
	file_stays(fd, options.src, settled_bytes(fd, options.src, options.cold ? 0 : pages));
}

/* Says so, or dies: neither a read nor a write by RWF_DONTCACHE moves a byte. */
static void uncached_refused(void)
{
	unsigned char *buffer = zalloc_pages(options.chunk);
	int in = open_source(options.src), out = open_destination(options.dst);

	window_open();
	if (!is_refused(&uncached_reader, in, buffer) || !is_refused(&uncached_writer, out, buffer))
		die("RWF_DONTCACHE is not refused");
	window_close(0);
}

const struct workload uncached_workloads[] = {
	{ "uncached-write", uncached_write,
	  "write --dst by RWF_DONTCACHE; --mode overwrite|flusher says who writes it back", false },
	{ "uncached-read", uncached_read, "read --src by RWF_DONTCACHE", false },
	{ "uncached-refused", uncached_refused, "RWF_DONTCACHE where there is none", false },
	{ 0 },
};
