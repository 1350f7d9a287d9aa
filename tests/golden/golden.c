// SPDX-License-Identifier: MIT
/*
 * Renders recordings made by hand and compares with the files beside this
 * one; with --update it rewrites them instead.
 *
 *   golden [--update] FOLDER
 */
#include <stdio.h>
#include <string.h>

#include "render/renderer.h"
#include "tests/golden/compare.h"
#include "tests/unit/fixture.h"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

static const struct recorded_hooks measured[] = {
	{ .name = "file reads", .provenance = PROVENANCE_MEASURED },
	{ .name = "tcp", .provenance = PROVENANCE_MEASURED },
	{ .name = "devices", .provenance = PROVENANCE_UNKNOWN },
};

static const struct recorded_hooks derived[] = {
	{ .name = "file reads", .provenance = PROVENANCE_DERIVED },
	{ .name = "tcp", .provenance = PROVENANCE_DERIVED },
};

static void measure(struct fixture *f)
{
	f->recording.hooks = measured;
	f->recording.nr_hooks = 3;
}

/* The picture of the README: a cold file sent by sendfile to a real NIC. */
static void sendfile_cold(struct fixture *f)
{
	uint32_t nginx = fixture_process(f, 812, "nginx");
	uint32_t film = fixture_file(f, "/srv/film.mp4");
	uint32_t client = fixture_tcp(f, "10.0.0.1", 80, "10.0.0.2", 51234);
	struct cs_row *row;

	measure(f);
	fixture_endpoint(f, film)->filled_bytes = GIB;
	row = fixture_row(f, nginx, film, client, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 512, GIB);
	row->voluntary = 35;
	row->involuntary = 2;
	fixture_side(f, nginx, film, CS_MEMORY, CS_DISK_TO_CACHE, GIB);
	fixture_side(f, 0, CS_MEMORY, client, CS_SOCKET_TO_NIC, GIB);
}

/* One port, by three ways: all by reference, most of it so, all copied. */
static void verdicts(struct fixture *f)
{
	uint32_t server = fixture_process(f, 812, "server");
	uint32_t film = fixture_file(f, "/srv/film.mp4");
	uint32_t to[7];

	measure(f);
	for (uint16_t i = 0; i < 7; i++)
		to[i] = fixture_tcp(f, "10.0.0.1", 80, "10.0.0.2", 50000 + i);
	for (uint16_t i = 0; i < 4; i++) {
		fixture_row(f, server, film, to[i], CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 8,
			    8 * MIB);
		if (i % 2)
			fixture_row(f, server, film, to[i], CS_CACHE_TO_SOCKET, NR_SENDFILE, 0,
				    16384);
	}
	for (uint16_t i = 4; i < 6; i++) {
		fixture_row(f, server, film, CS_MEMORY, CS_CACHE_TO_USER, 17, 64, 4 * MIB);
		fixture_row(f, server, film, to[i], CS_USER_TO_SOCKET, NR_SENDTO, 64, 4 * MIB);
	}
	/* Had to wait, and got nothing. */
	fixture_row(f, server, film, to[6], CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 3, 0);
}

/* What the loader does before a program copies a file. */
static void start(struct fixture *f)
{
	static const char *const files[] = { "/usr/bin/cp", "/usr/lib/libc.so.6",
					     "/etc/ld.so.cache" };
	uint32_t cp = fixture_process(f, 812, "cp");
	uint32_t from = fixture_file(f, "/srv/film.mp4");
	uint32_t to = fixture_file(f, "/srv/copy.mp4");

	measure(f);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		uint32_t file = fixture_file(f, files[i]);

		fixture_row(f, cp, file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, i ? 832 : 0);
		fixture_side(f, cp, file, CS_MEMORY, CS_CACHE_TO_MAPPING, 400 << 10);
		fixture_side(f, cp, file, CS_MEMORY, CS_CACHE_TO_ANON, 12 << 10);
	}
	fixture_row(f, cp, from, to, CS_CACHE_TO_CACHE, NR_SENDFILE, 1, 8 * MIB);
}

