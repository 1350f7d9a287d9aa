// SPDX-License-Identifier: MIT
#include "collect/dirty.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "collect/inodes.h"
#include "collect/residency.h"
#include "model/names.h"
#include "model/writeback.h"
#include "util/cleanup.h"

/* A number is used again by the next file, with another generation. */
static bool is_of_generation(int fd, uint32_t generation)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u = { .handle = { .handle_bytes = MAX_HANDLE_SZ } };
	uint32_t found;
	int mount;

	if (name_to_handle_at(fd, "", &u.handle, &mount, AT_EMPTY_PATH))
		return true; /* a file system without handles */
	if (u.handle.handle_type != HANDLE_INO32_GEN &&
	    u.handle.handle_type != HANDLE_XFS_INO64_GEN)
		return true;
	memcpy(&found, u.handle.f_handle + u.handle.handle_bytes - 4, 4);
	return found == generation;
}

/* btrfs tells stat(2) another device than its inodes have. */
static bool is_btrfs(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_type == BTRFS_SUPER_MAGIC;
}

static bool is_it(int fd, const struct cs_endpoint *endpoint)
{
	unsigned int wanted_major = endpoint->inode.dev >> 20;
	unsigned int wanted_minor = endpoint->inode.dev & 0xfffff;
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_ino != endpoint->inode.ino)
		return false;
	if ((major(st.st_dev) != wanted_major || minor(st.st_dev) != wanted_minor) && !is_btrfs(fd))
		return false;
	return is_of_generation(fd, endpoint->inode.generation);
}

static void ask(struct residency_reader *reader, int fd, struct recorded_dirty *ret)
{
	struct residency residency;

	if (!residency_of_fd(reader, fd, false, &residency) &&
	    residency.dirty_bytes != RESIDENCY_UNKNOWN) {
		ret->source = residency.source;
		ret->dirty_bytes = residency.dirty_bytes;
		ret->under_writeback_bytes = residency.writeback_bytes;
	}
	residency_release(&residency);
}

/* By its path; false where that leads to no file, or to another one. */
static bool ask_by_path(const struct recording *recording, struct residency_reader *reader,
			struct recorded_dirty *ret)
{
	struct arena arena = { 0 };
	struct report_endpoint named = name_endpoint(recording, ret->endpoint, &arena);
	_cleanup_close_ int fd = -1;
	bool found;

	if (named.path && named.path[0] == '/' && !named.path_cut)
		fd = open(named.path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	found = fd >= 0 && is_it(fd, &recording->endpoints[ret->endpoint]);
	if (found)
		ask(reader, fd, ret);
	arena_free(&arena);
	return found;
}

/* Those without a name that leads there: deleted ones that are still open, for one. */
static void ask_by_number(const struct recording *recording, struct residency_reader *reader,
			  struct recorded_dirty *const *missing, size_t count)
{
	struct listed_inodes inodes = { .list = zalloc(count, sizeof(*inodes.list)),
					.count = count };

	for (size_t i = 0; i < count; i++) {
		const struct cs_inode_key *key = &recording->endpoints[missing[i]->endpoint].inode;

		inodes.list[i] = (struct listed_inode){ .major = key->dev >> 20,
							.minor = key->dev & 0xfffff,
							.ino = key->ino,
							.generation = key->generation,
							.fd = -1 };
	}
	inodes_reach_by_handle(&inodes);
	for (size_t i = 0; i < count; i++)
		if (inodes.list[i].fd >= 0 &&
		    is_of_generation(inodes.list[i].fd, inodes.list[i].generation))
			ask(reader, inodes.list[i].fd, missing[i]);
	inodes_release(&inodes);
}

void dirty_read(struct recording *recording)
{
	struct recorded_dirty *dirty, **missing;
	struct residency_reader reader;
	size_t count, nr_missing = 0;
	uint32_t *indices = written_endpoints(recording, &count);

	residency_open(&reader);
	/* mincore(2) does not tell, and costs by the size of the file. */
	if (residency_first_source(&reader) == RESIDENCY_BY_MINCORE)
		count = 0;
	dirty = zalloc(count, sizeof(*dirty));
	missing = zalloc(count, sizeof(struct recorded_dirty *));
	for (size_t i = 0; i < count; i++) {
		dirty[i] = (struct recorded_dirty){ indices[i], RESIDENCY_BY_NONE, 0, 0 };
		if (!ask_by_path(recording, &reader, &dirty[i]))
			missing[nr_missing++] = &dirty[i];
	}
	if (nr_missing)
		ask_by_number(recording, &reader, missing, nr_missing);
	residency_close(&reader);
	recording->dirty = dirty;
	recording->nr_dirty = count;
	free(missing);
	free(indices);
}

void dirty_release(struct recording *recording)
{
	free((void *)recording->dirty);
	recording->dirty = NULL;
	recording->nr_dirty = 0;
}
