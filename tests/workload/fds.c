// SPDX-License-Identifier: MIT
/*
 * Descriptors that share a description, and some that do not: by open, dup,
 * fork and SCM_RIGHTS, of files, pipes and sockets, in three processes.
 * Prints who has what, then holds still until it is killed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/workload/workload.h"

#define PAGE 4096
#define ROLES 40

/* Who: the parent, the child, and one that nobody asks about. */
enum who { PARENT, CHILD, OUTSIDER, NR_WHO };

struct role {
	char name[16], description[16], inode[16];
	enum who who;
	int fd;
};

static struct {
	struct role roles[ROLES];
	int nr_roles;
	pid_t pids[NR_WHO];
	char local[64], peer[64]; /* of the TCP client */
	uint64_t mapped_ino;
} * shared;

static void add(const char *name, enum who who, int fd, const char *description, const char *inode)
{
	struct role *role = &shared->roles[__sync_fetch_and_add(&shared->nr_roles, 1)];

	if (fd < 0 || shared->nr_roles > ROLES)
		die("%s: %s", name, strerror(errno));
	snprintf(role->name, sizeof(role->name), "%s", name);
	snprintf(role->description, sizeof(role->description), "%s", description);
	snprintf(role->inode, sizeof(role->inode), "%s", inode);
	role->who = who;
	role->fd = fd;
}

static int make(const char *ending, int flags)
{
	char path[500];
	int fd;

	snprintf(path, sizeof(path), "%s%s", options.src, ending);
	fd = open(path, flags | O_RDWR | O_CREAT, 0644);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

static void put_pages(int fd, int pages)
{
	static const char page[PAGE] = "x";

	while (pages--)
		if (write(fd, page, PAGE) != PAGE)
			die("write: %s", strerror(errno));
}

static void tcp_pair(int *client, int *server)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(any);
	int listening = socket(AF_INET, SOCK_STREAM, 0);

	*client = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listening, (void *)&any, size) || listen(listening, 1) ||
	    getsockname(listening, (void *)&any, &size) || connect(*client, (void *)&any, size))
		die("tcp: %s", strerror(errno));
	snprintf(shared->peer, sizeof(shared->peer), "127.0.0.1:%u", ntohs(any.sin_port));
	*server = accept(listening, NULL, NULL);
	size = sizeof(any);
	if (*server < 0 || getsockname(*client, (void *)&any, &size))
		die("accept: %s", strerror(errno));
	snprintf(shared->local, sizeof(shared->local), "127.0.0.1:%u", ntohs(any.sin_port));
	close(listening);
}

static void child(int open1, int open2, int unix_b, int pipe_r, int server, int memory)
{
	int own = open(options.src, O_RDONLY);

	close(open2); /* it comes back by another way */
	add("passed", CHILD, receive_fd(unix_b), "B", "src");
	add("forked", CHILD, open1, "A", "src");
	add("child_open", CHILD, own, "C", "src");
	add("unix_b", CHILD, unix_b, "ub", "ub");
	add("pipe_r", CHILD, pipe_r, "pr", "pipe");
	add("tcp_s", CHILD, server, "ts", "ts");
	add("memory2", CHILD, memory, "M", "memory");
}

static pid_t start(enum who who)
{
	pid_t parent = getpid(), pid = fork_or_die();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		shared->pids[who] = getpid();
	}
	return pid;
}

static void hold_still(void)
{
	for (;;)
		pause();
}

/* Says "done" to the parent by the pipe, which it does not keep. */
static void ready(int done)
{
	if (write(done, "x", 1) != 1)
		die("pipe: %s", strerror(errno));
	close(done);
	hold_still();
}

static void print_truth(void)
{
	printf("{\"name\":\"fds\",\"parent\":%d,\"child\":%d,\"outsider\":%d,\"local\":\"%s\","
	       "\"peer\":\"%s\",\"mapped_ino\":%llu,\"roles\":{",
	       shared->pids[PARENT], shared->pids[CHILD], shared->pids[OUTSIDER], shared->local,
	       shared->peer, (unsigned long long)shared->mapped_ino);
	for (int i = 0; i < shared->nr_roles; i++) {
		const struct role *r = &shared->roles[i];

		printf("%s\"%s\":{\"pid\":%d,\"fd\":%d,\"description\":\"%s\",\"inode\":\"%s\"}",
		       i ? "," : "", r->name, shared->pids[r->who], r->fd, r->description,
		       r->inode);
	}
	printf("}}\n");
	fflush(stdout);
}

/* Mapped, and its descriptor closed. */
static void map_file(void)
{
	int fd = make(".mapped", 0);
	char *at;

	put_pages(fd, 5);
	at = mmap(NULL, 5 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	shared->mapped_ino = place_of(fd, NULL).ino;
	close(fd);
}

static void own_files(void)
{
	int gone = make(".gone", O_CLOEXEC), hostile = make("\n\033[31m\xff", 0);
	char path[500];

	put_pages(gone, 2);
	snprintf(path, sizeof(path), "%s.gone", options.src);
	if (unlink(path))
		die("unlink: %s", strerror(errno));
	put_pages(hostile, 1);
	add("gone", PARENT, gone, "G", "gone");
	add("hostile", PARENT, hostile, "H", "hostile");
	map_file();
}

static void run(void)
{
	int open1 = open(options.src, O_RDONLY), open2 = open(options.src, O_RDWR | O_APPEND);
	int memory = memfd_create("a\n\033[31mb", 0), done[2], pipes[2], both[2], client, server;
	char page[PAGE];

	shared = shared_pages(sizeof(*shared));
	shared->pids[PARENT] = getpid();
	if (open1 < 0 || open2 < 0 || memory < 0 || pipe(done) || pipe(pipes) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, both) || read(open1, page, PAGE) != PAGE)
		die("%s: %s", options.src ? options.src : "no --src", strerror(errno));
	put_pages(memory, 3);
	tcp_pair(&client, &server);
	if (!start(CHILD)) {
		close(done[0]);
		close(pipes[1]);
		close(both[0]);
		close(client);
		child(open1, open2, both[1], pipes[0], server, memory);
		ready(done[1]);
	}
	close(pipes[0]);
	close(both[1]);
	close(server);
	pass_fd(both[0], open2);
	if (!start(OUTSIDER)) {
		close(done[0]);
		close(open2);
		close(both[0]);
		close(client);
		close(memory);
		add("outside", OUTSIDER, open1, "A", "src");
		add("outside_w", OUTSIDER, pipes[1], "pw", "pipe");
		ready(done[1]);
	}
	close(done[1]);
	add("open1", PARENT, open1, "A", "src");
	add("open2", PARENT, open2, "B", "src");
	add("dup", PARENT, dup(open1), "A", "src");
	add("memory", PARENT, memory, "M", "memory");
	add("pipe_w", PARENT, pipes[1], "pw", "pipe");
	add("unix_a", PARENT, both[0], "ua", "ua");
	add("tcp_c", PARENT, client, "tc", "tc");
	own_files();
	while (read(done[0], page, 2) > 0)
		;
	close(done[0]);
	print_truth();
	hold_still();
}

const struct workload fds_workloads[] = {
	{ "fds", run, "descriptors that share descriptions, until it is killed", true },
	{ 0 },
};
