/* SPDX-License-Identifier: MIT */
/*
 * Programs that move a known number of bytes a known way, and say so: each
 * prints one JSON line that the live tests compare with what copyscope saw.
 */
#ifndef TESTS_WORKLOAD_H
#define TESTS_WORKLOAD_H

#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct options {
	const char *src, *src2, *dst;
	const char *to; /* kind of the destination, see sink_open() */
	const char *read, *write, *receive; /* calls */
	const char *mode; /* a variant of the workload */
	const char *ring; /* of io_uring: see uring.c */
	uint64_t bytes, chunk, count;
	bool cold; /* the source is evicted from the page cache first */
	bool pause; /* half-way: say "ready", wait for SIGUSR1 */
};

extern struct options options;

struct workload {
	const char *name;
	void (*run)(void);
	const char *text;
	bool silent; /* moves nothing worth a truth */
};

extern const struct workload relay_workloads[], direct_workloads[], map_workloads[],
	link_workloads[], process_workloads[], many_workloads[], zerocopy_workloads[],
	odirect_workloads[], cow_workloads[], fds_workloads[], writeback_workloads[],
	pipe_workloads[], short_workloads[], zero_workloads[], socket_workloads[],
	process_vm_workloads[], peek_workloads[], zc_receive_workloads[], tls_workloads[],
	fs_workloads[], aio_workloads[], device_workloads[], uncached_workloads[], fuse_workloads[],
	zcrx_workloads[], slab_workloads[];

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* truth.c: what was done, in memory that all processes of a workload share. */
enum { FLOW_ITEMS = 8, FLOWS_MAX = 48, ACTORS_MAX = 8 };

struct place {
	char kind[8];
	char path[400];
	char local[64], peer[64];
	char dev[24];
	uint64_t ino;
	int pid; /* of memory: that of another process */
};

struct item {
	char name[48];
	uint64_t value;
};

/* The bytes of one process between two places: a transfer of the report. */
struct flow {
	int pid;
	struct place from, to;
	uint64_t delivered;
	struct item hops[FLOW_ITEMS], calls[FLOW_ITEMS];
};

/* A process with one thread, and what the kernel counted around its loop. */
struct actor {
	int pid;
	uint64_t calls, voluntary, involuntary, minor, major;
	uint64_t disk_bytes; /* that it read from disks */
};

void truth_init(void);
void truth_print(const char *name);
struct place place_memory(void);
struct place place_of(int fd, const char *path);
struct flow *flow_add(struct place from, struct place to, uint64_t delivered);
void flow_hop(struct flow *flow, const char *name, uint64_t bytes);
void flow_call(struct flow *flow, const char *name, uint64_t count);
/* The disk filled the cache, if the file was cold and is on one. */
void flow_disk(struct flow *flow, int fd, uint64_t bytes);

/*
 * Of a file that was written to: which bytes went to the disk by what, in the
 * name of this process or of the kernel (NULL: none did), and which did not.
 */
void file_written(int fd, const char *path, const char *by, bool by_kernel, uint64_t bytes,
		  uint64_t dirty);
/* Of a file used by RWF_DONTCACHE: the bytes that are in the page cache all the same. */
void file_stays(int fd, const char *path, uint64_t bytes);

/*
 * Around a loop.  copyscope counts switches and faults since the thread's
 * operation before: each end of the window is an operation on a fence file,
 * so that what happened outside is counted with that.
 */
void window_open(void);
void window_close(uint64_t calls);

/* calls.c: system calls by name, all through one form. */
struct call {
	const char *name; /* on the command line */
	const char *reported;
	ssize_t (*move)(int fd, void *buffer, size_t bytes, off_t offset);
};

const struct call *reader_find(const char *name);
const struct call *writer_find(const char *name);
/* All of it, or die; returns how many calls it took. */
uint64_t write_all(const struct call *call, int fd, void *buffer, size_t bytes, off_t offset);
uint64_t read_all(const struct call *call, int fd, void *buffer, size_t bytes, off_t offset);
/* Of the last sendmmsg or recvmmsg. */
extern unsigned int messages_moved;
enum { MESSAGES = 4 };

/* uring.c: calls that are requests of io_uring, found with the others. */
extern const struct call uring_readers[], uring_writers[];
ssize_t uring_splice(int in, int out, size_t bytes);
ssize_t uring_send_zc(int fd, void *buffer, size_t bytes, bool is_fixed, bool is_message,
		      bool *copied);
extern uint64_t calls_beside; /* that only waited */
extern bool moved_elsewhere; /* some ran in another thread: no counters of this one tell */

/* aio.c: the same by libaio. */
extern const struct call aio_readers[], aio_writers[];

/* sink.c: where bytes go, with a process of its own that receives and checks. */
struct sink {
	int fd;
	pid_t receiver;
	bool is_foreign; /* somebody else receives */
	const char *path;
	sem_t *arrived; /* of datagrams, which must not be lost */
	struct place place;
	const char *copied_hop, *mapped_hop, *held_hop;
};

/*
 * none file pipe tcp tcp6 udp udp6 unix unix-dgram unix-seqpacket; of somebody
 * else: tcp:ADDRESS:PORT udp:ADDRESS:PORT.
 */
struct sink sink_open(const char *kind, const char *path, uint64_t bytes);
/* The receiver only counts. */
struct sink sink_open_unchecked(const char *kind, uint64_t bytes);
/* A pair of sockets: ends[0] receives, ends[1] sends. */
void connect_ends(const char *kind, int ends[2]);
void sink_sent(struct sink *sink);
void sink_close(struct sink *sink);
bool sink_is_file(const struct sink *sink);

/* sockets.c: a descriptor through a unix socket, with one byte. */
void pass_fd(int socket, int fd);
int receive_fd(int socket);

/* util.c */
void *zalloc_pages(size_t bytes);
void *shared_pages(size_t bytes);
void pattern_init(void);
void pattern_drop(void);
void pattern_fill(void *buffer, size_t bytes, uint64_t offset);
void pattern_check(const void *buffer, size_t bytes, uint64_t offset, const char *who);
int open_source(const char *path);
int open_destination(const char *path);
bool is_on_disk(int fd);
void make_direct(int fd, const char *path); /* O_DIRECT from now on */
pid_t fork_or_die(void);
void wait_for(pid_t child); /* that it ends well, or die */
void pause_here(void);
bool has_mode(const char *mode);
uint64_t smaller(uint64_t a, uint64_t b);

#endif
