// SPDX-License-Identifier: MIT
/* Mappings of a process, by /proc/PID/maps and the links of map_files. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "collect/fds_private.h"
#include "util/maps.h"

static bool same_ino(int own, const struct maps_line *line, struct stat *ret)
{
	return own >= 0 && !fstat(own, ret) && ret->st_ino == line->ino;
}

/*
 * An fd of the mapped inode: by its link, which only some users may follow;
 * else by name, if that leads there and not to another file by now.
 */
static int open_mapped(int folder, const struct maps_line *line, struct stat *ret)
{
	char name[64];
	int own;

	snprintf(name, sizeof(name), "map_files/%llx-%llx", line->start, line->end);
	own = openat(folder, name, O_PATH | O_CLOEXEC);
	if (own >= 0 && !fstat(own, ret))
		return own;
	if (own >= 0)
		close(own);
	own = *line->path == '/' ? open(line->path, O_PATH | O_CLOEXEC) : -1;
	if (same_ino(own, line, ret))
		return own;
	if (own >= 0)
		close(own);
	/* As the kernel has it, which is what stat(2) says but for btrfs and overlays. */
	*ret = (struct stat){
		.st_mode = S_IFREG,
		.st_dev = makedev(line->major, line->minor),
		.st_ino = line->ino,
		.st_nlink = 1,
	};
	return -1;
}

static void add(struct fds_work *work, uint32_t process, const struct maps_line *line)
{
	struct stat st;
	_cleanup_close_ int own = open_mapped(work->folders[process], line, &st);
	struct fds_mapping *mapping;
	struct fds_inode *inode;
	uint32_t index, at;
	bool is_new;

	index = inode_get(work, &st, line->path, &is_new);
	inode = &work->fds->inodes[index];
	if (is_new && inode->kind == FDS_FILE && own >= 0)
		residency_of_fd(work->collector->reader, own, false, &inode->residency);
	else if (is_new && inode->kind == FDS_FILE)
		inode->residency.why = "mapped, and no name leads to it: root can look at it";
	at = fds_add_mapping(work->fds, process, index);
	mapping = &work->fds->mappings[at];
	mapping->start = line->start;
	mapping->bytes = line->end - line->start;
	mapping->offset = line->offset;
	memcpy(mapping->access, line->access, sizeof(mapping->access));
}

int mappings_read(struct fds_work *work, uint32_t process)
{
	int fd = openat(work->folders[process], "maps", O_RDONLY | O_CLOEXEC);
	_cleanup_fclose_ FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");
	_cleanup_free_ char *text = NULL;
	struct maps_line line;
	size_t size = 0;

	if (fd < 0)
		return -errno;
	while (maps && getline(&text, &size, maps) > 0)
		if (maps_parse(text, &line))
			add(work, process, &line);
	return 0;
}
