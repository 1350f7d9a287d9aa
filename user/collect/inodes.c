// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/residency.h"
#include "collect/inodes.h"
#include "util/cleanup.h"
#include "util/memory.h"

#define INODES_PATH "/proc/copyscope/inodes"

static const char header[] = "# copyscope/inodes/1 device inode generation size resident dirty "
			     "writeback evicted links opens type";

static int most_pages_first(const void *one, const void *other)
{
	const struct listed_inode *a = one, *b = other;

	if (a->resident != b->resident)
		return a->resident > b->resident ? -1 : 1;
	return (a->ino > b->ino) - (a->ino < b->ino);
}

/* The next number of a line; columns are separated by one blank or a colon. */
static uint64_t number(char **at)
{
	uint64_t value = strtoull(*at, at, 10);

	if (**at)
		(*at)++;
	return value;
}

static bool parse(char *line, struct listed_inode *ret)
{
	char *at = line;

	*ret = (struct listed_inode){ .fd = -1 };
	ret->major = number(&at);
	ret->minor = number(&at);
	ret->ino = number(&at);
	ret->generation = number(&at);
	ret->size_bytes = number(&at);
	ret->resident = number(&at);
	ret->dirty = number(&at);
	ret->writeback = number(&at);
	ret->evicted = number(&at);
	ret->links = number(&at);
	number(&at); /* opens */
	snprintf(ret->type, sizeof(ret->type), "%.*s", (int)strcspn(at, " \n"), at);
	return ret->type[0];
}

/* Keeps the largest; sorting out now and then costs less than a heap's code. */
static void keep(struct listed_inodes *inodes, const struct listed_inode *one, size_t count)
{
	if (inodes->count >= 2 * count + 1024) {
		qsort(inodes->list, inodes->count, sizeof(*inodes->list), most_pages_first);
		inodes->count = count;
	}
	inodes->list =
		grow(inodes->list, &inodes->capacity, inodes->count + 1, sizeof(*inodes->list));
	inodes->list[inodes->count++] = *one;
}

static int read_all(struct listed_inodes *inodes, FILE *listing, size_t count)
{
	_cleanup_free_ char *line = NULL;
	unsigned long long left_out;
	struct listed_inode one;
	size_t size = 0;

	if (getline(&line, &size, listing) <= 0)
		return ferror(listing) ? -errno : -EPROTO;
	if (strncmp(line, header, strlen(header)))
		return -EPROTO;
	while (getline(&line, &size, listing) > 0) {
		if (sscanf(line, "# left out %llu inodes", &left_out) == 1) {
			inodes->left_out = left_out;
			continue;
		}
		if (line[0] == '#')
			continue;
		if (!parse(line, &one))
			return -EPROTO;
		inodes->inodes++;
		inodes->pages += one.resident;
		keep(inodes, &one, count);
	}
	if (ferror(listing))
		return -errno;
	qsort(inodes->list, inodes->count, sizeof(*inodes->list), most_pages_first);
	if (inodes->count > count)
		inodes->count = count;
	return 0;
}

/* Refuses the kernel modules that it has no trusted signature of? "[none] integrity ...". */
static bool is_locked_down(void)
{
	_cleanup_fclose_ FILE *file = fopen("/sys/kernel/security/lockdown", "re");
	char line[100];

	return file && fgets(line, sizeof(line), file) && !strstr(line, "[none]");
}

static void explain(int error, char *why, size_t why_size)
{
	switch (error) {
	case -ENOENT:
		if (is_locked_down()) {
			snprintf(why, why_size,
				 "--top needs the kernel module, which is not loaded: this kernel "
				 "is "
				 "under lockdown and takes it only if it is signed, see "
				 "INSTALLATION "
				 "in copyscope(4)");
			break;
		}
		snprintf(why, why_size,
			 "--top needs the kernel module, which is not loaded: modprobe copyscope "
			 "(\"make module-install\" installs it)");
		break;
	case -EACCES:
	case -EPERM:
		snprintf(why, why_size,
			 "--top shows the files of all users, for which CAP_SYS_ADMIN is needed: "
			 "run it as root, outside of a container");
		break;
	case -EPROTO:
		snprintf(why, why_size,
			 "the loaded module is of another version: load the one of this copyscope");
		break;
	default:
		snprintf(why, why_size, "cannot read %s: %s", INODES_PATH, strerror(-error));
	}
}

int inodes_read(struct listed_inodes *inodes, size_t count, char *why, size_t why_size)
{
	_cleanup_fclose_ FILE *listing = fopen(INODES_PATH, "re");
	int error = listing ? 0 : -errno;

	*inodes = (struct listed_inodes){ 0 };
	if (listing) {
		setvbuf(listing, NULL, _IOFBF, 1 << 16);
		error = read_all(inodes, listing, count);
	}
	if (!error)
		return 0;
	inodes_release(inodes);
	explain(error, why, why_size);
	return error;
}

void inodes_release(struct listed_inodes *inodes)
{
	for (size_t i = 0; i < inodes->count; i++)
		if (inodes->list[i].fd >= 0)
			close(inodes->list[i].fd);
	free(inodes->list);
	*inodes = (struct listed_inodes){ 0 };
}
