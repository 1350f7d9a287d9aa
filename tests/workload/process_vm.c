// SPDX-License-Identifier: MIT
/* Bytes between the memories of two processes, by process_vm_readv and _writev. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/workload/workload.h"

/* A process that has all of options.bytes in its memory, and does nothing. */
struct other {
	pid_t pid;
	unsigned char *at; /* in that process */
	bool cut; /* the second half of each chunk is not there */
};

/* Fills it, says so, and waits; then looks at what it got, if anything. */
static void be_other(const struct other *o, bool written, int ready, int go)
{
	char byte = 0;

	if (written)
		memset(o->at, 0xff, options.bytes);
	else
		pattern_fill(o->at, options.bytes, 0);
	for (uint64_t at = 0; o->cut && at < options.bytes; at += options.chunk)
		if (mprotect(o->at + at + options.chunk / 2, options.chunk / 2, PROT_NONE))
			die("mprotect: %s", strerror(errno));
	if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) < 0)
		die("the other process: %s", strerror(errno));
	if (written)
		pattern_check(o->at, options.bytes, 0, "the other process");
	_exit(0);
}

static struct other start_other(bool written, int *go)
{
	struct other o = { .at = zalloc_pages(options.bytes), .cut = has_mode("cut") };
	int ready[2], stop[2];
	char byte;

	if (pipe(ready) || pipe(stop))
		die("pipe: %s", strerror(errno));
	o.pid = fork_or_die();
	if (!o.pid) {
		close(stop[1]);
		be_other(&o, written, ready[1], stop[0]);
	}
	if (read(ready[0], &byte, 1) != 1)
		die("the other process did not start");
	close(stop[0]);
	*go = stop[1];
	return o;
}

static void end_other(const struct other *o, int go)
{
	close(go);
	wait_for(o->pid);
}

/* Three buffers here, two there: neither ends where the other does. */
static size_t move(const struct other *o, unsigned char *buffer, uint64_t offset, size_t bytes,
		   bool write)
{
	size_t half = bytes / 2, third = bytes / 3 | 1;
	struct iovec here[3] = { { buffer, 1 },
				 { buffer + 1, third - 1 },
				 { buffer + third, bytes - third } };
	struct iovec there[2] = { { o->at + offset, half },
				  { o->at + offset + half, bytes - half } };
	ssize_t expected = o->cut ? half : bytes;
	ssize_t n = write ? process_vm_writev(o->pid, here, 3, there, 2, 0) :
			    process_vm_readv(o->pid, here, 3, there, 2, 0);

	if (n != expected)
		die("process_vm: %zd of %zd bytes: %s", n, expected, strerror(errno));
	return n;
}

static struct place place_memory_of(const struct other *o)
{
	struct place place = place_memory();

	place.pid = o->pid;
	return place;
}

static void read_other(void)
{
	struct sink sink = sink_open(options.to, options.dst, options.bytes);
	unsigned char *buffer = zalloc_pages(options.chunk);
	const struct call *writer = writer_find(options.write ? options.write : "write");
	uint64_t moved = 0, reads = 0, writes = 0;
	struct flow *flow;
	struct other o;
	int go;

	o = start_other(false, &go);
	window_open();
	for (uint64_t at = 0; at < options.bytes; at += options.chunk) {
		size_t n = move(&o, buffer, at, smaller(options.chunk, options.bytes - at), false);

		pattern_check(buffer, n, at, "process_vm_readv");
		if (sink.fd >= 0)
			writes += write_all(writer, sink.fd, buffer, n, at);
		moved += n;
		reads++;
	}
	window_close(reads + writes);
	flow = flow_add(place_memory_of(&o), sink.place, moved);
	flow_hop(flow, "user_buffer>user_buffer copy", moved);
	flow_call(flow, "process_vm_readv", reads);
	if (writes) {
		flow_hop(flow, sink.copied_hop, moved);
		flow_call(flow, writer->reported, writes);
	}
	end_other(&o, go);
	sink_close(&sink);
}

static void write_other(void)
{
	const struct call *reader = reader_find(options.read ? options.read : "read");
	int go, in = options.src ? open_source(options.src) : -1;
	unsigned char *buffer = zalloc_pages(options.chunk);
	uint64_t reads = 0, writes = 0;
	struct flow *flow;
	struct other o;

	if (has_mode("shared")) {
		buffer = mmap(NULL, options.bytes, PROT_READ, MAP_SHARED, in, 0);
		if (buffer == MAP_FAILED)
			die("%s: mmap: %s", options.src, strerror(errno));
	}
	o = start_other(true, &go);
	window_open();
	for (uint64_t at = 0; at < options.bytes; at += options.chunk, writes++) {
		size_t bytes = smaller(options.chunk, options.bytes - at);

		if (has_mode("shared")) {
			move(&o, buffer + at, at, bytes, true);
			continue;
		}
		if (in >= 0)
			reads += read_all(reader, in, buffer, bytes, at);
		else
			pattern_fill(buffer, bytes, at);
		move(&o, buffer, at, bytes, true);
	}
	window_close(reads + writes);
	flow = flow_add(in < 0 ? place_memory() : place_of(in, options.src), place_memory_of(&o),
			options.bytes);
	flow_hop(flow, "page_cache>user_buffer copy", reads ? options.bytes : 0);
	flow_hop(flow,
		 has_mode("shared") ? "mapping>user_buffer copy" : "user_buffer>user_buffer copy",
		 options.bytes);
	flow_hop(flow, "page_cache>mapping map", has_mode("shared") ? options.bytes : 0);
	flow_call(flow, reader->reported, reads);
	flow_call(flow, "process_vm_writev", writes);
	end_other(&o, go);
}

const struct workload process_vm_workloads[] = {
	{ "process-vm-read", read_other, "from the memory of another process, and on", false },
	{ "process-vm-write", write_other, "to the memory of another process", false },
	{ 0 },
};
