// SPDX-License-Identifier: MIT
/*
 * A FUSE file system of one file in memory, without libfuse, and a process that reads
 * and writes the file: what both sides of the kernel's FUSE move is known.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/workload/workload.h"

enum {
	FILE_NODE = 2,
	MAX_WRITE = 1 << 20,
	REQUEST_BYTES = MAX_WRITE + 4096,
	LONG_TIME = 3600, /* seconds that the kernel need not ask again */
};

struct server {
	int fd; /* /dev/fuse */
	unsigned char *request, *content;
	uint64_t size;
	/* What went through the descriptor. */
	uint64_t reads, writes, bytes_read, bytes_written;
};

static struct fuse_attr attributes(const struct server *s, uint64_t node)
{
	struct fuse_attr a = { .ino = node, .nlink = 1, .blksize = 4096 };

	a.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0644;
	a.size = node == FUSE_ROOT_ID ? 4096 : s->size;
	return a;
}

/* One answer by one call; those of errors have no body. */
static void answer(struct server *s, const struct fuse_in_header *in, int error, const void *body,
		   size_t bytes)
{
	struct fuse_out_header out = {
		.len = sizeof(out) + (error ? 0 : bytes),
		.error = error,
		.unique = in->unique,
	};
	struct iovec v[2] = { { &out, sizeof(out) }, { (void *)body, error ? 0 : bytes } };

	if (writev(s->fd, v, error || !bytes ? 1 : 2) != (ssize_t)out.len)
		die("/dev/fuse: %s", strerror(errno));
	s->writes++;
	s->bytes_written += out.len;
}

static void answer_init(struct server *s, const struct fuse_in_header *in, const void *body)
{
	const struct fuse_init_in *asked = body;
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = asked->max_readahead,
		.flags = asked->flags & (FUSE_BIG_WRITES | FUSE_MAX_PAGES | FUSE_ASYNC_READ),
		.max_write = MAX_WRITE,
		.max_pages = MAX_WRITE / 4096,
		.time_gran = 1,
		.max_background = 16,
	};

	if (has_mode("cached"))
		out.flags |= asked->flags & FUSE_WRITEBACK_CACHE;
	answer(s, in, 0, &out, sizeof(out));
}

static void answer_write(struct server *s, const struct fuse_in_header *in, const void *body)
{
	const struct fuse_write_in *w = body;
	struct fuse_write_out out = { .size = w->size };

	if (w->offset + w->size > options.bytes)
		die("a write of FUSE goes beyond the end");
	memcpy(s->content + w->offset, w + 1, w->size);
	if (s->size < w->offset + w->size)
		s->size = w->offset + w->size;
	answer(s, in, 0, &out, sizeof(out));
}

