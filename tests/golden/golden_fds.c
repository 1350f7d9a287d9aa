// SPDX-License-Identifier: MIT
/*
 * Renders descriptors made by hand and compares with the files beside this
 * one; with --update it rewrites them instead.
 *
 *   golden_fds [--update] FOLDER
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "render/fds.h"
#include "tests/golden/compare.h"

#define MIB ((uint64_t)1 << 20)
#define KERNEL_O_PATH 010000000

static uint32_t process(struct fds *fds, pid_t pid, const char *comm)
{
	uint32_t at = fds_add_process(fds, pid);

	fds->processes[at].comm = comm;
	return at;
}

static uint32_t inode(struct fds *fds, enum fds_kind kind, const char *path)
{
	uint32_t at = fds_add_inode(fds, kind);
	struct fds_inode *i = &fds->inodes[at];

	i->path = path;
	i->dev_major = kind == FDS_FILE || kind == FDS_FOLDER ? 254 : 0;
	i->dev_minor = 1;
	i->ino = at + 4711;
	return at;
}

static uint32_t file(struct fds *fds, const char *path, enum residency_source source,
		     uint64_t resident)
{
	uint32_t at = inode(fds, FDS_FILE, path);
	struct residency *r = &fds->inodes[at].residency;

	r->source = source;
	r->size_bytes = 64 * MIB;
	r->resident_bytes = resident;
	if (source == RESIDENCY_BY_MINCORE)
		return at;
	r->dirty_bytes = r->writeback_bytes = r->evicted_pages = 0;
	if (source == RESIDENCY_BY_MODULE)
		r->mapped_bytes = 0;
	return at;
}

static uint32_t fd(struct fds *fds, uint32_t at, uint32_t where, int number, uint64_t identity,
		   uint32_t flags, uint64_t offset)
{
	uint32_t index = fds_add_fd(fds, at, where, number);
	struct fds_fd *one = &fds->fds[index];

	one->identity = identity;
	one->flags = flags;
	one->has_flags = true;
	one->offset = offset;
	one->path = fds->inodes[where].path;
	return index;
}

static void mapping(struct fds *fds, uint32_t at, uint32_t where, const char *access,
		    uint64_t bytes)
{
	uint32_t index = fds_add_mapping(fds, at, where);
	struct fds_mapping *m = &fds->mappings[index];

	m->start = 0x7f0000000000 + index * MIB;
	m->bytes = bytes;
	strcpy(m->access, access);
}

static void other(struct fds *fds, pid_t pid, const char *comm, uint32_t where, int number,
		  uint64_t identity, unsigned int access)
{
	uint32_t index = fds_add_other(fds, pid, where, number);

	fds->others[index].comm = comm;
	fds->others[index].identity = identity;
	fds->others[index].access = access;
}

/* Two descriptions that meet in one inode, one of them shared three times. */
static void shared(struct fds *fds)
{
	uint32_t film = file(fds, "/srv/film.mp4", RESIDENCY_BY_MODULE, 32 * MIB);
	uint32_t memory = file(fds, "/memfd:cache", RESIDENCY_BY_MODULE, 3 * 4096);
	uint32_t lib = file(fds, "/lib/libc.so.6", RESIDENCY_BY_MODULE, MIB);
	uint32_t null = inode(fds, FDS_DEVICE, "/dev/null"), nginx, worker, cat;

	fds->inodes[null].rdev_major = 1;
	fds->inodes[null].rdev_minor = 3;
	fds->inodes[film].residency.dirty_bytes = 4096;
	fds->inodes[film].residency.mapped_bytes = 2 * MIB;
	fds->inodes[film].residency.evicted_pages = 1;
	fds->inodes[memory].deleted = true;
	nginx = process(fds, 812, "nginx");
	fd(fds, nginx, null, 0, 9, O_RDONLY, 0);
	fd(fds, nginx, film, 5, 77, O_RDWR | O_APPEND, 4096);
	mapping(fds, nginx, lib, "r-xp", MIB);
	worker = process(fds, 813, "nginx");
	fd(fds, worker, film, 5, 77, O_RDWR | O_APPEND, 4096);
	fd(fds, worker, film, 12, 77, O_RDWR | O_APPEND, 4096);
	mapping(fds, worker, lib, "r-xp", MIB);
	mapping(fds, worker, lib, "rw-p", 4096);
	cat = process(fds, 900, "cat");
	fd(fds, cat, film, 3, 78, O_RDONLY, 123456789);
	fd(fds, cat, memory, 4, 80, O_RDWR, 0);
	fds->fds[fds->nr_fds - 1].cloexec = true;
	mapping(fds, cat, film, "r--s", MIB);
	mapping(fds, cat, film, "r--s", MIB);
	other(fds, 77, "bash", film, 255, 77, FDS_READS | FDS_WRITES);
}

