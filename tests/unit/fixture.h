/* SPDX-License-Identifier: MIT */
/* Recordings made by hand, for unit and golden tests and for the benchmark. */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include "model/recording.h"

enum {
	NR_READ = 0,
	NR_WRITE = 1,
	NR_SENDFILE = 40,
	NR_SENDTO = 44,
	NR_RECVFROM = 45,
	NR_GETSOCKOPT = 55,
	NR_SPLICE = 275,
	NR_TEE = 276,
	NR_VMSPLICE = 278,
	NR_PROCESS_VM_READV = 310,
	NR_PROCESS_VM_WRITEV = 311,
	NR_COPY_FILE_RANGE = 326,
	/* io_uring's IORING_OP_* */
	REQUEST_READ = CS_CALL_REQUEST | 22,
	REQUEST_SEND = CS_CALL_REQUEST | 26,
	REQUEST_SEND_ZC = CS_CALL_REQUEST | 47,
	REQUEST_SPLICE = CS_CALL_REQUEST | 30,
	REQUEST_TEE = CS_CALL_REQUEST | 33,
};

struct fixture {
	struct recording recording;
	struct cs_row *rows;
	struct cs_endpoint *endpoints;
	struct cs_process *processes;
	size_t rows_capacity, endpoints_capacity, processes_capacity;
};

void fixture_begin(struct fixture *fixture); /* with the kernel as process 0 */
void fixture_end(struct fixture *fixture);

/* Each returns the index that rows name it by. */
uint32_t fixture_process(struct fixture *fixture, uint32_t pid, const char *comm);
uint32_t fixture_file(struct fixture *fixture, const char *path);
uint32_t fixture_tcp(struct fixture *fixture, const char *local, uint16_t local_port,
		     const char *peer, uint16_t peer_port);
/* The memory of another process than the one of the row. */
uint32_t fixture_memory(struct fixture *fixture, uint32_t pid, const char *comm);
uint32_t fixture_other(struct fixture *fixture, enum cs_kind kind, const char *path);
/* Valid until the next one is made. */
struct cs_endpoint *fixture_endpoint(struct fixture *fixture, uint32_t index);

/*
 * A row of `ops` calls that moved and delivered `bytes`, two mode switches
 * each; valid until the next one is made.
 */
struct cs_row *fixture_row(struct fixture *fixture, uint32_t process, uint32_t source,
			   uint32_t destination, enum cs_hop hop, uint16_t call, uint64_t ops,
			   uint64_t bytes);
struct cs_row *fixture_side(struct fixture *fixture, uint32_t process, uint32_t source,
			    uint32_t destination, enum cs_hop hop, uint64_t bytes);

#endif
