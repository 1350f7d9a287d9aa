// SPDX-License-Identifier: MIT
/*
 * A static file server that can serve in two ways: by sendfile(), or with -r by
 * read() and write().  A program worth tracing: the path of the bytes differs,
 * what the client gets does not.
 *
 *	cc -O2 -o build/sendfile-server examples/sendfile-server.c
 *	sudo build/copyscope path -- build/sendfile-server [-r] [-p PORT] [FOLDER]
 *
 * It listens on 127.0.0.1 only and serves one client at a time.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool send_all(int to, const char *bytes, size_t left)
{
	while (left) {
		ssize_t n = write(to, bytes, left);

		if (n < 0)
			return false;
		bytes += n;
		left -= n;
	}
	return true;
}

/* Two copies of each byte: from the page cache to @buffer, from there to the socket. */
static void serve_by_read(int to, int file)
{
	static char buffer[64 << 10];
	ssize_t n;

	while ((n = read(file, buffer, sizeof(buffer))) > 0)
		if (!send_all(to, buffer, n))
			return;
}

/* None: the socket holds references to the pages of the page cache. */
static void serve_by_sendfile(int to, int file, off_t left)
{
	off_t offset = 0;
	ssize_t n;

	while (offset < left && (n = sendfile(to, file, &offset, left - offset)) > 0)
		;
}

/* A file below @folder, whatever "..", links and the like the client asks for. */
static int open_below(int folder, const char *path, struct stat *st)
{
	struct open_how how = { .flags = O_RDONLY | O_NONBLOCK, .resolve = RESOLVE_BENEATH };
	int fd = syscall(SYS_openat2, folder, path, &how, sizeof(how));

	if (fd < 0 || (!fstat(fd, st) && S_ISREG(st->st_mode)))
		return fd;
	close(fd);
	return -1;
}

static void serve(int client, int folder, bool by_read)
{
	static const char missing[] = "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n";
	char request[4096] = "", path[2048], header[256];
	struct stat st;
	int file = -1, length;

	if (read(client, request, sizeof(request) - 1) > 0 &&
	    sscanf(request, "GET /%2047[^ \r\n]", path) == 1)
		file = open_below(folder, path, &st);
	if (file < 0) {
		send_all(client, missing, sizeof(missing) - 1);
		return;
	}
	length = sprintf(header, "HTTP/1.0 200 OK\r\nContent-Length: %lld\r\n\r\n",
			 (long long)st.st_size);
	send_all(client, header, length);
	if (by_read)
		serve_by_read(client, file);
	else
		serve_by_sendfile(client, file, st.st_size);
	close(file);
}

int main(int argc, char **argv)
{
	struct sockaddr_in here = { AF_INET, htons(8080), { htonl(INADDR_LOOPBACK) }, { 0 } };
	int option, yes = 1, folder, client, listener = socket(AF_INET, SOCK_STREAM, 0);
	bool by_read = false;

	while ((option = getopt(argc, argv, "rp:")) != -1) {
		if (option == '?')
			errx(2, "usage: sendfile-server [-r] [-p PORT] [FOLDER]");
		if (option == 'p')
			here.sin_port = htons(atoi(optarg));
		by_read |= option == 'r';
	}
	signal(SIGPIPE, SIG_IGN);
	folder = open(argv[optind] ? argv[optind] : ".", O_PATH | O_DIRECTORY);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (folder < 0 || bind(listener, (void *)&here, sizeof(here)) || listen(listener, 16))
		err(1, "cannot serve");
	while ((client = accept(listener, NULL, NULL)) >= 0) {
		serve(client, folder, by_read);
		close(client);
	}
	err(1, "accept");
}
