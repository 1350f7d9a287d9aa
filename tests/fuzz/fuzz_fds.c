// SPDX-License-Identifier: MIT
/* Descriptors whose identities fit together or not, with any names. */
#include <stdlib.h>
#include <string.h>

#include "render/fds.h"
#include "tests/fuzz/input.h"

enum { PROCESSES_MAX = 6, INODES_MAX = 16, FDS_MAX = 24, OTHERS_MAX = 16 };

static void make_inode(struct input *input, struct fds *fds)
{
	uint32_t at = fds_add_inode(fds, input_byte(input) % FDS_KIND_MAX);
	struct fds_inode *inode = &fds->inodes[at];
	uint8_t flags = input_byte(input);

	inode->path = input_text(input);
	inode->deleted = flags & 1;
	inode->dev_major = input_byte(input);
	inode->ino = input_number(input);
	inode->rdev_major = input_byte(input);
	inode->only_peer = flags & 2;
	if (flags & 4)
		inode->socket = (struct fds_socket){
			.protocol = input_text(input),
			.state = input_byte(input) & 1 ? "established" : NULL,
			.local = input_byte(input) & 1 ? "[::]:80" : NULL,
			.peer = input_byte(input) & 1 ? "10.0.0.2:1" : NULL,
			.name = input_text(input),
		};
	if (flags & 8 && inode->kind == FDS_FILE) {
		inode->residency.source = input_byte(input) % RESIDENCY_BY_NONE;
		inode->residency.size_bytes = input_number(input);
		inode->residency.resident_bytes = input_number(input);
		inode->residency.dirty_bytes = input_number(input);
		inode->residency.mapped_bytes = input_number(input);
	}
}

static void make_fd(struct input *input, struct fds *fds, uint32_t process)
{
	uint32_t inode = input_byte(input) % fds->nr_inodes;
	uint32_t at = fds_add_fd(fds, process, inode, input_byte(input));
	struct fds_fd *fd = &fds->fds[at];
	uint8_t flags = input_byte(input);

	fd->path = input_text(input);
	fd->offset = flags & 1 ? input_number(input) : FDS_UNKNOWN;
	fd->flags = input_u32(input);
	fd->has_flags = flags & 2;
	fd->cloexec = flags & 4;
	fd->identity = input_byte(input) % 8;
}

static void make_mapping(struct input *input, struct fds *fds, uint32_t process)
{
	uint32_t at = fds_add_mapping(fds, process, input_byte(input) % fds->nr_inodes);
	struct fds_mapping *m = &fds->mappings[at];

	m->start = input_number(input);
	m->bytes = input_number(input);
	memcpy(m->access, input_byte(input) & 1 ? "rw-s" : "r-xp", sizeof(m->access));
}

static void make_process(struct input *input, struct fds *fds)
{
	uint32_t process = fds_add_process(fds, input_byte(input));
	unsigned int count = input_byte(input) % FDS_MAX;

	fds->processes[process].comm = input_some_text(input);
	if (!(input_byte(input) % 8))
		fds->processes[process].why = "it ended";
	while (count--)
		make_fd(input, fds, process);
	count = input_byte(input) % 8;
	while (count--)
		make_mapping(input, fds, process);
}

static void make_other(struct input *input, struct fds *fds)
{
	uint32_t at = fds_add_other(fds, input_byte(input), input_byte(input) % fds->nr_inodes,
				    input_byte(input));
	struct fds_other *other = &fds->others[at];

	other->comm = input_some_text(input);
	other->access = input_byte(input) & 3;
	other->identity = input_byte(input) % 8;
}

static void render(const struct fds_renderer *renderer, const struct fds *fds,
		   const struct render_options *options)
{
	struct output output;

	output_begin(&output);
	if (renderer->render(fds, options, output.file))
		abort();
	output_end(&output, renderer == &fds_text ? options : NULL);
}

void fuzz_fds(struct input *input)
{
	struct render_options options = input_options(input);
	struct fds fds = { .identity = input_byte(input) % (FDS_BY_NOBODY + 1) };
	unsigned int inodes = 1 + input_byte(input) % INODES_MAX;
	unsigned int processes = input_byte(input) % PROCESSES_MAX;
	unsigned int others = input_byte(input) % OTHERS_MAX;

	while (inodes--)
		make_inode(input, &fds);
	for (uint32_t i = 0; i < fds.nr_inodes; i++)
		fds.inodes[i].peer = input_byte(input) % 2 ? FDS_NONE :
							     input_byte(input) % fds.nr_inodes;
	while (processes--)
		make_process(input, &fds);
	while (others--)
		make_other(input, &fds);
	fds.unseen_processes = input_byte(input);
	fds.peers_unknown = input_byte(input) & 1;
	fds_finish(&fds, input_byte(input) % (RESIDENCY_BY_NONE + 1));
	render(&fds_text, &fds, &options);
	render(&fds_json, &fds, &options);
	fds_release(&fds);
}
