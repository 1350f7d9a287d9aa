// SPDX-License-Identifier: MIT
/*
 * Requests of io_uring in the form of calls: each is submitted and waited for
 * by one io_uring_enter().  --ring says where they run and what of them is
 * registered: "inline", "async", "sqpoll", with ",files" behind it.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/workload/workload.h"

/* What <linux/io_uring.h> of newer kernels has. */
#define SEND_ZC_REPORT_USAGE (1U << 3)
#define NOTIF_USAGE_ZC_COPIED (1U << 31)
enum { SENDMSG_ZC = 48, READV_FIXED = 60, WRITEV_FIXED = 61 };

enum { ENTRIES = 8, FILES = 64 };

uint64_t calls_beside;
bool moved_elsewhere;

static struct io_uring ring;
static pid_t owner; /* of the ring: not the child after a fork */
static bool is_async, is_polled, has_files;
static char *fixed; /* the buffer that is registered */

static void choose_mode(void)
{
	const char *mode = options.ring ? options.ring : "inline";
	size_t length = strcspn(mode, ",");

	is_async = !strncmp(mode, "async", length);
	is_polled = !strncmp(mode, "sqpoll", length);
	has_files = !strcmp(mode + length, ",files");
	if ((!is_async && !is_polled && strncmp(mode, "inline", length)) ||
	    (mode[length] && !has_files))
		die("--ring %s: it is inline, async or sqpoll, with ',files' or without", mode);
}

static void open_ring(void)
{
	struct io_uring_params p = { .flags = 0 };
	int none[FILES], error;

	choose_mode();
	if (is_polled)
		p = (struct io_uring_params){ .flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 100 };
	error = -io_uring_queue_init_params(ENTRIES, &ring, &p);
	if (error == EPERM || error == ENOSYS)
		die("io_uring: %s: it is turned off here, by the sysctl kernel.io_uring_disabled, "
		    "a seccomp filter or the kernel's configuration",
		    strerror(error));
	if (error)
		die("io_uring: %s", strerror(error));
	memset(none, -1, sizeof(none));
	if (has_files && io_uring_register_files(&ring, none, FILES))
		die("io_uring: cannot register files");
	fixed = NULL;
	owner = getpid();
}

static struct io_uring_sqe *request(void)
{
	if (owner != getpid())
		open_ring();
	return io_uring_get_sqe(&ring);
}

static void set_file(struct io_uring_sqe *sqe, int fd)
{
	static bool known[FILES];
	static pid_t whose;

	if (!has_files)
		return;
	if (whose != owner)
		memset(known, 0, sizeof(known));
	whose = owner;
	if (fd >= FILES)
		die("descriptor %d is too high to be registered", fd);
	if (!known[fd] && io_uring_register_files_update(&ring, fd, &fd, 1) != 1)
		die("io_uring: cannot register descriptor %d", fd);
	known[fd] = true;
	sqe->flags |= IOSQE_FIXED_FILE;
}

static void register_buffer(void *buffer, size_t bytes)
{
	struct iovec v = { buffer, bytes };

	if (io_uring_register_buffers(&ring, &v, 1))
		die("io_uring: cannot register a buffer");
	fixed = buffer;
}

static void set_buffer(struct io_uring_sqe *sqe, const void *buffer, size_t bytes)
{
	if (!fixed)
		register_buffer((void *)buffer, options.chunk);
	if ((char *)buffer < fixed || (char *)buffer + bytes > fixed + options.chunk)
		die("the buffer is not the registered one");
	sqe->buf_index = 0;
}

/* Others have no offsets, and sockets refuse them. */
static bool is_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		die("fstat: %s", strerror(errno));
	return S_ISREG(st.st_mode) || S_ISBLK(st.st_mode);
}

/* Writes to files, and pipes before Linux 6.4, are left to a worker; large ones to devices, too. */
static bool needs_worker(int fd, bool writes)
{
	struct stat st;

	if (fstat(fd, &st))
		die("fstat: %s", strerror(errno));
	return S_ISFIFO(st.st_mode) || S_ISBLK(st.st_mode) || (writes && S_ISREG(st.st_mode));
}