static void answer_one(struct server *s, const struct fuse_in_header *in, const void *body)
{
	struct fuse_attr_out attr = { .attr_valid = LONG_TIME };
	struct fuse_entry_out entry = { .nodeid = FILE_NODE,
					.generation = (uint32_t)getpid(),
					.entry_valid = LONG_TIME,
					.attr_valid = LONG_TIME };
	struct fuse_open_out opened = { .open_flags = FOPEN_KEEP_CACHE };
	const struct fuse_read_in *r = body;

	switch (in->opcode) {
	case FUSE_INIT:
		answer_init(s, in, body);
		break;
	case FUSE_LOOKUP:
		entry.attr = attributes(s, FILE_NODE);
		answer(s, in, strcmp(body, "file") ? -ENOENT : 0, &entry, sizeof(entry));
		break;
	case FUSE_SETATTR:
		if (((const struct fuse_setattr_in *)body)->valid & FATTR_SIZE)
			s->size = ((const struct fuse_setattr_in *)body)->size;
		/* fall through */
	case FUSE_GETATTR:
		attr.attr = attributes(s, in->nodeid);
		answer(s, in, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		answer(s, in, 0, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		answer(s, in, 0, s->content + r->offset,
		       r->offset < s->size ? smaller(r->size, s->size - r->offset) : 0);
		break;
	case FUSE_WRITE:
		answer_write(s, in, body);
		break;
	case FUSE_RELEASE:
	case FUSE_FLUSH:
	case FUSE_FSYNC:
		answer(s, in, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break; /* these want no answer */
	default:
		answer(s, in, -ENOSYS, NULL, 0);
	}
}

/* Until the file system is unmounted; each read of the device is one request. */
static void serve(struct server *s)
{
	struct flow *flow;

	for (;;) {
		ssize_t n = read(s->fd, s->request, REQUEST_BYTES);

		s->reads++;
		if (n < 0 && errno == ENODEV)
			break;
		if (n < 0 && errno != EINTR && errno != ENOENT && errno != EAGAIN)
			die("/dev/fuse: %s", strerror(errno));
		if (n < (ssize_t)sizeof(struct fuse_in_header))
			continue;
		s->bytes_read += n;
		answer_one(s, (const void *)s->request, s->request + sizeof(struct fuse_in_header));
	}
	flow = flow_add(place_of(s->fd, "/dev/fuse"), place_memory(), s->bytes_read);
	flow_hop(flow, "device>user_buffer copy", s->bytes_read);
	flow_call(flow, "read", s->reads);
	flow = flow_add(place_memory(), place_of(s->fd, "/dev/fuse"), s->bytes_written);
	flow_hop(flow, "user_buffer>device copy", s->bytes_written);
	flow_call(flow, "writev", s->writes);
}

static pid_t mount_served(const char *folder)
{
	struct server s = { .size = options.bytes };
	char text[128];
	pid_t child;

	s.fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (s.fd < 0)
		die("/dev/fuse: %s", strerror(errno));
	s.request = zalloc_pages(REQUEST_BYTES);
	s.content = zalloc_pages(options.bytes);
	pattern_fill(s.content, options.bytes, 0);
	snprintf(text, sizeof(text), "fd=%d,rootmode=40000,user_id=0,group_id=0", s.fd);
	if (mkdir(folder, 0755) && errno != EEXIST)
		die("%s: %s", folder, strerror(errno));
	if (mount("workload", folder, "fuse", MS_NOSUID | MS_NODEV, text))
		die("%s: mount: %s", folder, strerror(errno));
	child = fork_or_die();
	if (!child) {
		serve(&s);
		_exit(0);
	}
	close(s.fd);
	return child;
}

/* Reads the file and writes it again; --dst is the folder that it is mounted on. */
static void fuse(void)
{
	const struct call *reader = reader_find(options.read ? options.read : "pread");
	const struct call *writer = writer_find(options.write ? options.write : "pwrite");
	unsigned char *buffer = zalloc_pages(options.chunk), *other = zalloc_pages(options.chunk);
	uint64_t offset, reads = 0, writes = 0;
	struct place place;
	struct flow *flow;
	char path[450];
	pid_t server;
	int fd;

	if (!options.dst)
		die("no --dst");
	server = mount_served(options.dst);
	snprintf(path, sizeof(path), "%s/file", options.dst);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	place = place_of(fd, path);
	window_open();
	for (offset = 0; offset < options.bytes;
	     offset += smaller(options.chunk, options.bytes - offset)) {
		size_t bytes = smaller(options.chunk, options.bytes - offset);

		reads += read_all(reader, fd, buffer, bytes, offset);
		pattern_check(buffer, bytes, offset, "FUSE");
	}
	for (offset = 0; offset < options.bytes;
	     offset += smaller(options.chunk, options.bytes - offset)) {
		size_t bytes = smaller(options.chunk, options.bytes - offset);

		pattern_fill(other, bytes, offset);
		writes += write_all(writer, fd, other, bytes, offset);
	}
	window_close(reads + writes);
	close(fd);
	if (umount(options.dst))
		die("%s: umount: %s", options.dst, strerror(errno));
	wait_for(server);
	flow = flow_add(place, place_memory(), options.bytes);
	flow_hop(flow, "page_cache>user_buffer copy", options.bytes);
	flow_call(flow, reader->reported, reads);
	flow = flow_add(place_memory(), place, options.bytes);
	flow_hop(flow, "user_buffer>page_cache copy", options.bytes);
	flow_call(flow, writer->reported, writes);
}

const struct workload fuse_workloads[] = {
	{ "fuse", fuse,
	  "read and write a file of a FUSE file system mounted on --dst; --mode cached: with a "
	  "write-back cache",
	  false },
	{ 0 },
};
