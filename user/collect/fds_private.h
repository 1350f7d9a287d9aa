/* SPDX-License-Identifier: MIT */
/* The parts of collecting descriptors. */
#ifndef COLLECT_FDS_PRIVATE_H
#define COLLECT_FDS_PRIVATE_H

#include <dirent.h>
#include <sys/stat.h>

#include "collect/fds.h"
#include "util/cleanup.h"

struct fds_work {
	struct fds_collector *collector;
	struct fds *fds;
	void *inodes; /* tsearch(3)'s tree, by struct inode_name */
	/*
	 * Below /proc, one for each process of the model.  They go on to mean
	 * the process when its number is another's.
	 */
	int *folders;
	uint64_t *kernel_inos; /* of descriptors, likewise; 0: unknown */
	size_t kernel_inos_room;
	bool has_sockets;
	uint32_t socket_major, socket_minor; /* device of all sockets */
};

/* fds_proc.c: one file below /proc. */
/* Reads at most size - 1 bytes and ends them by a NUL.  Returns their number or -errno. */
ssize_t proc_read(int folder, const char *name, char *buffer, size_t size);
/* The name of a program: any bytes. */
const char *proc_comm(struct fds *fds, int folder);
/* Of a kernel thread, or of a process that ended. */
bool proc_has_no_fds(int folder);
/* Opens a folder; NULL and errno if that fails. */
DIR *proc_folder(int folder, const char *name);
/* The next entry that is a number of 0 or more; -1 at the end. */
long proc_next_number(DIR *folder, const char **name);

/* Do we see all processes there are, under the numbers that the kernel calls its own? */
bool proc_is_first_namespace(void);

struct proc_fdinfo {
	uint64_t offset, ino; /* ino: the kernel's, 0: unknown */
	uint32_t flags;
};

/* Returns 0 or a negative errno. */
int proc_fdinfo(int folder, const char *fd, struct proc_fdinfo *ret);

/* fds_inode.c */
/*
 * The inode of such a status and such a name: of anonymous inodes the name
 * tells them apart.  Returns FDS_NONE if it is not there yet.
 */
uint32_t inode_find(struct fds_work *work, const struct stat *st, const char *name);
/* The same, and adds it if needed; *ret_new tells. */
uint32_t inode_get(struct fds_work *work, const struct stat *st, const char *name, bool *ret_new);
/* A socket of which only its number is known. */
uint32_t inode_get_socket(struct fds_work *work, enum fds_kind kind, uint64_t ino);
void inodes_end(struct fds_work *work);

/* fds_maps.c: returns 0, or a negative errno. */
int mappings_read(struct fds_work *work, uint32_t process);

/* fds_sockets.c: addresses and peers of all sockets of the model. */
void sockets_describe(struct fds_work *work);
/* fds_unix.c: returns 0, or a negative errno if the kernel does not tell. */
int unix_describe(struct fds_work *work, int folder);

/* fds_kcmp.c: identities, by kcmp(2) and /proc. */
void holders_by_kcmp(struct fds_work *work);
/* fds_iterator.c: by the kernel's iterator.  Returns 0, or a negative errno. */
int holders_by_iterator(struct fds_work *work);

#endif
