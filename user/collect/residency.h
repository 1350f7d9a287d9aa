/* SPDX-License-Identifier: MIT */
/*
 * Asks the kernel what of a file is in the page cache: the module, else
 * cachestat(2), else mincore(2).  The answer names its source.
 */
#ifndef COLLECT_RESIDENCY_H
#define COLLECT_RESIDENCY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "model/residency.h"

/* Errors beside negative errnos. */
enum {
	RESIDENCY_NOT_REGULAR = -4096,
	RESIDENCY_PSEUDO = -4097, /* the file system keeps no file in the page cache */
	RESIDENCY_NOT_COVERED = -4098, /* DAX */
	RESIDENCY_HUGETLB = -4099, /* and no module */
};

struct residency_reader {
	int module; /* fd of the module's file, or -1 */
	int module_error; /* why there is none: -ENOENT, -EACCES, ... */
	bool no_cachestat; /* the kernel has none, or a filter forbids it */
	struct cs_extent *batch; /* the module's answer */
	unsigned char *vector; /* mincore's answer */
};

void residency_open(struct residency_reader *reader);
void residency_close(struct residency_reader *reader);

/*
 * Why a module that is loaded and may be asked is not, and the mend; NULL without
 * such trouble.  An answer that makes no sense shows only after the first file.
 */
const char *residency_module_trouble(const struct residency_reader *reader);

/* The source that is asked first. */
enum residency_source residency_first_source(const struct residency_reader *reader);

/*
 * The file behind an fd of this process, of any mode, O_PATH too.  With
 * @extents also where its pages are; without, only sums.  Fills @ret, which
 * residency_release() frees; returns its error: 0, or a negative errno, for
 * which residency_why() has words.
 */
int residency_of_fd(struct residency_reader *reader, int fd, bool extents, struct residency *ret);

/*
 * The same by path, relative to @folder as in openat(2).  @follow: a symbolic
 * link as the last part is followed.  Nothing but regular files is opened for
 * more than its type, so that no FIFO, device or lease makes it wait.
 */
int residency_of_path(struct residency_reader *reader, int folder, const char *path, bool follow,
		      bool extents, struct residency *ret);

/* Why a file has no answer, and the mend where there is one. */
const char *residency_why(int error);

/* Of a file system that keeps no file in the page cache: /proc, /sys, ... */
bool residency_is_pseudo(int fd);

#endif
