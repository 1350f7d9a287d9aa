// SPDX-License-Identifier: MIT
#include "collect/dirty.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collect/inodes.h"
#include "collect/residency.h"
#include "model/names.h"
#include "model/writeback.h"
#include "util/cleanup.h"

/* Of all files together: a dead server must not cost the report. */
#define PATIENCE_MS 2000

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

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
		ret->resident_bytes = residency.resident_bytes;
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

/* What the child says of one file. */
struct answer {
	size_t at; /* in the list of files */
	struct recorded_dirty dirty;
};

static bool say(int answers, const struct recorded_dirty *dirty, size_t at)
{
	const struct answer answer = { at, dirty[at] };

	return write(answers, &answer, sizeof(answer)) == sizeof(answer);
}

/* All files by their paths, those on disks of this machine first: others may hang. */
static void ask_all(const struct recording *recording, struct recorded_dirty *dirty, size_t count,
		    int answers)
{
	struct recorded_dirty **missing = zalloc(count, sizeof(struct recorded_dirty *));
	struct residency_reader reader;
	size_t nr_missing = 0;

	residency_open(&reader);
	for (int remote = 0; remote < 2; remote++) {
		for (size_t i = 0; i < count; i++) {
			const uint32_t dev = recording->endpoints[dirty[i].endpoint].inode.dev;

			if (remote != !(dev >> 20))
				continue;
			if (!ask_by_path(recording, &reader, &dirty[i]))
				missing[nr_missing++] = &dirty[i];
			else if (!say(answers, dirty, i))
				return;
		}
	}
	if (nr_missing)
		ask_by_number(recording, &reader, missing, nr_missing);
	for (size_t i = 0; i < nr_missing; i++)
		say(answers, dirty, (size_t)(missing[i] - dirty));
}

/* Did the child come to its end before the time was over? What is missing stays unknown. */
static bool take_answers(int answers, struct recorded_dirty *dirty, size_t count)
{
	uint64_t now = now_ms(), end = now + PATIENCE_MS;
	struct pollfd wait = { .fd = answers, .events = POLLIN };
	struct answer answer;

	for (; now < end; now = now_ms()) {
		int ready = poll(&wait, 1, (int)(end - now));

		if (ready < 0 && errno == EINTR)
			continue;
		/* A record is written as a whole, as it is shorter than PIPE_BUF. */
		if (ready <= 0)
			return false;
		if (read(answers, &answer, sizeof(answer)) != sizeof(answer))
			return true;
		if (answer.at < count)
			dirty[answer.at] = answer.dirty;
	}
	return false;
}

/* Keeps nothing of the tool's open: it must not outlive it in anything but its number. */
static void child_run(const struct recording *recording, struct recorded_dirty *dirty, size_t count,
		      int answers)
{
	if (dup2(answers, 0) < 0)
		_exit(1);
	close_range(1, ~0u, 0);
	ask_all(recording, dirty, count, 0);
	_exit(0);
}

void dirty_read(struct recording *recording)
{
	struct residency_reader reader;
	struct recorded_dirty *dirty;
	size_t count;
	uint32_t *indices = asked_endpoints(recording, &count);
	int answers[2];
	pid_t child;

	residency_open(&reader);
	/* mincore(2) does not tell, and costs by the size of the file. */
	if (residency_first_source(&reader) == RESIDENCY_BY_MINCORE)
		count = 0;
	residency_close(&reader);
	dirty = zalloc(count, sizeof(*dirty));
	for (size_t i = 0; i < count; i++)
		dirty[i] = (struct recorded_dirty){ .endpoint = indices[i],
						    .source = RESIDENCY_BY_NONE };
	free(indices);
	recording->dirty = dirty;
	recording->nr_dirty = count;
	if (!count || pipe2(answers, O_CLOEXEC))
		return;
	child = fork();
	if (!child)
		child_run(recording, dirty, count, answers[1]);
	close(answers[1]);
	if (child > 0) {
		bool ended = take_answers(answers[0], dirty, count);

		kill(child, SIGKILL);
		/* A request that FUSE has sent already does not end by that. */
		waitpid(child, NULL, ended ? 0 : WNOHANG);
	}
	close(answers[0]);
}

void dirty_release(struct recording *recording)
{
	free((void *)recording->dirty);
	recording->dirty = NULL;
	recording->nr_dirty = 0;
}
