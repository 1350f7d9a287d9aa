/* SPDX-License-Identifier: MIT */
/*
 * What copyscope fds tells: descriptors, the open file descriptions behind
 * them, the inodes behind these, and what of the inodes is in the page cache.
 */
#ifndef MODEL_FDS_H
#define MODEL_FDS_H

#include <sys/types.h>

#include "model/residency.h"
#include "util/memory.h"
#include "util/strbuf.h"

#define FDS_NONE UINT32_MAX
#define FDS_UNKNOWN UINT64_MAX

enum fds_kind {
	FDS_FILE,
	FDS_FOLDER,
	FDS_PIPE,
	FDS_UNIX,
	FDS_TCP,
	FDS_UDP,
	FDS_DEVICE,
	FDS_OTHER,
	FDS_KIND_MAX,
};

/* Who told which descriptors share an open file description. */
enum fds_identity {
	FDS_BY_ITERATOR, /* the kernel's task_file iterator */
	FDS_BY_KCMP, /* kcmp(2) */
	FDS_BY_NOBODY,
};

enum fds_access {
	FDS_READS = 1 << 0,
	FDS_WRITES = 1 << 1,
};

struct fds_process {
	pid_t pid;
	const char *comm; /* any bytes */
	const char *why; /* it was not read, or not to its end; NULL: it was */
	uint32_t first_fd, nr_fds;
	uint32_t first_mapping, nr_mappings;
};

/* Of a socket.  What is NULL is unknown, or there is none. */
struct fds_socket {
	const char *protocol; /* as the kernel calls it; any bytes */
	const char *state; /* a word */
	const char *local, *peer; /* addresses with ports */
	const char *name; /* of a unix socket: any bytes, @ for NUL */
};

struct fds_inode {
	enum fds_kind kind;
	const char *path; /* of the first descriptor or mapping; NULL: it has none */
	bool deleted; /* no name leads to it any more */
	uint32_t dev_major, dev_minor; /* as stat(2) tells them */
	uint64_t ino;
	uint32_t rdev_major, rdev_minor; /* of a device */
	struct residency residency; /* of files only */
	struct fds_socket socket;
	bool only_peer; /* no process that was asked for has it */
	uint32_t peer; /* index of the other socket if it is on this host, or FDS_NONE */

	/* Filled by fds_finish(). */
	uint32_t nr; /* what it is called in reports, from 1; 0 if only_peer */
	uint32_t first_fd, nr_fds; /* in fds->fds_by_inode */
	uint32_t first_mapping, nr_mappings; /* in fds->mappings_by_inode */
	uint32_t first_other, nr_others; /* in fds->others */
	uint32_t nr_descriptions; /* of the processes that were asked for */
};

struct fds_fd {
	uint32_t process, inode; /* indices */
	int fd;
	const char *path; /* NULL: there is none */
	uint64_t offset; /* FDS_UNKNOWN: or there is none */
	uint32_t flags; /* O_...; valid if has_flags */
	bool has_flags;
	bool cloexec;
	uint64_t identity; /* equal for one open file description; 0: unknown */
	uint32_t description; /* index; filled by fds_finish() */
};

struct fds_description {
	uint32_t id; /* from 1, in order of appearance; 0: unknown whether it is shared */
	uint32_t first_fd; /* index of the first descriptor that has it */
	uint32_t first; /* in fds->fds_by_inode, as many as nr_fds */
	uint32_t nr_fds; /* of the processes that were asked for */
	uint32_t nr_processes; /* likewise */
	uint32_t nr_others; /* descriptors of other processes, as far as they were looked at */
};

struct fds_mapping {
	uint32_t process, inode;
	uint64_t start, bytes, offset;
	char access[5]; /* as /proc/PID/maps has it: r-xp */
};

/* A descriptor of a process that was not asked for. */
struct fds_other {
	pid_t pid;
	const char *comm; /* any bytes */
	int fd;
	uint32_t inode;
	unsigned int access; /* enum fds_access */
	uint64_t identity;
	uint32_t description; /* index or FDS_NONE; filled by fds_finish() */
};

struct fds {
	struct fds_process *processes;
	struct fds_fd *fds; /* in the order of processes */
	struct fds_inode *inodes;
	struct fds_mapping *mappings; /* in the order of processes */
	struct fds_other *others; /* in the order of inodes, once finished */
	struct fds_description *descriptions;
	/* Indices; descriptors of one inode by description, in the order of appearance. */
	uint32_t *fds_by_inode, *mappings_by_inode;
	uint32_t nr_processes, nr_fds, nr_inodes, nr_mappings, nr_others, nr_descriptions;
	size_t process_room, fd_room, inode_room, mapping_room, other_room;

	enum fds_identity identity;
	const char *identity_why; /* there is none: static, or NULL */
	/* Processes that may hold a descriptor, but could not be looked at. */
	uint32_t unseen_processes;
	const char *hidden; /* why there may be more of them: static, or NULL */
	bool peers_unknown; /* of unix sockets: the kernel did not tell */
	enum residency_source source; /* the one that knows least of those that answered */
	uint64_t resident_bytes; /* over all files; FDS_UNKNOWN: of some it is */
	struct arena arena; /* of all strings */
};

/* Each adds one at the end and returns its index; nothing of it is known. */
uint32_t fds_add_process(struct fds *fds, pid_t pid);
uint32_t fds_add_inode(struct fds *fds, enum fds_kind kind);
uint32_t fds_add_fd(struct fds *fds, uint32_t process, uint32_t inode, int fd);
uint32_t fds_add_mapping(struct fds *fds, uint32_t process, uint32_t inode);
uint32_t fds_add_other(struct fds *fds, pid_t pid, uint32_t inode, int fd);
void fds_release(struct fds *fds);

/*
 * Makes descriptions of descriptors, and finds who holds an inode.  @first: the
 * source of residency unless others answered.
 */
void fds_finish(struct fds *fds, enum residency_source first);

/* Can a description be held where nobody looked? */
bool fds_saw_all(const struct fds *fds);

unsigned int fds_access_of(uint32_t flags); /* enum fds_access; none for O_PATH */
const char *fds_kind_word(enum fds_kind kind);
const char *fds_identity_word(enum fds_identity identity); /* NULL for nobody */
/* Has it an offset that reads and writes move? */
bool fds_is_seekable(enum fds_kind kind);

/* The names of flags beside the access mode: @between before each, and @prefix. */
void fds_add_flags(struct strbuf *out, uint32_t flags, const char *prefix, const char *between);

#endif