/* The same file by read and write, with a response header before it. */
static void read_write(struct fixture *f)
{
	uint32_t nginx = fixture_process(f, 812, "nginx");
	uint32_t film = fixture_file(f, "/srv/film.mp4");
	uint32_t client = fixture_tcp(f, "10.0.0.1", 80, "10.0.0.2", 51234);

	measure(f);
	fixture_row(f, nginx, film, CS_MEMORY, CS_CACHE_TO_USER, 17, 2048, 64 * MIB);
	fixture_row(f, nginx, film, client, CS_USER_TO_SOCKET, 20, 2048, 64 * MIB);
	fixture_row(f, nginx, CS_MEMORY, client, CS_USER_TO_SOCKET, NR_WRITE, 1, 238);
	fixture_row(f, nginx, client, CS_MEMORY, CS_SOCKET_TO_USER, NR_RECVFROM, 1, 87);
}

/* Four workers, 64 connections each for one and the same file. */
static void workers(struct fixture *f)
{
	uint32_t page = fixture_file(f, "/srv/index.html");

	measure(f);
	for (uint32_t worker = 0; worker < 4; worker++) {
		uint32_t process = fixture_process(f, 900 + worker, "nginx");

		for (uint16_t i = 0; i < 16; i++) {
			uint16_t port = (uint16_t)(40000 + 16 * worker + i);
			uint32_t client = fixture_tcp(f, "::1", 80, "::1", port);

			fixture_row(f, process, page, client, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE,
				    78, 78 * 102400);
			fixture_row(f, process, CS_MEMORY, client, CS_USER_TO_SOCKET, 20, 78,
				    78 * 238);
			fixture_row(f, process, client, CS_MEMORY, CS_SOCKET_TO_USER, NR_RECVFROM,
				    79, 78 * 80);
		}
	}
}

/* Names that try to act on the terminal, and what could not be kept. */
static void hostile(struct fixture *f)
{
	uint32_t evil = fixture_process(f, 666, "\033]0;x\a\n");
	uint32_t file = fixture_file(f, "/tmp/a\nb\033[2J\xff\xfe/\xe2\x80\xae"
					"gpj.\xc3\xa4\\");
	uint32_t deep = fixture_file(f, "/very/long/folders/and/many/of/them/one/below/the/other"
					"/until/the/name/does/not/fit/into/a/line/any/more.txt");
	uint32_t pipe = fixture_other(f, CS_KIND_PIPE, NULL);

	fixture_endpoint(f, file)->flags |= CS_ENDPOINT_DELETED;
	fixture_endpoint(f, deep)->flags |= CS_ENDPOINT_PATH_CUT;
	fixture_row(f, evil, file, deep, CS_CACHE_TO_CACHE, NR_COPY_FILE_RANGE, 1, 3 * MIB);
	fixture_row(f, evil, CS_LOST_ENDPOINT, pipe, CS_USER_TO_PIPE, NR_WRITE, 100, 6000);
	fixture_row(f, evil, CS_UNRESOLVED, deep, CS_USER_TO_CACHE, 999, 70, 70 * MIB);
	f->recording.lost = (struct cs_lost){ .rows = 12, .endpoints = 3, .buffers = 4 };
}

