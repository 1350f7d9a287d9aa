// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/workload/workload.h"

unsigned int messages_moved;

/* Three pieces of unequal size, so that walks over segments are tested. */
static int split(struct iovec *v, void *buffer, size_t bytes)
{
	size_t first = 1, second = bytes / 2;

	if (bytes < 4) {
		v[0] = (struct iovec){ buffer, bytes };
		return 1;
	}
	v[0] = (struct iovec){ buffer, first };
	v[1] = (struct iovec){ (char *)buffer + first, second };
	v[2] = (struct iovec){ (char *)buffer + first + second, bytes - first - second };
	return 3;
}

static ssize_t by_read(int fd, void *buffer, size_t bytes, off_t offset)
{
	(void)offset;
	return read(fd, buffer, bytes);
}

static ssize_t by_pread(int fd, void *buffer, size_t bytes, off_t offset)
{
	return pread(fd, buffer, bytes, offset);
}

static ssize_t by_readv(int fd, void *buffer, size_t bytes, off_t offset)
{
	struct iovec v[3];

	(void)offset;
	return readv(fd, v, split(v, buffer, bytes));
}

static ssize_t by_preadv(int fd, void *buffer, size_t bytes, off_t offset)
{
	struct iovec v[3];

	return preadv(fd, v, split(v, buffer, bytes), offset);
}

static ssize_t by_preadv2(int fd, void *buffer, size_t bytes, off_t offset)
{
	struct iovec v[3];

	return preadv2(fd, v, split(v, buffer, bytes), offset, RWF_HIPRI);
}

static ssize_t by_recv(int fd, void *buffer, size_t bytes, off_t offset)
{
	(void)offset;
	return recv(fd, buffer, bytes, 0);
}

static ssize_t by_recvfrom(int fd, void *buffer, size_t bytes, off_t offset)
{
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);

	(void)offset;
	return recvfrom(fd, buffer, bytes, 0, (struct sockaddr *)&from, &size);
}

static ssize_t by_recvmsg(int fd, void *buffer, size_t bytes, off_t offset)
{
	struct iovec v[3];
	struct msghdr m = { .msg_iov = v, .msg_iovlen = split(v, buffer, bytes) };

	(void)offset;
	return recvmsg(fd, &m, 0);
}