/* What the next completion says. */
static ssize_t wait_for_one(unsigned int *flags)
{
	struct io_uring_cqe *cqe;
	ssize_t moved;

	while (io_uring_peek_cqe(&ring, &cqe)) {
		if (is_polled) {
			/* What SQPOLL is for: nobody enters the kernel for the ring. */
			sched_yield();
			continue;
		}
		if (io_uring_enter(ring.ring_fd, 0, 1, IORING_ENTER_GETEVENTS, NULL) < 0 &&
		    errno != EINTR)
			die("io_uring_enter: %s", strerror(errno));
		calls_beside++;
	}
	moved = cqe->res;
	*flags = cqe->flags;
	io_uring_cqe_seen(&ring, cqe);
	return moved;
}

static void submit(struct io_uring_sqe *sqe, int fd, bool writes)
{
	int submitted;

	set_file(sqe, fd);
	if (is_async)
		sqe->flags |= IOSQE_ASYNC;
	if (is_async || is_polled || needs_worker(fd, writes))
		moved_elsewhere = true;
	submitted = is_polled ? io_uring_submit(&ring) : io_uring_submit_and_wait(&ring, 1);
	/* Of a polled queue it counts what the kernel has not said yet that it took. */
	if (is_polled ? submitted < 1 : submitted != 1)
		die("io_uring: submitted %d requests, not 1", submitted);
}

static ssize_t run(struct io_uring_sqe *sqe, int fd, bool writes)
{
	unsigned int flags;
	ssize_t moved;

	submit(sqe, fd, writes);
	moved = wait_for_one(&flags);
	if (moved >= 0)
		return moved;
	errno = -moved;
	return -1;
}

static int halves(struct iovec v[2], void *buffer, size_t bytes)
{
	size_t first = bytes / 3;

	if (first > 4096)
		first &= -4096ul; /* for O_DIRECT */

	v[0] = (struct iovec){ buffer, first };
	v[1] = (struct iovec){ (char *)buffer + first, bytes - first };
	return 2;
}

/* Each knows the request, the two pieces of the buffer and a message of them. */
#define CALL(name, writes, prepare)                                                \
	static ssize_t by_##name(int fd, void *buffer, size_t bytes, off_t offset) \
	{                                                                          \
		struct io_uring_sqe *sqe = request();                              \
		struct iovec v[2];                                                 \
		struct msghdr m __attribute__((unused)) = { .msg_iov = v };        \
                                                                                   \
		m.msg_iovlen = halves(v, buffer, bytes);                           \
		offset = is_file(fd) ? offset : 0;                                 \
		prepare;                                                           \
		return run(sqe, fd, writes);                                       \
	}

CALL(read, false, io_uring_prep_read(sqe, fd, buffer, bytes, offset))
CALL(readv, false, io_uring_prep_readv(sqe, fd, v, m.msg_iovlen, offset))
CALL(read_fixed, false, io_uring_prep_read_fixed(sqe, fd, buffer, bytes, offset, 0);
     set_buffer(sqe, buffer, bytes))
CALL(readv_fixed, false, io_uring_prep_readv(sqe, fd, v, m.msg_iovlen, offset);
     sqe->opcode = READV_FIXED; set_buffer(sqe, buffer, bytes))
CALL(recv, false, io_uring_prep_recv(sqe, fd, buffer, bytes, 0))
CALL(recvmsg, false, io_uring_prep_recvmsg(sqe, fd, &m, 0))
CALL(write, true, io_uring_prep_write(sqe, fd, buffer, bytes, offset))
CALL(writev, true, io_uring_prep_writev(sqe, fd, v, m.msg_iovlen, offset))
CALL(write_fixed, true, io_uring_prep_write_fixed(sqe, fd, buffer, bytes, offset, 0);
     set_buffer(sqe, buffer, bytes))
CALL(writev_fixed, true, io_uring_prep_writev(sqe, fd, v, m.msg_iovlen, offset);
     sqe->opcode = WRITEV_FIXED; set_buffer(sqe, buffer, bytes))
CALL(send, true, io_uring_prep_send(sqe, fd, buffer, bytes, 0))
CALL(sendmsg, true, io_uring_prep_sendmsg(sqe, fd, &m, 0))

/* Two pieces of a registered buffer with others between them; the bytes are copied here. */
static ssize_t move_scattered(int fd, uint8_t opcode, size_t bytes, off_t offset)
{
	struct io_uring_sqe *sqe = request();
	size_t first = bytes / 3;
	struct iovec v[2];

	if (!fixed)
		register_buffer(zalloc_pages(2 * options.chunk), 2 * options.chunk);
	v[0] = (struct iovec){ fixed, first };
	v[1] = (struct iovec){ fixed + options.chunk, bytes - first };
	io_uring_prep_readv(sqe, fd, v, 2, is_file(fd) ? offset : 0);
	sqe->opcode = opcode;
	sqe->buf_index = 0;
	return run(sqe, fd, opcode == WRITEV_FIXED);
}

