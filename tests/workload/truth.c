// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/workload/workload.h"

struct written {
	struct place file;
	const char *by; /* a constant of the program, or NULL */
	bool by_kernel;
	uint64_t bytes, dirty;
	int pid;
};

struct stay {
	struct place file;
	uint64_t bytes;
};

enum { WRITTEN_MAX = 4, STAYS_MAX = 4 };

struct truth {
	struct written written[WRITTEN_MAX];
	unsigned int nr_written;
	struct stay stays[STAYS_MAX];
	unsigned int nr_stays;
	struct flow flows[FLOWS_MAX];
	struct actor actors[ACTORS_MAX];
	unsigned int nr_flows, nr_actors;
};

static struct truth *truth;
static struct rusage window_start;
static char fence_paths[2][500];

void truth_init(void)
{
	const char *path = options.src ? options.src : options.dst;
	const char *slash = path ? strrchr(path, '/') : NULL;
	int length = slash ? (int)(slash - path) : 4;

	truth = shared_pages(sizeof(*truth));
	for (int i = 0; i < 2; i++) {
		int fd;

		snprintf(fence_paths[i], sizeof(fence_paths[i]), "%.*s/fence%d", length,
			 slash ? path : "/tmp", i);
		fd = open(fence_paths[i], O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0 || ftruncate(fd, 1))
			die("%s: %s", fence_paths[i], strerror(errno));
		close(fd);
	}
}

struct place place_memory(void)
{
	return (struct place){ .kind = "memory" };
}

static void address(char *text, size_t size, const struct sockaddr_storage *any)
{
	char host[INET6_ADDRSTRLEN] = "";

	if (any->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)any;

		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(text, size, "%s:%u", host, ntohs(in->sin_port));
	} else {
		const struct sockaddr_in6 *in = (const void *)any;

		inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof(host));
		snprintf(text, size, "[%s]:%u", host, ntohs(in->sin6_port));
	}
}

static void name_socket(struct place *place, int fd)
{
	struct sockaddr_storage any = { 0 };
	socklen_t size = sizeof(any);
	int type = 0;
	socklen_t type_size = sizeof(type);

	if (getsockname(fd, (struct sockaddr *)&any, &size) ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size))
		die("getsockname: %s", strerror(errno));
	if (any.ss_family == AF_UNIX) {
		strcpy(place->kind, "unix");
		return;
	}
	strcpy(place->kind, type == SOCK_STREAM ? "tcp" : "udp");
	address(place->local, sizeof(place->local), &any);
	size = sizeof(any);
	if (!getpeername(fd, (struct sockaddr *)&any, &size))
		address(place->peer, sizeof(place->peer), &any);
}

struct place place_of(int fd, const char *path)
{
	struct place place = { .kind = "file" };
	struct stat st;

	if (fstat(fd, &st))
		die("fstat: %s", strerror(errno));
	place.ino = st.st_ino;
	snprintf(place.dev, sizeof(place.dev), "%u:%u", major(st.st_dev), minor(st.st_dev));
	if (S_ISSOCK(st.st_mode))
		name_socket(&place, fd);
	else if (S_ISFIFO(st.st_mode))
		strcpy(place.kind, "pipe");
	else if (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode))
		strcpy(place.kind, "device");
	if (path && !S_ISSOCK(st.st_mode) && !S_ISFIFO(st.st_mode))
		snprintf(place.path, sizeof(place.path), "%s", path);
	return place;
}

struct flow *flow_add(struct place from, struct place to, uint64_t delivered)
{
	unsigned int i = __sync_fetch_and_add(&truth->nr_flows, 1);
	struct flow *flow = &truth->flows[i];

	if (i >= FLOWS_MAX)
		die("too many flows");
	*flow = (struct flow){ getpid(), from, to, delivered, { { { 0 }, 0 } }, { { { 0 }, 0 } } };
	return flow;
}

static void item_add(struct item *items, const char *name, uint64_t value)
{
	for (int i = 0; value && i < FLOW_ITEMS; i++) {
		if (items[i].name[0] && strcmp(items[i].name, name))
			continue;
		snprintf(items[i].name, sizeof(items[i].name), "%s", name);
		items[i].value += value;
		return;
	}
}

void flow_hop(struct flow *flow, const char *name, uint64_t bytes)
{
	item_add(flow->hops, name, bytes);
}

void flow_call(struct flow *flow, const char *name, uint64_t count)
{
	item_add(flow->calls, name, count);
}

void flow_disk(struct flow *flow, int fd, uint64_t bytes)
{
	if (options.cold && is_on_disk(fd))
		flow_hop(flow, "disk>page_cache dma", (bytes + 4095) / 4096 * 4096);
}

void file_written(int fd, const char *path, const char *by, bool by_kernel, uint64_t bytes,
		  uint64_t dirty)
{
	unsigned int i = __sync_fetch_and_add(&truth->nr_written, 1);

	if (i >= WRITTEN_MAX)
		die("too many written files");
	truth->written[i] =
		(struct written){ place_of(fd, path), by, by_kernel, bytes, dirty, getpid() };
}

void file_stays(int fd, const char *path, uint64_t bytes)
{
	unsigned int i = __sync_fetch_and_add(&truth->nr_stays, 1);

	if (i >= STAYS_MAX)
		die("too many files that stay");
	truth->stays[i] = (struct stay){ place_of(fd, path), bytes };
}

