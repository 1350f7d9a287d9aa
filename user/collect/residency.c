// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "collect/residency.h"
#include "collect/residency_private.h"
#include "util/cleanup.h"
#include "util/memory.h"

#define MODULE_FILE "/proc/copyscope/file"

#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif
#define CONFIGFS_MAGIC 0x62656570

void residency_open(struct residency_reader *reader)
{
	*reader = (struct residency_reader){
		.module = open(MODULE_FILE, O_RDWR | O_CLOEXEC),
		.vector = zalloc(VECTOR_PAGES, 1),
	};
	if (reader->module < 0)
		reader->module_error = -errno;
	else
		reader->batch = zalloc(BATCH_EXTENTS, sizeof(*reader->batch));
	/* Of no file: EBADF if there is such a call that may be made. */
	reader->no_cachestat =
		residency_by_cachestat(reader, -1, false, &(struct residency){ 0 }) != -EBADF;
}

static void module_close(struct residency_reader *reader, int error)
{
	if (reader->module >= 0)
		close(reader->module);
	reader->module = -1;
	reader->module_error = error;
}

const char *residency_module_trouble(const struct residency_reader *reader)
{
	int error = reader->module_error;

	/* Loaded without everyone=1, as it mostly is. */
	if (reader->module >= 0 || error == -EACCES || error == -EPERM)
		return NULL;
	/* Not loaded, or not any more: that gives EIO or ENOTTY, too. */
	if (access(MODULE_FILE, F_OK))
		return NULL;
	return "the kernel module does not answer in the language of this copyscope: load the one "
	       "of this version";
}

void residency_close(struct residency_reader *reader)
{
	module_close(reader, 0);
	free(reader->batch);
	free(reader->vector);
}

enum residency_source residency_first_source(const struct residency_reader *reader)
{
	if (reader->module >= 0)
		return RESIDENCY_BY_MODULE;
	return reader->no_cachestat ? RESIDENCY_BY_MINCORE : RESIDENCY_BY_CACHESTAT;
}

static long file_system(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) ? 0 : fs.f_type;
}

bool residency_is_pseudo(int fd)
{
	switch (file_system(fd)) {
	case PROC_SUPER_MAGIC:
	case SYSFS_MAGIC:
	case DEBUGFS_MAGIC:
	case TRACEFS_MAGIC:
	case SECURITYFS_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
	case BPF_FS_MAGIC:
	case CONFIGFS_MAGIC:
	case EFIVARFS_MAGIC:
	case PSTOREFS_MAGIC:
	case SELINUX_MAGIC:
	case SMACK_MAGIC:
		return true;
	}
	return false;
}

/* Adds a batch's sums, which are those of a part of the range. */
static void add_batch(struct residency *ret, const struct cs_residency *answer)
{
	ret->resident_bytes += answer->resident;
	ret->dirty_bytes += answer->dirty;
	ret->writeback_bytes += answer->writeback;
	ret->mapped_bytes += answer->mapped;
	ret->filling_bytes += answer->filling;
	ret->evicted_pages += answer->evicted;
}

static void take_facts(struct residency *ret, const struct cs_residency *answer)
{
	ret->source = RESIDENCY_BY_MODULE;
	ret->size_bytes = answer->file_size;
	ret->evicted_to_swap = answer->facts & CS_RESIDENCY_SWAP;
	ret->has_real_inode = answer->facts & CS_RESIDENCY_REAL_INODE;
	ret->real_major = major(answer->dev);
	ret->real_minor = minor(answer->dev);
	ret->real_ino = answer->ino;
}

static int by_module(struct residency_reader *reader, int fd, bool extents, struct residency *ret)
{
	struct cs_residency q = { 0 };
	uint64_t offset = 0;

	ret->resident_bytes = ret->dirty_bytes = ret->writeback_bytes = 0;
	ret->mapped_bytes = ret->filling_bytes = ret->evicted_pages = 0;
	do {
		q = (struct cs_residency){
			.size = sizeof(q),
			.fd = fd,
			.offset = offset,
			.extents = (uintptr_t)reader->batch,
			.capacity = extents ? BATCH_EXTENTS : 0,
		};
		if (ioctl(reader->module, CS_RESIDENCY, &q))
			return -errno;
		if (q.facts & CS_RESIDENCY_NOT_COVERED)
			return RESIDENCY_NOT_COVERED;
		/* Never trust a cursor that stands still. */
		if (q.count > BATCH_EXTENTS || (q.next && q.next <= offset))
			return -EPROTO;
		for (uint32_t i = 0; i < q.count; i++)
			extents_add(&ret->extents, &reader->batch[i]);
		add_batch(ret, &q);
		offset = q.next;
	} while (offset);
	take_facts(ret, &q);
	ret->has_extents = extents;
	return 0;
}