/* Kernel TLS both ways, and the memory of a process with a hostile name. */
static void transforms(struct fixture *f)
{
	uint32_t proxy = fixture_process(f, 8, "proxy");
	uint32_t file = fixture_file(f, "/srv/a");
	uint32_t tcp = fixture_tcp(f, "10.0.0.1", 443, "10.0.0.2", 51234);
	uint32_t memory = fixture_memory(f, 9, "\033[2J\xff\"\n");

	fixture_row(f, proxy, file, tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 8, 8 * MIB);
	fixture_row(f, proxy, CS_MEMORY, tcp, CS_USER_ENCRYPTED, NR_WRITE, 1, MIB);
	fixture_side(f, proxy, CS_MEMORY, tcp, CS_SOCKET_ENCRYPTED, 8 * MIB)->key.flags =
		CS_ROW_HANDED_ON;
	fixture_row(f, proxy, tcp, CS_MEMORY, CS_SOCKET_TO_USER, NR_READ, 4, 4 * MIB);
	fixture_row(f, proxy, tcp, CS_MEMORY, CS_DECRYPTED_TO_USER, NR_READ, 2, 2 * MIB);
	fixture_side(f, proxy, tcp, CS_MEMORY, CS_SOCKET_DECRYPTED, 4 * MIB);
	fixture_row(f, proxy, memory, CS_MEMORY, CS_USER_TO_USER, NR_PROCESS_VM_READV, 3, 3 * MIB);
	fixture_row(f, proxy, file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, MIB);
	fixture_row(f, proxy, file, memory, CS_USER_TO_USER, NR_PROCESS_VM_WRITEV, 1, MIB);
	f->recording.sees_tls = true;
}

/* mmap and write, in the tier that sees only tracepoints. */
static void mapped_derived(struct fixture *f)
{
	uint32_t java = fixture_process(f, 4242, "java");
	uint32_t file = fixture_file(f, "/var/lib/data.bin");
	uint32_t client = fixture_tcp(f, "::ffff:10.0.0.1", 8080, "::ffff:10.0.0.2", 51234);
	struct cs_row *row;

	f->recording.hooks = derived;
	f->recording.nr_hooks = 2;
	row = fixture_row(f, java, file, client, CS_MAPPING_TO_SOCKET, NR_WRITE, 128, 8 * MIB);
	row->key.flags = CS_ROW_DERIVED;
	row->minor = 100;
	row = fixture_side(f, java, file, CS_MEMORY, CS_CACHE_TO_MAPPING, 8 * MIB);
	row->key.flags = CS_ROW_DERIVED;
	row->minor = 28;
	row->mode_switches = 56;
}

/* A file spliced through a pipe, and read by two ways to the same socket. */
static void spliced(struct fixture *f)
{
	uint32_t proxy = fixture_process(f, 77, "proxy");
	uint32_t file = fixture_file(f, "/srv/a");
	uint32_t other = fixture_file(f, "/srv/b");
	uint32_t pipe = fixture_other(f, CS_KIND_PIPE, NULL);
	uint32_t client = fixture_tcp(f, "10.0.0.1", 80, "10.0.0.2", 1);

	measure(f);
	fixture_row(f, proxy, file, pipe, CS_CACHE_HELD_BY_PIPE, NR_SPLICE, 128, 8 * MIB);
	fixture_row(f, proxy, pipe, client, CS_PIPE_HELD_BY_SOCKET, NR_SPLICE, 128, 8 * MIB);
	fixture_row(f, proxy, other, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 64, 4 * MIB);
	fixture_row(f, proxy, other, client, CS_USER_TO_SOCKET, NR_WRITE, 64, 4 * MIB);
	fixture_row(f, proxy, other, client, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB);
	fixture_side(f, proxy, other, CS_MEMORY, CS_DISK_TO_CACHE, 5 * MIB);
}

/* The other end of a web server: 64 local ports, one peer; both are traced. */
static void clients(struct fixture *f)
{
	uint32_t wrk = fixture_process(f, 300, "wrk");
	uint32_t nginx = fixture_process(f, 812, "nginx");

	measure(f);
	for (uint16_t i = 0; i < 64; i++) {
		uint16_t port = (uint16_t)(40000 + i);
		uint32_t client = fixture_tcp(f, "127.0.0.1", port, "127.0.0.1", 80);
		uint32_t server = fixture_tcp(f, "127.0.0.1", 80, "127.0.0.1", port);

		fixture_row(f, wrk, client, CS_MEMORY, CS_SOCKET_TO_USER, NR_READ, 100, 10 * MIB);
		fixture_row(f, nginx, CS_MEMORY, server, CS_USER_TO_SOCKET, 20, 100, 10 * MIB);
	}
}