static uint32_t socket_of(struct fds *fds, enum fds_kind kind, const char *protocol,
			  const char *local, const char *peer, const char *state)
{
	uint32_t at = inode(fds, kind, NULL);

	fds->inodes[at].socket = (struct fds_socket){
		.protocol = protocol,
		.state = state,
		.local = local,
		.peer = peer,
	};
	return at;
}

static void sockets(struct fds *fds)
{
	uint32_t listens = socket_of(fds, FDS_TCP, "TCPv6", "[::]:80", NULL, "listening");
	uint32_t far =
		socket_of(fds, FDS_TCP, "TCP", "10.0.0.1:80", "10.0.0.2:51234", "established");
	uint32_t near =
		socket_of(fds, FDS_TCP, "TCP", "127.0.0.1:80", "127.0.0.1:51236", "close-wait");
	uint32_t client = inode(fds, FDS_TCP, NULL), log, journal, dgram, netlink, pipe, fifo, p;

	log = socket_of(fds, FDS_UNIX, "UNIX-STREAM", NULL, NULL, "connected");
	journal = inode(fds, FDS_UNIX, NULL);
	dgram = socket_of(fds, FDS_UNIX, "UNIX", NULL, NULL, "unconnected");
	netlink = socket_of(fds, FDS_OTHER, "NETLINK", NULL, NULL, NULL);
	pipe = inode(fds, FDS_PIPE, NULL);
	fifo = inode(fds, FDS_PIPE, "/run/fifo");
	fds->inodes[client].only_peer = fds->inodes[journal].only_peer = true;
	fds->inodes[near].peer = client;
	fds->inodes[log].peer = journal;
	fds->inodes[journal].socket.name = "/run/systemd/journal/stdout";
	fds->inodes[dgram].socket.name = "@abstract@";
	p = process(fds, 812, "nginx");
	fd(fds, p, listens, 3, 1, O_RDWR | O_NONBLOCK, FDS_UNKNOWN);
	fd(fds, p, far, 4, 2, O_RDWR, FDS_UNKNOWN);
	fd(fds, p, near, 5, 3, O_RDWR, FDS_UNKNOWN);
	fd(fds, p, log, 6, 4, O_RDWR, FDS_UNKNOWN);
	fd(fds, p, dgram, 7, 5, O_RDWR, FDS_UNKNOWN);
	fd(fds, p, netlink, 8, 6, O_RDWR, FDS_UNKNOWN);
	fd(fds, p, pipe, 9, 7, O_WRONLY, FDS_UNKNOWN);
	fd(fds, p, pipe, 10, 8, O_RDONLY, FDS_UNKNOWN);
	fd(fds, p, fifo, 11, 9, O_RDWR, FDS_UNKNOWN);
	other(fds, 40, "curl", client, 5, 0, FDS_READS | FDS_WRITES);
	other(fds, 41, "tee", pipe, 0, 0, FDS_READS);
	other(fds, 42, "sh", pipe, 1, 7, FDS_WRITES);
	other(fds, 43, "sh", fifo, 1, 0, FDS_WRITES);
	other(fds, 44, "sh", fifo, 1, 0, FDS_READS | FDS_WRITES);
	other(fds, 45, "sh", listens, 3, 1, FDS_READS | FDS_WRITES);
}

/* Names that act on a terminal, or are none; flags that have no name. */
static void hostile(struct fds *fds)
{
	uint32_t red =
		file(fds, "/tmp/\033[31mred\n\"a,b\" \xff\\x1b", RESIDENCY_BY_CACHESTAT, 4096);
	uint32_t mark =
		file(fds, "/tmp/gr\xc3\xbc\xc3\x9f \xe2\x80\xae,", RESIDENCY_BY_CACHESTAT, 0);
	uint32_t longest = file(fds,
				"/a/very/long/path/that/goes/on/and/on/and/on/through/many/folders/"
				"until/it/is/wider/than/most/terminals/are/and/then/some/more",
				RESIDENCY_BY_CACHESTAT, 0);
	uint32_t poll = inode(fds, FDS_OTHER, "anon_inode:[event\npoll]"), name, folder, p, q;

	name = socket_of(fds, FDS_UNIX, "UNIX", NULL, NULL, "listening");
	fds->inodes[name].socket.name = "@\033]0;x\a\n";
	folder = inode(fds, FDS_FOLDER, "/tmp");
	p = process(fds, 4194303, "\033[1m\n\t\xff");
	fd(fds, p, red, 0, 1, O_RDWR | 0x40000000, INT64_MAX);
	fd(fds, p, mark, 1, 2, O_WRONLY | O_DIRECT | 04010000, 0);
	fd(fds, p, longest, 1048575, 3, KERNEL_O_PATH, FDS_UNKNOWN);
	fd(fds, p, poll, 3, 4, O_RDWR, FDS_UNKNOWN);
	fd(fds, p, name, 4, 5, 3, FDS_UNKNOWN);
	q = process(fds, 1, "\xe6\xbc\xa2\xe5\xad\x97 (x) \\");
	fd(fds, q, red, 0, 1, O_RDWR | 0x40000000, INT64_MAX);
	fd(fds, q, folder, 2, 6, 020200000 | O_RDWR, 0);
	other(fds, 99, "\r\033[2K", red, 7, 1, FDS_READS);
	mapping(fds, q, mark, "rw-s", 4096);
}