/*
 * An open file description of our own: for reading, as mmap() wants it, with
 * an offset that nobody shares, and without touching the time of access.
 */
static int reopen(int fd)
{
	char path[32];
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, own;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, flags | O_NOATIME);
	if (own < 0 && errno == EPERM)
		own = open(path, flags);
	return own < 0 ? -errno : own;
}

/* Where the pages may belong to another inode, of which cachestat() says nothing. */
static bool cachestat_is_blind(int fd, const struct residency *ret)
{
	switch (file_system(fd)) {
	case OVERLAYFS_SUPER_MAGIC:
		return true;
	case FUSE_SUPER_MAGIC:
	case ECRYPTFS_SUPER_MAGIC:
		return !ret->resident_bytes && ret->size_bytes;
	}
	return false;
}

static int without_module(struct residency_reader *reader, int fd, bool extents,
			  struct residency *ret)
{
	_cleanup_close_ int own = reopen(fd);
	const struct residency identity = *ret;
	int error = -ENOSYS;

	if (own < 0)
		return own;
	if (file_system(own) == HUGETLBFS_MAGIC)
		return RESIDENCY_HUGETLB; /* mincore() says 0, cachestat() refuses */
	if (!reader->no_cachestat && file_system(own) != OVERLAYFS_SUPER_MAGIC)
		error = residency_by_cachestat(reader, own, extents, ret);
	if (!error && !cachestat_is_blind(own, ret))
		return 0;
	/* EPERM may be that of a filter on system calls: mincore() decides. */
	residency_release(ret);
	*ret = identity;
	return residency_by_mincore(reader, own, extents, ret);
}

static int describe(int fd, struct residency *ret)
{
	struct stat st;

	residency_init(ret);
	if (fstat(fd, &st))
		return -errno;
	ret->has_inode = true;
	ret->dev_major = major(st.st_dev);
	ret->dev_minor = minor(st.st_dev);
	ret->ino = st.st_ino;
	ret->links = st.st_nlink;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return RESIDENCY_NOT_REGULAR;
	if (residency_is_pseudo(fd))
		return RESIDENCY_PSEUDO;
	ret->size_bytes = st.st_size;
	return 0;
}

/* The module is gone, or speaks another version's language. */
static bool is_of_module(int error)
{
	return error == -EIO || error == -ENODEV || error == -ENOTTY || error == -EINVAL ||
	       error == -EPROTO;
}

int residency_of_fd(struct residency_reader *reader, int fd, bool extents, struct residency *ret)
{
	struct residency identity;
	int error = describe(fd, ret);

	identity = *ret;
	if (!error && reader->module >= 0) {
		error = by_module(reader, fd, extents, ret);
		if (error) {
			residency_release(ret);
			*ret = identity;
		}
		if (is_of_module(error)) {
			module_close(reader, error);
			error = 0;
		}
	}
	if (!error && reader->module < 0)
		error = without_module(reader, fd, extents, ret);
	if (error) {
		residency_release(ret);
		identity.error = error;
		identity.why = residency_why(error);
		*ret = identity;
	}
	return error;
}

int residency_of_path(struct residency_reader *reader, int folder, const char *path, bool follow,
		      bool extents, struct residency *ret)
{
	_cleanup_close_ int fd =
		openat(folder, path, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));

	if (fd < 0) {
		residency_init(ret);
		ret->error = -errno;
		ret->why = residency_why(ret->error);
		return ret->error;
	}
	return residency_of_fd(reader, fd, extents, ret);
}

const char *residency_why(int error)
{
	switch (error) {
	case RESIDENCY_NOT_REGULAR:
		return "not a regular file";
	case RESIDENCY_PSEUDO:
		return "its file system keeps nothing in the page cache";
	case RESIDENCY_NOT_COVERED:
		return "DAX: the file is mapped from the device, not cached";
	case RESIDENCY_HUGETLB:
		return "huge pages of hugetlbfs: only the module can tell, load it";
	case -EPERM:
		return "only its owner, root and who may write to it are told what is cached";
	case -EISDIR:
		return "is a folder";
	case -EACCES:
		return "no permission to open it: be its owner or root";
	case -ENODEV:
		return "it cannot be mapped, so mincore() cannot tell";
	}
	return strerrordesc_np(-error);
}