/* One of each kind, and those that have no name or no description. */
static void kinds(struct fixture *f)
{
	uint32_t p = fixture_process(f, 5, "many");
	uint32_t zero = fixture_other(f, CS_KIND_DEVICE, "/dev/zero");
	uint32_t null = fixture_other(f, CS_KIND_DEVICE, "/dev/null");
	uint32_t unnamed = fixture_other(f, CS_KIND_UNIX, NULL);
	uint32_t named = fixture_other(f, CS_KIND_UNIX, NULL);
	uint32_t bare = fixture_file(f, "/never/described");
	uint32_t other = fixture_other(f, CS_KIND_OTHER, NULL);
	uint32_t udp = fixture_tcp(f, "::", 53, "::", 0);
	uint32_t memfd = fixture_file(f, "/memfd:cache");
	struct cs_row *row;

	measure(f);
	fixture_endpoint(f, udp)->kind = CS_KIND_UDP;
	fixture_endpoint(f, zero)->rdev = 1 << 20 | 5;
	fixture_endpoint(f, null)->rdev = 1 << 20 | 3;
	fixture_endpoint(f, bare)->flags = 0;
	fixture_endpoint(f, memfd)->flags |= CS_ENDPOINT_DELETED;
	memcpy(fixture_endpoint(f, named)->path, "\0/tmp/.X11-unix/X0", 18);
	fixture_endpoint(f, named)->path_bytes = 18;
	fixture_row(f, p, zero, CS_MEMORY, CS_DEVICE_TO_USER, NR_READ, 1, 9 * MIB);
	row = fixture_row(f, p, zero, null, CS_USER_TO_DEVICE, NR_WRITE, 1, 9 * MIB);
	row->bytes = 0; /* nothing copies what nobody wants */
	row->key.flags = CS_ROW_DERIVED;
	fixture_row(f, p, memfd, unnamed, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, 8 * MIB);
	fixture_row(f, p, named, bare, CS_USER_TO_CACHE, NR_WRITE, 1, 7 * MIB);
	fixture_row(f, p, other, udp, CS_USER_TO_SOCKET, NR_SENDTO, 6, 6 * MIB);
	fixture_row(f, 99, CS_LOST_ENDPOINT, CS_MEMORY, CS_SOCKET_TO_USER, NR_READ, 5, 5 * MIB);
}

/* What brought written pages to the disk, and what did not; one file is in memory. */
static void written(struct fixture *f)
{
	static const struct recorded_dirty dirty[] = {
		{ 3, RESIDENCY_BY_CACHESTAT, 8 * MIB, 3 * MIB, 4096 },
		{ 4, RESIDENCY_BY_NONE, 0, 0, 0 },
	};
	static const struct recorded_zeroed zeroed[] = {
		{ { 4712, CS_CALL_FAULT, 0 }, MIB },
		{ { 4999, 9, 0 }, 3 * MIB },
		{ { 4712, NR_WRITE, 0 }, 4096 },
	};
	uint32_t db = fixture_process(f, 4711, "db\033[2J"), cp = fixture_process(f, 4712, "cp");
	uint32_t log = fixture_file(f, "/var/lib/db/a\nlog");
	uint32_t deep = fixture_file(f, "/very/long/folders/and/many/of/them/one/below/the/other"
					"/until/the/name/does/not/fit/into/a/line/any/more.txt");
	uint32_t shared = fixture_file(f, "/dev/shm/segment");
	struct cs_row *row;

	measure(f);
	fixture_endpoint(f, shared)->flags |= CS_ENDPOINT_IN_MEMORY;
	fixture_row(f, db, CS_MEMORY, log, CS_USER_TO_CACHE, NR_WRITE, 100, 8 * MIB);
	fixture_row(f, cp, CS_MEMORY, shared, CS_USER_TO_CACHE, NR_WRITE, 1, MIB);
	row = fixture_side(f, cp, CS_MEMORY, deep, CS_MAPPING_DIRTIED, 16 * MIB);
	row->key.call = CS_CALL_FAULT;
	row = fixture_side(f, db, CS_MEMORY, log, CS_CACHE_TO_DISK, 4 * MIB);
	row->key.call = 74;
	row = fixture_side(f, 0, CS_MEMORY, log, CS_CACHE_TO_DISK, MIB);
	row->key.call = CS_CALL_FLUSH_PERIODIC;
	row = fixture_side(f, 0, CS_MEMORY, deep, CS_CACHE_TO_DISK, 2 * MIB);
	row->key.call = 75;
	f->recording.dirty = dirty;
	f->recording.nr_dirty = 2;
	f->recording.zeroing = true;
	f->recording.zeroed = zeroed;
	f->recording.nr_zeroed = 3;
}

