// SPDX-License-Identifier: MIT
#include "model/fds.h"

#include <stdlib.h>
#include <string.h>

#define ADD(fds, list, nr, room)                                                             \
	((fds)->list = grow((fds)->list, &(fds)->room, (fds)->nr + 1, sizeof(*(fds)->list)), \
	 (fds)->nr++)

uint32_t fds_add_process(struct fds *fds, pid_t pid)
{
	uint32_t at = ADD(fds, processes, nr_processes, process_room);

	fds->processes[at] = (struct fds_process){
		.pid = pid,
		.first_fd = fds->nr_fds,
		.first_mapping = fds->nr_mappings,
	};
	return at;
}

uint32_t fds_add_inode(struct fds *fds, enum fds_kind kind)
{
	uint32_t at = ADD(fds, inodes, nr_inodes, inode_room);

	fds->inodes[at] = (struct fds_inode){ .kind = kind, .peer = FDS_NONE };
	residency_init(&fds->inodes[at].residency);
	return at;
}

uint32_t fds_add_fd(struct fds *fds, uint32_t process, uint32_t inode, int fd)
{
	uint32_t at = ADD(fds, fds, nr_fds, fd_room);

	fds->fds[at] = (struct fds_fd){
		.process = process,
		.inode = inode,
		.fd = fd,
		.offset = FDS_UNKNOWN,
	};
	fds->processes[process].nr_fds++;
	return at;
}

uint32_t fds_add_mapping(struct fds *fds, uint32_t process, uint32_t inode)
{
	uint32_t at = ADD(fds, mappings, nr_mappings, mapping_room);

	fds->mappings[at] = (struct fds_mapping){ .process = process, .inode = inode };
	fds->processes[process].nr_mappings++;
	return at;
}

uint32_t fds_add_other(struct fds *fds, pid_t pid, uint32_t inode, int fd)
{
	uint32_t at = ADD(fds, others, nr_others, other_room);

	fds->others[at] = (struct fds_other){
		.pid = pid,
		.fd = fd,
		.inode = inode,
		.description = FDS_NONE,
	};
	return at;
}

void fds_release(struct fds *fds)
{
	for (uint32_t i = 0; i < fds->nr_inodes; i++)
		residency_release(&fds->inodes[i].residency);
	free(fds->processes);
	free(fds->fds);
	free(fds->inodes);
	free(fds->mappings);
	free(fds->others);
	free(fds->descriptions);
	free(fds->fds_by_inode);
	free(fds->mappings_by_inode);
	arena_free(&fds->arena);
	*fds = (struct fds){ 0 };
}

/*
 * An identity and who has it first.  A description has one inode: where a process
 * closed and opened descriptors while they were looked at, one identity may have been
 * seen with two, and what is known of both is that they are two.
 */
struct known {
	uint64_t identity;
	uint32_t inode, at;
};

static int by_identity(const void *one, const void *other)
{
	const struct known *a = one, *b = other;

	if (a->identity != b->identity)
		return a->identity < b->identity ? -1 : 1;
	if (a->inode != b->inode)
		return a->inode < b->inode ? -1 : 1;
	return (a->at > b->at) - (a->at < b->at);
}

/* What is known of a description is what its descriptors say: the first of them. */
static uint32_t new_description(struct fds *fds, uint32_t fd, uint32_t id)
{
	fds->descriptions[fds->nr_descriptions] = (struct fds_description){
		.id = id,
		.first_fd = fd,
	};
	fds->inodes[fds->fds[fd].inode].nr_descriptions++;
	return fds->nr_descriptions++;
}

/* Descriptors are in the order of processes, so a change of it is a new one. */
static void count_fd(struct fds *fds, uint32_t description, uint32_t fd, uint32_t *last_process)
{
	struct fds_description *d = &fds->descriptions[description];

	fds->fds[fd].description = description;
	d->nr_fds++;
	if (last_process[description] != fds->fds[fd].process)
		d->nr_processes++;
	last_process[description] = fds->fds[fd].process;
}

