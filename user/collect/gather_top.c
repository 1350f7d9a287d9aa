// SPDX-License-Identifier: MIT
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "collect/gather.h"
#include "collect/inodes.h"
#include "util/cleanup.h"

/* The name that leads to the inode, or what its name was; NULL if there is none. */
static const char *name_of(int fd, bool deleted, char *path, size_t size)
{
	char link[32];
	struct stat here, there;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, size - 1);
	if (length < 0)
		return NULL;
	path[length] = 0;
	if (deleted)
		return strcmp(path, "/") ? path : NULL;
	/* Of an inode that came by its number the kernel may know no name. */
	if (fstat(fd, &here) || lstat(path, &there) || here.st_dev != there.st_dev ||
	    here.st_ino != there.st_ino)
		return NULL;
	return path;
}

/* The file of a block device, below /dev. */
static const char *name_of_device(const struct listed_inode *one, char *path, size_t size)
{
	_cleanup_fclose_ FILE *facts = NULL;
	char line[256];

	snprintf(line, sizeof(line), "/sys/dev/block/%u:%u/uevent", one->major, one->minor);
	facts = fopen(line, "re");
	while (facts && fgets(line, sizeof(line), facts)) {
		if (strncmp(line, "DEVNAME=", 8))
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(path, size, "/dev/%s", line + 8);
		return path;
	}
	return NULL;
}

/* What the listing tells, where nothing else leads to the inode. */
static void take_listed(struct residency *r, const struct listed_inode *one)
{
	residency_init(r);
	r->source = RESIDENCY_BY_MODULE;
	r->has_inode = true;
	r->dev_major = one->major;
	r->dev_minor = one->minor;
	r->ino = one->ino;
	r->links = one->links;
	r->size_bytes = one->size_bytes;
	r->resident_bytes = one->resident * RESIDENCY_PAGE;
	r->dirty_bytes = one->dirty * RESIDENCY_PAGE;
	r->writeback_bytes = one->writeback * RESIDENCY_PAGE;
	r->evicted_pages = one->evicted;
	r->evicted_to_swap = !strcmp(one->type, "tmpfs");
}

static bool add_listed(struct gather *gather, const struct listed_inode *one)
{
	size_t before = gather->pages->count;
	char path[PATH_MAX];
	const char *name = NULL;
	struct pages_file *file;
	struct residency r;
	bool go_on;

	if (one->fd < 0 || residency_of_fd(gather->reader, one->fd, gather->extents, &r))
		take_listed(&r, one);
	if (one->fd >= 0)
		name = name_of(one->fd, !r.links, path, sizeof(path));
	else if (!one->ino)
		name = name_of_device(one, path, sizeof(path));
	go_on = gather_add(gather, name ? name : "", false, &r);
	if (gather->pages->count == before)
		return go_on;
	file = &gather->pages->files[before];
	snprintf(file->type, sizeof(file->type), "%s", one->type);
	if (!name) {
		free(file->path);
		file->path = NULL;
	}
	return go_on;
}

int gather_top(struct gather *gather, size_t count, char *why, size_t why_size)
{
	struct listed_inodes inodes;
	int error = inodes_read(&inodes, count, why, why_size);

	if (error)
		return error;
	gather->pages->is_top = true;
	gather->pages->listed_inodes = inodes.inodes;
	gather->pages->listed_pages = inodes.pages;
	gather->pages->left_out_inodes = inodes.left_out;
	inodes_reach(&inodes);
	for (size_t i = 0; i < inodes.count; i++)
		if (!add_listed(gather, &inodes.list[i]))
			break;
	inodes_release(&inodes);
	return 0;
}