/* What is too much for a screen. */
static void many(struct fds *fds)
{
	uint32_t log = file(fds, "/var/log/app.log", RESIDENCY_BY_CACHESTAT, 12288);
	uint32_t p = process(fds, 100, "app");

	for (int i = 0; i < 20; i++)
		fd(fds, p, log, i, 1, O_WRONLY | O_APPEND, 4096);
	for (int i = 20; i < 40; i++)
		fd(fds, p, log, i, (uint64_t)i, O_RDONLY, (uint64_t)i);
	for (int i = 40; i < 70; i++)
		fd(fds, p, file(fds, "/srv/many", RESIDENCY_BY_CACHESTAT, 4096), i, (uint64_t)i,
		   O_RDONLY, 0);
	for (int i = 0; i < 5; i++)
		mapping(fds, p, file(fds, "/lib/many.so", RESIDENCY_BY_CACHESTAT, MIB), "r-xp",
			MIB);
}

/* No kcmp(2), no permission, no module; a process that ended. */
static void unknown(struct fds *fds)
{
	uint32_t old = file(fds, "/srv/old", RESIDENCY_BY_MINCORE, 8192);
	uint32_t secret = file(fds, "/etc/shadow", RESIDENCY_BY_NONE, RESIDENCY_UNKNOWN), p;

	fds->inodes[secret].residency.dirty_bytes = RESIDENCY_UNKNOWN;
	fds->inodes[secret].residency.writeback_bytes = RESIDENCY_UNKNOWN;
	fds->inodes[secret].residency.evicted_pages = RESIDENCY_UNKNOWN;
	fds->inodes[secret].residency.why = "no permission to open it: be its owner or root";
	p = process(fds, 7, "sh");
	fd(fds, p, old, 0, 0, O_RDONLY, 0);
	fd(fds, p, old, 1, 0, O_RDONLY, 0);
	fds->fds[fds_add_fd(fds, p, secret, 2)].path = "/etc/shadow";
	p = process(fds, 8, "");
	fds->processes[p].why = "it ended while it was read";
	fds->identity = FDS_BY_NOBODY;
	fds->identity_why = "the kernel has no kcmp(2)";
	fds->unseen_processes = 31;
	fds->peers_unknown = true;
}

static void nothing(struct fds *fds)
{
	process(fds, 7, "daemon");
	fds->identity = FDS_BY_KCMP;
	fds->unseen_processes = 1;
	fds->hidden = "/proc hides the processes of other users";
}

static const struct {
	const char *name;
	void (*fill)(struct fds *fds);
} cases[] = {
	{ "fds-shared", shared }, { "fds-sockets", sockets }, { "fds-hostile", hostile },
	{ "fds-many", many },	  { "fds-unknown", unknown }, { "fds-nothing", nothing },
};

static const struct golden_look looks[] = {
	{ "100.txt", "text", { .width = 100, .utf8 = true } },
	{ "ascii.txt", "text", { .width = 80 } },
	{ "60.txt", "text", { .width = 60, .utf8 = true } },
	{ "40.colour.txt", "text", { .width = 40, .utf8 = true, .colour = true } },
	{ "verbose.txt", "text", { .width = 120, .utf8 = true, .verbose = true } },
	{ "json", "json", { .width = 0 } },
};

static const char *name(size_t which)
{
	return cases[which].name;
}

static int draw(size_t which, const struct golden_look *look, FILE *out)
{
	struct fds fds = { 0 };
	int failed;

	cases[which].fill(&fds);
	fds_finish(&fds, RESIDENCY_BY_MODULE);
	failed = fds_renderer_find(look->format)->render(&fds, &look->options, out);
	fds_release(&fds);
	return failed;
}

int main(int argc, char **argv)
{
	const struct golden golden = {
		.nr_cases = sizeof(cases) / sizeof(cases[0]),
		.nr_looks = sizeof(looks) / sizeof(looks[0]),
		.name = name,
		.draw = draw,
		.looks = looks,
	};

	return golden_main(&golden, argc, argv);
}
