// SPDX-License-Identifier: MIT
/*
 * Zero-copy receive of io_uring without a card (ZCRX_REG_NODEV): all is copied into an
 * area that is registered.  The requests are made by hand, as liburing is older.
 */
#include <errno.h>
#include <liburing.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/workload/workload.h"

/* What <linux/io_uring.h> and <linux/io_uring/zcrx.h> of v7.2 have. */
enum {
	RECV_ZC = 58,
	REGISTER_ZCRX_IFQ = 32,
	REGION_OF_USER = 1,
	ZCRX_NODEV = 2,
	REFILL_ENTRIES = 4096,
	REGION_BYTES = 1 << 20,
	AREA_BYTES = 32 << 20,
};

#define AREA_SHIFT 48

struct region {
	uint64_t user_addr, size;
	uint32_t flags, id;
	uint64_t mmap_offset, unused[4];
};

struct area {
	uint64_t addr, len, token;
	uint32_t flags, dmabuf;
	uint64_t unused[2];
};

struct registration {
	uint32_t card, queue, entries, flags;
	uint64_t area, region;
	struct {
		uint32_t head, tail, rqes, unused;
		uint64_t unused2[2];
	} offsets;
	uint32_t id, buffer_bytes;
	uint64_t events, unused[2];
};

static unsigned char *register_area(struct io_uring *ring)
{
	unsigned char *memory = zalloc_pages(AREA_BYTES);
	struct area area = { .addr = (uintptr_t)memory, .len = AREA_BYTES };
	struct region region = { .user_addr = (uintptr_t)zalloc_pages(REGION_BYTES),
				 .size = REGION_BYTES,
				 .flags = REGION_OF_USER };
	struct registration r = { .entries = REFILL_ENTRIES,
				  .flags = ZCRX_NODEV,
				  .area = (uintptr_t)&area,
				  .region = (uintptr_t)&region };

	if (syscall(__NR_io_uring_register, ring->ring_fd, REGISTER_ZCRX_IFQ, &r, 1))
		die("io_uring: zero-copy receive without a card: %s", strerror(errno));
	if (r.id)
		die("io_uring: the first registration has number %u", r.id);
	return memory;
}

/* The sender, in a process of its own: it says nothing of itself. */
static pid_t start_sender(int fd)
{
	unsigned char *buffer = zalloc_pages(options.chunk);
	pid_t child = fork_or_die();

	if (child)
		return child;
	for (uint64_t offset = 0; offset < options.bytes;) {
		size_t bytes = smaller(options.chunk, options.bytes - offset);

		pattern_fill(buffer, bytes, offset);
		if (send(fd, buffer, bytes, 0) != (ssize_t)bytes)
			_exit(3);
		offset += bytes;
	}
	_exit(0);
}

static void zcrx(void)
{
	struct io_uring_params p = { .flags = IORING_SETUP_SINGLE_ISSUER |
					      IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQE32 |
					      IORING_SETUP_CQSIZE,
				     .cq_entries = 8192 };
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	uint64_t received = 0;
	unsigned char *area;
	struct flow *flow;
	pid_t sender;
	int ends[2], error;

	connect_ends("tcp", ends);
	error = -io_uring_queue_init_params(8, &ring, &p);
	if (error)
		die("io_uring: %s", strerror(error));
	area = register_area(&ring);
	moved_elsewhere = true; /* of which call it is an operation is not the matter here */
	window_open();
	sender = start_sender(ends[1]);
	sqe = io_uring_get_sqe(&ring);
	if (!sqe)
		die("io_uring: no room");
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = RECV_ZC;
	sqe->fd = ends[0];
	sqe->ioprio = IORING_RECV_MULTISHOT;
	if (io_uring_submit(&ring) != 1)
		die("io_uring: nothing was submitted");
	while (received < options.bytes) {
		uint64_t at;

		error = -io_uring_wait_cqe(&ring, &cqe);
		if (error)
			die("io_uring: %s", strerror(error));
		if (cqe->res <= 0)
			die("io_uring: recv_zc: %s", strerror(-cqe->res));
		at = *(uint64_t *)(cqe + 1) & ((1ull << AREA_SHIFT) - 1);
		pattern_check(area + at, cqe->res, received, "recv_zc");
		received += cqe->res;
		io_uring_cqe_seen(&ring, cqe);
	}
	window_close(0);
	wait_for(sender);
	flow = flow_add(place_of(ends[0], NULL), place_memory(), received);
	flow_hop(flow, "socket_buffer>user_buffer copy", received);
	flow_call(flow, "io_uring:recv_zc", 1);
}

const struct workload zcrx_workloads[] = {
	{ "zcrx", zcrx, "receive by RECV_ZC of io_uring, without a card", false },
	{ 0 },
};