/* The bytes lie together in @buffer afterwards. */
static ssize_t by_recvmmsg(int fd, void *buffer, size_t bytes, off_t offset)
{
	struct mmsghdr m[MESSAGES];
	struct iovec v[MESSAGES];
	size_t slot = bytes / MESSAGES;
	ssize_t total = 0;
	int count;

	(void)offset;
	memset(m, 0, sizeof(m));
	for (int i = 0; i < MESSAGES; i++) {
		v[i] = (struct iovec){ (char *)buffer + i * slot, slot };
		m[i].msg_hdr.msg_iov = &v[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	count = recvmmsg(fd, m, MESSAGES, MSG_WAITFORONE, NULL);
	for (int i = 0; i < count; i++) {
		memmove((char *)buffer + total, (char *)buffer + i * slot, m[i].msg_len);
		total += m[i].msg_len;
	}
	messages_moved = count > 0 ? count : 0;
	return count < 0 ? -1 : total;
}

static ssize_t by_write(int fd, void *buffer, size_t bytes, off_t offset)
{
	(void)offset;
	return write(fd, buffer, bytes);
}

static ssize_t by_pwrite(int fd, void *buffer, size_t bytes, off_t offset)
{
	return pwrite(fd, buffer, bytes, offset);
}

static ssize_t by_writev(int fd, void *buffer, size_t bytes, off_t offset)
{
	struct iovec v[3];

	(void)offset;
	return writev(fd, v, split(v, buffer, bytes));
}

static ssize_t by_pwritev(int fd, void *buffer, size_t bytes, off_t offset)
{
	struct iovec v[3];

	return pwritev(fd, v, split(v, buffer, bytes), offset);
}

static ssize_t by_pwritev2(int fd, void *buffer, size_t bytes, off_t offset)
{
	struct iovec v[3];

	return pwritev2(fd, v, split(v, buffer, bytes), offset, RWF_HIPRI);
}

static ssize_t by_send(int fd, void *buffer, size_t bytes, off_t offset)
{
	(void)offset;
	return send(fd, buffer, bytes, 0);
}

static ssize_t by_sendmsg(int fd, void *buffer, size_t bytes, off_t offset)
{
	struct iovec v[3];
	struct msghdr m = { .msg_iov = v, .msg_iovlen = split(v, buffer, bytes) };

	(void)offset;
	return sendmsg(fd, &m, 0);
}

static ssize_t by_sendmmsg(int fd, void *buffer, size_t bytes, off_t offset)
{
	struct mmsghdr m[MESSAGES];
	struct iovec v[MESSAGES];
	size_t part = bytes / MESSAGES;
	ssize_t total = 0;
	int count, parts = part ? MESSAGES : 1;

	(void)offset;
	memset(m, 0, sizeof(m));
	for (int i = 0; i < parts; i++) {
		size_t rest = bytes - i * part;

		v[i] = (struct iovec){ (char *)buffer + i * part, i == parts - 1 ? rest : part };
		m[i].msg_hdr.msg_iov = &v[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	count = sendmmsg(fd, m, parts, 0);
	for (int i = 0; i < count; i++)
		total += m[i].msg_len;
	messages_moved = count > 0 ? count : 0;
	return count < 0 ? -1 : total;
}

static const struct call readers[] = {
	{ "read", "read", by_read },
	{ "pread", "pread64", by_pread },
	{ "readv", "readv", by_readv },
	{ "preadv", "preadv", by_preadv },
	{ "preadv2", "preadv2", by_preadv2 },
	{ "recv", "recvfrom", by_recv },
	{ "recvfrom", "recvfrom", by_recvfrom },
	{ "recvmsg", "recvmsg", by_recvmsg },
	{ "recvmmsg", "recvmmsg", by_recvmmsg },
	{ NULL, NULL, NULL },
};

static const struct call writers[] = {
	{ "write", "write", by_write },		 { "pwrite", "pwrite64", by_pwrite },
	{ "writev", "writev", by_writev },	 { "pwritev", "pwritev", by_pwritev },
	{ "pwritev2", "pwritev2", by_pwritev2 }, { "send", "sendto", by_send },
	{ "sendto", "sendto", by_send },	 { "sendmsg", "sendmsg", by_sendmsg },
	{ "sendmmsg", "sendmmsg", by_sendmmsg }, { NULL, NULL, NULL },
};

static const struct call *find_in(const struct call *calls, const char *name)
{
	for (; calls->name; calls++)
		if (!strcmp(calls->name, name))
			return calls;
	return NULL;
}

static const struct call *find(const struct call *calls, const struct call *requests,
			       const struct call *aio, const char *name)
{
	const struct call *call = find_in(calls, name);

	if (!call)
		call = find_in(requests, name);
	if (!call)
		call = find_in(aio, name);
	if (!call)
		die("no call %s", name);
	return call;
}

const struct call *reader_find(const char *name)
{
	return find(readers, uring_readers, aio_readers, name);
}

const struct call *writer_find(const char *name)
{
	return find(writers, uring_writers, aio_writers, name);
}

static uint64_t all(const struct call *call, int fd, void *buffer, size_t bytes, off_t offset)
{
	uint64_t calls = 0;
	size_t done = 0;

	messages_moved = 1;
	while (done < bytes) {
		ssize_t n = call->move(fd, (char *)buffer + done, bytes - done, offset + done);

		if (n <= 0)
			die("%s: %s", call->name, n ? strerror(errno) : "end of file");
		done += n;
		calls++;
	}
	return calls;
}

uint64_t write_all(const struct call *call, int fd, void *buffer, size_t bytes, off_t offset)
{
	return all(call, fd, buffer, bytes, offset);
}

uint64_t read_all(const struct call *call, int fd, void *buffer, size_t bytes, off_t offset)
{
	return all(call, fd, buffer, bytes, offset);
}