static ssize_t by_readv_scattered(int fd, void *buffer, size_t bytes, off_t offset)
{
	ssize_t n = move_scattered(fd, READV_FIXED, bytes, offset);

	if (n == (ssize_t)bytes) {
		memcpy(buffer, fixed, bytes / 3);
		memcpy((char *)buffer + bytes / 3, fixed + options.chunk, bytes - bytes / 3);
	}
	return n;
}

static ssize_t by_writev_scattered(int fd, void *buffer, size_t bytes, off_t offset)
{
	if (!fixed)
		die("nothing was read into the registered buffer");
	if (memcmp(buffer, fixed, bytes / 3))
		die("the registered buffer has other bytes");
	return move_scattered(fd, WRITEV_FIXED, bytes, offset);
}

const struct call uring_readers[] = {
	{ "uring-read", "io_uring:read", by_read },
	{ "uring-readv", "io_uring:readv", by_readv },
	{ "uring-read-fixed", "io_uring:read_fixed", by_read_fixed },
	{ "uring-readv-fixed", "io_uring:readv_fixed", by_readv_fixed },
	{ "uring-readv-scattered", "io_uring:readv_fixed", by_readv_scattered },
	{ "uring-recv", "io_uring:recv", by_recv },
	{ "uring-recvmsg", "io_uring:recvmsg", by_recvmsg },
	{ NULL, NULL, NULL },
};

const struct call uring_writers[] = {
	{ "uring-write", "io_uring:write", by_write },
	{ "uring-writev", "io_uring:writev", by_writev },
	{ "uring-write-fixed", "io_uring:write_fixed", by_write_fixed },
	{ "uring-writev-fixed", "io_uring:writev_fixed", by_writev_fixed },
	{ "uring-writev-scattered", "io_uring:writev_fixed", by_writev_scattered },
	{ "uring-send", "io_uring:send", by_send },
	{ "uring-sendmsg", "io_uring:sendmsg", by_sendmsg },
	{ NULL, NULL, NULL },
};

ssize_t uring_splice(int in, int out, size_t bytes)
{
	struct io_uring_sqe *sqe = request();

	moved_elsewhere = true; /* only workers splice */
	io_uring_prep_splice(sqe, in, -1, out, -1, bytes, SPLICE_F_MOVE);
	return run(sqe, out, true);
}

/* A second completion says that the kernel let go of the pages, and what it did with them. */
ssize_t uring_send_zc(int fd, void *buffer, size_t bytes, bool is_fixed, bool is_message,
		      bool *copied)
{
	struct io_uring_sqe *sqe = request();
	struct iovec v[2];
	struct msghdr m = { .msg_iov = v };
	unsigned int flags;
	ssize_t sent, usage;

	if (is_message) {
		m.msg_iovlen = halves(v, buffer, bytes);
		io_uring_prep_sendmsg(sqe, fd, &m, 0);
		sqe->opcode = SENDMSG_ZC;
		sqe->ioprio = SEND_ZC_REPORT_USAGE | (is_fixed ? IORING_RECVSEND_FIXED_BUF : 0);
		if (is_fixed)
			set_buffer(sqe, buffer, bytes);
	} else if (is_fixed) {
		io_uring_prep_send_zc_fixed(sqe, fd, buffer, bytes, 0, SEND_ZC_REPORT_USAGE, 0);
		set_buffer(sqe, buffer, bytes);
	} else {
		io_uring_prep_send_zc(sqe, fd, buffer, bytes, 0, SEND_ZC_REPORT_USAGE);
	}
	submit(sqe, fd, true);
	sent = wait_for_one(&flags);
	if (sent < 0) {
		errno = -sent;
		return -1;
	}
	if (!(flags & IORING_CQE_F_MORE))
		die("io_uring: no word about the pages will come");
	usage = wait_for_one(&flags);
	if (!(flags & IORING_CQE_F_NOTIF))
		die("io_uring: the completion is not about the pages");
	*copied = usage & NOTIF_USAGE_ZC_COPIED;
	return sent;
}
