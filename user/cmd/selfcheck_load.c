// SPDX-License-Identifier: MIT
/* The workload of the self-check: SELFCHECK_BYTES along each path. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/selfcheck.h"
#include "cmd/selfcheck_load.h"

static char buffer[SELFCHECK_CHUNK];
static char blank[SELFCHECK_CHUNK]; /* filled by no file: bytes of the process */
static char sink[SELFCHECK_CHUNK];

struct connection {
	int out, in;
};

/* Two ends of a TCP connection over loopback. */
static int connect_pair(struct connection *c)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->out = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || c->out < 0 || bind(listener, (void *)&address, size) ||
	    listen(listener, 1) || getsockname(listener, (void *)&address, &size) ||
	    connect(c->out, (void *)&address, size))
		return -1;
	c->in = accept(listener, NULL, NULL);
	close(listener);
	return c->in < 0 ? -1 : 0;
}

/* Takes one chunk out of the connection, so that the next one has room. */
static int drain(struct connection *c, size_t bytes)
{
	while (bytes) {
		ssize_t n = recv(c->in, sink, bytes, 0);

		if (n <= 0)
			return -1;
		bytes -= n;
	}
	return 0;
}

static int read_and_write(int file, struct connection *c)
{
	for (int i = 0; i < SELFCHECK_BYTES / SELFCHECK_CHUNK; i++)
		if (read(file, buffer, SELFCHECK_CHUNK) != SELFCHECK_CHUNK ||
		    write(c->out, buffer, SELFCHECK_CHUNK) != SELFCHECK_CHUNK ||
		    drain(c, SELFCHECK_CHUNK))
			return -1;
	return 0;
}

static int map_and_write(int file, struct connection *c)
{
	char *map = mmap(NULL, SELFCHECK_BYTES, PROT_READ, MAP_SHARED, file, 0);

	if (map == MAP_FAILED)
		return -1;
	for (int i = 0; i < SELFCHECK_BYTES; i += SELFCHECK_CHUNK)
		if (write(c->out, map + i, SELFCHECK_CHUNK) != SELFCHECK_CHUNK ||
		    drain(c, SELFCHECK_CHUNK))
			return -1;
	return munmap(map, SELFCHECK_BYTES);
}

static int send_file(int file, struct connection *c)
{
	for (int i = 0; i < SELFCHECK_BYTES; i += SELFCHECK_CHUNK)
		if (sendfile(c->out, file, NULL, SELFCHECK_CHUNK) != SELFCHECK_CHUNK ||
		    drain(c, SELFCHECK_CHUNK))
			return -1;
	return 0;
}

static int file_to_file(int file)
{
	int to = open(SELFCHECK_FILE_TO, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	size_t done = 0;

	while (to >= 0 && done < SELFCHECK_BYTES) {
		ssize_t n = sendfile(to, file, NULL, SELFCHECK_BYTES - done);

		if (n <= 0)
			return -1;
		done += n;
	}
	return to < 0 ? -1 : close(to);
}

static int write_file(void)
{
	int to = open(SELFCHECK_WRITE, O_CREAT | O_WRONLY | O_TRUNC, 0600);

	for (int i = 0; i < SELFCHECK_BYTES; i += SELFCHECK_CHUNK)
		if (write(to, blank, SELFCHECK_CHUNK) != SELFCHECK_CHUNK)
			return -1;
	return close(to);
}

/* Through @ends, from [1] to [0], @chunk bytes at a time. */
static int write_and_read(const int *ends, int chunk)
{
	for (int i = 0; i < SELFCHECK_BYTES; i += chunk) {
		int done = 0;

		if (write(ends[1], blank, chunk) != chunk)
			return -1;
		while (done < chunk) {
			ssize_t n = read(ends[0], sink, chunk - done);

			if (n <= 0)
				return -1;
			done += n;
		}
	}
	close(ends[0]);
	return close(ends[1]);
}

static int through_pipe(void)
{
	int ends[2];

	return pipe(ends) || write_and_read(ends, SELFCHECK_CHUNK / 2);
}

static int through_unix(void)
{
	int ends[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) ||
	       write_and_read(ends, SELFCHECK_CHUNK / 2);
}

static int through_udp(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	int ends[2] = { socket(AF_INET, SOCK_DGRAM, 0), socket(AF_INET, SOCK_DGRAM, 0) };

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(ends[0], (void *)&address, size) ||
	    getsockname(ends[0], (void *)&address, &size) ||
	    connect(ends[1], (void *)&address, size))
		return -1;
	return write_and_read(ends, SELFCHECK_CHUNK / 2);
}

/*
 * An overlayfs over @folder, with its upper layer in memory, for this process and gone
 * with it.  Who may not mount has none: that is no failure.
 */
static bool mount_overlay(const char *folder)
{
	char options[1024];

	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s/up,workdir=%s/work", folder,
		 SELFCHECK_OVERLAY, SELFCHECK_OVERLAY);
	return !unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("tmpfs", SELFCHECK_OVERLAY, "tmpfs", 0, NULL) &&
	       !mkdir(SELFCHECK_OVERLAY "/up", 0700) && !mkdir(SELFCHECK_OVERLAY "/work", 0700) &&
	       !mkdir(SELFCHECK_OVERLAY "/top", 0700) &&
	       !mount("overlay", SELFCHECK_OVERLAY "/top", "overlay", 0, options);
}

static int send_overlaid(const char *folder, struct connection *c)
{
	int fd;

	if (!mount_overlay(folder))
		return 0;
	fd = open(SELFCHECK_WAS_OVERLAID, O_CREAT | O_WRONLY, 0600);
	if (fd < 0 || close(fd))
		return -1;
	return send_file(open(SELFCHECK_OVERLAY "/top/" SELFCHECK_OVERLAID, O_RDONLY), c);
}

int selfcheck_workload(const char *folder)
{
	struct connection c;
	int status = 0;

	if (chdir(folder) || connect_pair(&c)) {
		perror("copyscope: self-check");
		return 1;
	}
	status |= read_and_write(open(SELFCHECK_READ, O_RDONLY), &c);
	status |= map_and_write(open(SELFCHECK_MAP, O_RDONLY), &c);
	status |= send_file(open(SELFCHECK_SENDFILE, O_RDONLY), &c);
	status |= file_to_file(open(SELFCHECK_FILE_FROM, O_RDONLY));
	status |= write_file() | through_pipe() | through_unix() | through_udp();
	status |= send_overlaid(folder, &c);
	if (status)
		perror("copyscope: self-check");
	return !!status;
}