static const struct known *first_of(const struct known *known, uint32_t count, uint64_t identity,
				    uint32_t inode)
{
	const struct known key = { identity, inode, 0 };
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (by_identity(&known[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == count || known[low].identity != identity || known[low].inode != inode)
		return NULL;
	return &known[low];
}

static void make_descriptions(struct fds *fds)
{
	struct known *known = zalloc(fds->nr_fds, sizeof(*known));
	uint32_t *last_process = zalloc(fds->nr_fds, sizeof(*last_process)), id = 0;

	fds->descriptions = zalloc(fds->nr_fds, sizeof(*fds->descriptions));
	memset(last_process, 0xff, fds->nr_fds * sizeof(*last_process));
	for (uint32_t i = 0; i < fds->nr_fds; i++)
		known[i] = (struct known){ fds->fds[i].identity, fds->fds[i].inode, i };
	qsort(known, fds->nr_fds, sizeof(*known), by_identity);
	for (uint32_t i = 0; i < fds->nr_fds; i++) {
		const uint64_t identity = fds->fds[i].identity;
		uint32_t first = i;

		if (identity)
			first = first_of(known, fds->nr_fds, identity, fds->fds[i].inode)->at;

		count_fd(fds,
			 first == i ? new_description(fds, i, identity ? ++id : 0) :
				      fds->fds[first].description,
			 i, last_process);
	}
	for (uint32_t i = 0; i < fds->nr_others; i++) {
		const struct fds_other *other = &fds->others[i];
		const struct known *first =
			first_of(known, fds->nr_fds, other->identity, other->inode);

		if (!other->identity || !first)
			continue;
		fds->others[i].description = fds->fds[first->at].description;
		fds->descriptions[fds->others[i].description].nr_others++;
	}
	free(known);
	free(last_process);
}

static int others_by_inode(const void *one, const void *other)
{
	const struct fds_other *a = one, *b = other;

	if (a->inode != b->inode)
		return a->inode < b->inode ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->fd > b->fd) - (a->fd < b->fd);
}

struct place {
	uint32_t inode, description, fd;
};

static int by_place(const void *one, const void *other)
{
	const struct place *a = one, *b = other;

	if (a->inode != b->inode)
		return a->inode < b->inode ? -1 : 1;
	if (a->description != b->description)
		return a->description < b->description ? -1 : 1;
	return (a->fd > b->fd) - (a->fd < b->fd);
}

static void sort_fds(struct fds *fds)
{
	struct place *places = zalloc(fds->nr_fds, sizeof(*places));

	fds->fds_by_inode = zalloc(fds->nr_fds, sizeof(uint32_t));
	for (uint32_t i = 0; i < fds->nr_fds; i++)
		places[i] = (struct place){ fds->fds[i].inode, fds->fds[i].description, i };
	qsort(places, fds->nr_fds, sizeof(*places), by_place);
	for (uint32_t i = 0; i < fds->nr_fds; i++) {
		fds->fds_by_inode[i] = places[i].fd;
		if (fds->descriptions[places[i].description].first_fd == places[i].fd)
			fds->descriptions[places[i].description].first = i;
	}
	free(places);
}

/* Who holds what; of mappings by counting sort: the order within an inode stays. */
static void index_inodes(struct fds *fds)
{
	uint32_t fd = 0, mapping = 0, other = 0, nr = 0;

	sort_fds(fds);
	fds->mappings_by_inode = zalloc(fds->nr_mappings, sizeof(uint32_t));
	if (fds->nr_others)
		qsort(fds->others, fds->nr_others, sizeof(*fds->others), others_by_inode);
	for (uint32_t i = 0; i < fds->nr_fds; i++)
		fds->inodes[fds->fds[i].inode].nr_fds++;
	for (uint32_t i = 0; i < fds->nr_mappings; i++)
		fds->inodes[fds->mappings[i].inode].nr_mappings++;
	for (uint32_t i = 0; i < fds->nr_others; i++)
		fds->inodes[fds->others[i].inode].nr_others++;
	for (uint32_t i = 0; i < fds->nr_inodes; i++) {
		struct fds_inode *inode = &fds->inodes[i];

		inode->nr = inode->nr_fds || inode->nr_mappings ? ++nr : 0;
		inode->first_fd = fd;
		inode->first_mapping = mapping;
		inode->first_other = other;
		fd += inode->nr_fds;
		mapping += inode->nr_mappings;
		other += inode->nr_others;
		inode->nr_mappings = 0;
	}
	for (uint32_t i = 0; i < fds->nr_mappings; i++) {
		struct fds_inode *inode = &fds->inodes[fds->mappings[i].inode];

		fds->mappings_by_inode[inode->first_mapping + inode->nr_mappings++] = i;
	}
}

static void sum_up(struct fds *fds, enum residency_source first)
{
	bool answered = false;

	fds->source = RESIDENCY_BY_MODULE;
	fds->resident_bytes = 0;
	for (uint32_t i = 0; i < fds->nr_inodes; i++) {
		const struct residency *r = &fds->inodes[i].residency;

		if (fds->inodes[i].kind != FDS_FILE)
			continue;
		if (r->resident_bytes == RESIDENCY_UNKNOWN)
			fds->resident_bytes = FDS_UNKNOWN;
		else if (fds->resident_bytes != FDS_UNKNOWN)
			fds->resident_bytes += r->resident_bytes;
		if (r->source == RESIDENCY_BY_NONE)
			continue;
		answered = true;
		if (r->source > fds->source)
			fds->source = r->source;
	}
	if (!answered)
		fds->source = first;
}

void fds_finish(struct fds *fds, enum residency_source first)
{
	make_descriptions(fds);
	index_inodes(fds);
	sum_up(fds, first);
}

bool fds_saw_all(const struct fds *fds)
{
	return fds->identity != FDS_BY_NOBODY && !fds->unseen_processes && !fds->hidden;
}
