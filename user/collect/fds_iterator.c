// SPDX-License-Identifier: MIT
/*
 * Which descriptors share an open file description, by the kernel's iterator
 * over the descriptors of all tasks: one pass, and no process is left out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <bpf/bpf.h>

#include "abi/fds.h"
#include "collect/fds_private.h"
#include "fds.skel.h"

struct rows {
	struct cs_fd *rows;
	size_t count, room;
};

/* An inode that others may hold, by the kernel's numbers, or a description. */
struct wanted {
	uint64_t number;
	uint32_t dev; /* 0 for descriptions */
	uint32_t inode;
};

static int read_rows(int fd, struct rows *rows)
{
	size_t bytes = 0;
	ssize_t got;

	do {
		rows->rows = grow(rows->rows, &rows->room, bytes / sizeof(*rows->rows) + 256,
				  sizeof(*rows->rows));
		got = read(fd, (char *)rows->rows + bytes,
			   rows->room * sizeof(*rows->rows) - bytes);
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		bytes += got > 0 ? (size_t)got : 0;
	} while (got);
	rows->count = bytes / sizeof(*rows->rows);
	return 0;
}

static int iterate(struct rows *rows)
{
	struct fds_bpf *skeleton;
	struct bpf_link *link = NULL;
	_cleanup_close_ int fd = -1;
	int error = 0;

	libbpf_set_print(NULL); /* there is another way */
	skeleton = fds_bpf__open_and_load();
	if (!skeleton)
		return errno ? -errno : -EINVAL;
	link = bpf_program__attach_iter(skeleton->progs.list_fds, NULL);
	if (!link)
		error = -errno;
	else
		fd = bpf_iter_create(bpf_link__fd(link));
	if (!error)
		error = fd < 0 ? -errno : read_rows(fd, rows);
	bpf_link__destroy(link);
	fds_bpf__destroy(skeleton);
	return error;
}

static int by_descriptor(const void *one, const void *other)
{
	const struct cs_fd *a = one, *b = other;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->fd > b->fd) - (a->fd < b->fd);
}

static int by_number(const void *one, const void *other)
{
	const struct wanted *a = one, *b = other;

	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return (a->dev > b->dev) - (a->dev < b->dev);
}

/* The first of a sorted list that is not before the descriptor. */
static size_t first_row(const struct rows *rows, pid_t pid, int fd)
{
	const struct cs_fd key = { .pid = pid, .fd = fd };
	size_t low = 0, high = rows->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_descriptor(&rows->rows[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool fits_kind(enum fds_kind kind, uint32_t mode)
{
	switch (kind) {
	case FDS_FOLDER:
		return S_ISDIR(mode);
	case FDS_PIPE:
		return S_ISFIFO(mode);
	case FDS_FILE:
		return S_ISREG(mode);
	case FDS_TCP:
	case FDS_UDP:
	case FDS_UNIX:
		return S_ISSOCK(mode);
	case FDS_DEVICE:
		return S_ISCHR(mode) || S_ISBLK(mode);
	default:
		return true;
	}
}

/*
 * The row of a descriptor, or NULL.  It may be another inode's by now.  A
 * thread with a table of its own has rows of its own.
 */
static const struct cs_fd *find_row(const struct fds_work *work, const struct rows *rows,
				    uint32_t index)
{
	const struct fds_fd *fd = &work->fds->fds[index];
	pid_t pid = work->fds->processes[fd->process].pid;
	uint64_t ino = work->kernel_inos[index];

	for (size_t at = first_row(rows, pid, fd->fd); at < rows->count; at++) {
		const struct cs_fd *row = &rows->rows[at];

		if (row->pid != (uint32_t)pid || row->fd != (uint32_t)fd->fd)
			break;
		if (fits_kind(work->fds->inodes[fd->inode].kind, row->mode) &&
		    (!ino || row->ino == ino))
			return row;
	}
	return NULL;
}

static const struct wanted *find(const struct wanted *list, size_t count, uint64_t number,
				 uint32_t dev)
{
	const struct wanted key = { .number = number, .dev = dev };

	return bsearch(&key, list, count, sizeof(key), by_number);
}

static bool is_asked_for(const struct fds *fds, uint32_t pid)
{
	for (uint32_t i = 0; i < fds->nr_processes; i++)
		if ((uint32_t)fds->processes[i].pid == pid)
			return true;
	return false;
}

static void add_other(struct fds *fds, const struct cs_fd *row, uint32_t inode, uint64_t identity)
{
	struct fds_other *other;
	uint32_t at = fds_add_other(fds, (pid_t)row->pid, inode, (int)row->fd);

	other = &fds->others[at];
	other->comm = arena_copy(&fds->arena, row->comm, strnlen(row->comm, sizeof(row->comm)));
	other->access = fds_access_of(row->flags);
	other->identity = identity;
}

/* Descriptions of the processes, and inodes whose other holders matter. */
struct lists {
	struct wanted *descriptions, *inodes;
	size_t nr_descriptions, nr_inodes;
};

static void meet_others(struct fds *fds, const struct rows *rows, const struct lists *lists)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct cs_fd *row = &rows->rows[i];
		const struct wanted *shared, *held = NULL;

		if (row->pid == (uint32_t)getpid())
			continue;
		shared = find(lists->descriptions, lists->nr_descriptions, row->file, 0);
		if (S_ISFIFO(row->mode) || S_ISSOCK(row->mode))
			held = find(lists->inodes, lists->nr_inodes, row->ino, row->dev);
		if ((shared || held) && !is_asked_for(fds, row->pid))
			add_other(fds, row, shared ? shared->inode : held->inode,
				  shared ? row->file : 0);
	}
}

static void identify(struct fds_work *work, const struct rows *rows)
{
	struct fds *fds = work->fds;
	struct lists lists = {
		.descriptions = zalloc(fds->nr_fds, sizeof(struct wanted)),
		.inodes = zalloc((size_t)fds->nr_fds + fds->nr_inodes, sizeof(struct wanted)),
	};
	uint32_t socket_dev = 0;

	for (uint32_t i = 0; i < fds->nr_fds; i++) {
		const struct cs_fd *row = find_row(work, rows, i);
		uint32_t inode = fds->fds[i].inode;

		if (!row)
			continue;
		fds->fds[i].identity = row->file;
		lists.descriptions[lists.nr_descriptions++] =
			(struct wanted){ row->file, 0, inode };
		lists.inodes[lists.nr_inodes++] = (struct wanted){ row->ino, row->dev, inode };
		if (S_ISSOCK(row->mode))
			socket_dev = row->dev;
	}
	for (uint32_t i = 0; i < fds->nr_inodes; i++)
		if (fds->inodes[i].only_peer)
			lists.inodes[lists.nr_inodes++] =
				(struct wanted){ fds->inodes[i].ino, socket_dev, i };
	qsort(lists.descriptions, lists.nr_descriptions, sizeof(struct wanted), by_number);
	qsort(lists.inodes, lists.nr_inodes, sizeof(struct wanted), by_number);
	meet_others(fds, rows, &lists);
	free(lists.descriptions);
	free(lists.inodes);
}

int holders_by_iterator(struct fds_work *work)
{
	struct rows rows = { 0 };
	/* The kernel tells the numbers of processes as the first namespace has them. */
	int error = proc_is_first_namespace() ? iterate(&rows) : -EXDEV;

	if (!error && rows.count) {
		qsort(rows.rows, rows.count, sizeof(*rows.rows), by_descriptor);
		work->fds->identity = FDS_BY_ITERATOR;
		identify(work, &rows);
	}
	free(rows.rows);
	return error;
}