static int fence_open(int which)
{
	int fd = open(fence_paths[which], O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s", fence_paths[which], strerror(errno));
	return fd;
}

static bool is_quiet(const struct rusage *a, const struct rusage *b)
{
	return a->ru_nvcsw == b->ru_nvcsw && a->ru_nivcsw == b->ru_nivcsw &&
	       a->ru_minflt == b->ru_minflt && a->ru_majflt == b->ru_majflt;
}

/*
 * One operation on the fence with no switch and no fault between two looks at
 * the counters: the second look is where that operation ended.
 */
static uint64_t fence_pass(int fd, struct rusage *now)
{
	struct rusage before;
	uint64_t tries = 0;
	char byte;

	do {
		getrusage(RUSAGE_THREAD, &before);
		if (pread(fd, &byte, 1, 0) != 1)
			die("fence: %s", strerror(errno));
		getrusage(RUSAGE_THREAD, now);
		tries++;
	} while (!is_quiet(&before, now));
	return tries;
}

void window_open(void)
{
	int fd = fence_open(0);

	fence_pass(fd, &window_start);
	/* Left open: closing may switch. The process ends soon. */
}

void window_close(uint64_t calls)
{
	static int fd = -1;
	struct rusage end;
	struct actor *actor;
	struct flow *flow;
	uint64_t tries;

	fd = fence_open(1);
	tries = fence_pass(fd, &end);
	flow = flow_add(place_of(fd, fence_paths[1]), place_memory(), tries);
	flow_hop(flow, "page_cache>user_buffer copy", tries);
	flow_call(flow, "pread64", tries);
	if (moved_elsewhere)
		return;
	actor = &truth->actors[__sync_fetch_and_add(&truth->nr_actors, 1)];
	*actor = (struct actor){
		.pid = getpid(),
		.calls = calls + calls_beside + tries,
		.voluntary = end.ru_nvcsw - window_start.ru_nvcsw,
		.involuntary = end.ru_nivcsw - window_start.ru_nivcsw,
		.minor = end.ru_minflt - window_start.ru_minflt,
		.major = end.ru_majflt - window_start.ru_majflt,
		.disk_bytes = (uint64_t)(end.ru_inblock - window_start.ru_inblock) * 512,
	};
}

/* Hostile names are given as hexadecimal: this is no place to test escaping. */
static void print_path(const char *path)
{
	printf(",\"path_hex\":\"");
	for (const unsigned char *c = (const void *)path; *c; c++)
		printf("%02x", *c);
	printf("\"");
}

static void print_place(const char *key, const struct place *place)
{
	printf("\"%s\":{\"kind\":\"%s\"", key, place->kind);
	if (place->pid)
		printf(",\"pid\":%d", place->pid);
	if (place->ino)
		printf(",\"dev\":\"%s\",\"ino\":%llu", place->dev, (unsigned long long)place->ino);
	if (place->path[0])
		print_path(place->path);
	if (place->local[0])
		printf(",\"local\":\"%s\"", place->local);
	if (place->peer[0])
		printf(",\"peer\":\"%s\"", place->peer);
	printf("}");
}

static void print_items(const char *key, const struct item *items)
{
	printf(",\"%s\":{", key);
	for (int i = 0; i < FLOW_ITEMS && items[i].name[0]; i++)
		printf("%s\"%s\":%llu", i ? "," : "", items[i].name,
		       (unsigned long long)items[i].value);
	printf("}");
}

static void print_flow(const struct flow *flow)
{
	printf("{\"pid\":%d,", flow->pid);
	print_place("from", &flow->from);
	printf(",");
	print_place("to", &flow->to);
	printf(",\"delivered_bytes\":%llu", (unsigned long long)flow->delivered);
	print_items("hops", flow->hops);
	print_items("calls", flow->calls);
	printf("}");
}

static void print_written(const struct written *written)
{
	printf("{");
	print_place("file", &written->file);
	printf(",\"bytes\":%llu,\"dirty\":%llu", (unsigned long long)written->bytes,
	       (unsigned long long)written->dirty);
	if (written->by)
		printf(",\"by\":\"%s\"", written->by);
	if (written->by && !written->by_kernel)
		printf(",\"pid\":%d", written->pid);
	printf("}");
}

static void print_actor(const struct actor *a)
{
	printf("{\"pid\":%d,\"calls\":%llu,\"voluntary\":%llu,\"involuntary\":%llu,"
	       "\"minor\":%llu,\"major\":%llu,\"disk_bytes\":%llu}",
	       a->pid, (unsigned long long)a->calls, (unsigned long long)a->voluntary,
	       (unsigned long long)a->involuntary, (unsigned long long)a->minor,
	       (unsigned long long)a->major, (unsigned long long)a->disk_bytes);
}

void truth_print(const char *name)
{
	printf("{\"name\":\"%s\",\"pid\":%d,\"flows\":[", name, getpid());
	for (unsigned int i = 0; i < truth->nr_flows; i++) {
		printf("%s", i ? "," : "");
		print_flow(&truth->flows[i]);
	}
	printf("],\"written\":[");
	for (unsigned int i = 0; i < truth->nr_written; i++) {
		printf("%s", i ? "," : "");
		print_written(&truth->written[i]);
	}
	printf("],\"stays\":[");
	for (unsigned int i = 0; i < truth->nr_stays; i++) {
		printf("%s{", i ? "," : "");
		print_place("file", &truth->stays[i].file);
		printf(",\"bytes\":%llu}", (unsigned long long)truth->stays[i].bytes);
	}
	printf("],\"actors\":[");
	for (unsigned int i = 0; i < truth->nr_actors; i++) {
		printf("%s", i ? "," : "");
		print_actor(&truth->actors[i]);
	}
	printf("]}\n");
	fflush(stdout);
}