static void nothing(struct fixture *f)
{
	measure(f);
}

/* Servers in the kernel, of names that may be anything; hooks tell of half of it. */
static void kthreads(struct fixture *f)
{
	static const struct recorded_kthread moved[] = {
		{ { "loop0" }, { { 0, 3 * MIB, 0, 0 } } },
		{ { "nfsd" }, { { 0, 8 * MIB, 0, 8 * MIB + 4321 } } },
		{ { "a\033[2J\n\xff" }, { { 0, 0, 0, 1 } } },
		{ { "idle" }, { { 0 } } },
		{ { "" }, { { 0, 12, 0, 0 } } },
	};
	uint32_t p = fixture_process(f, 7, "cat");
	uint32_t from = fixture_file(f, "/mnt/film.mp4");

	measure(f);
	fixture_row(f, p, from, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 64, 8 * MIB);
	f->recording.all = true;
	f->recording.kthreads = moved;
	f->recording.nr_kthreads = 5;
	f->recording.kthreads_seen = 1 << CS_KTHREAD_WRITTEN | 1 << CS_KTHREAD_RECEIVED;
}

static const struct {
	const char *name;
	void (*fill)(struct fixture *fixture);
} recordings[] = {
	{ "sendfile-cold", sendfile_cold },
	{ "verdicts", verdicts },
	{ "start", start },
	{ "read-write", read_write },
	{ "workers", workers },
	{ "hostile", hostile },
	{ "transforms", transforms },
	{ "mapped-derived", mapped_derived },
	{ "spliced", spliced },
	{ "clients", clients },
	{ "kinds", kinds },
	{ "nothing", nothing },
	{ "kthreads", kthreads },
	{ "written", written },
};

static const struct golden_look looks[] = {
	{ "80.txt", "text", { .width = 80, .utf8 = true } },
	{ "120.txt", "text", { .width = 120, .utf8 = true } },
	{ "ascii.txt", "text", { .width = 80 } },
	{ "40.colour.txt", "text", { .width = 40, .utf8 = true, .colour = true } },
	{ "verbose.txt", "text", { .width = 120, .utf8 = true, .verbose = true } },
	{ "json", "json", { .width = 0 } },
};

static const char *name(size_t which)
{
	return recordings[which].name;
}

static int draw(size_t which, const struct golden_look *look, FILE *out)
{
	struct fixture fixture;
	struct report *report;
	int failed;

	fixture_begin(&fixture);
	recordings[which].fill(&fixture);
	report = report_build(&fixture.recording, NULL);
	fixture_end(&fixture); /* the report stands on its own */
	failed = renderer_find(look->format)->render(report, &look->options, out);
	report_free(report);
	return failed;
}

int main(int argc, char **argv)
{
	const struct golden golden = {
		.nr_cases = sizeof(recordings) / sizeof(recordings[0]),
		.nr_looks = sizeof(looks) / sizeof(looks[0]),
		.name = name,
		.draw = draw,
		.looks = looks,
	};

	return golden_main(&golden, argc, argv);
}
