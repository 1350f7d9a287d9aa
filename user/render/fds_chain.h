/* SPDX-License-Identifier: MIT */
/*
 * The chain of one inode: descriptors on the left, their open file
 * descriptions beside them, and on the right what all of them meet in.
 *
 *	nginx[812] fd 5 ─┬─▶ #1 read, at 4 096 ─┬─▶ inode 254:1:12
 *	nginx[813] fd 5 ─┘                      │   └─▶ page cache 512 MiB
 *	cat[900] fd 3 ─────▶ #2 read, at 0 ─────┘
 */
#ifndef RENDER_FDS_CHAIN_H
#define RENDER_FDS_CHAIN_H

#include "render/fds.h"
#include "render/text.h"

/* A line on the left.  All texts are printable. */
struct chain_row {
	char *left;
	char *middle; /* of the first row of a group; NULL: the line goes straight on */
	bool joins; /* another row's group; else it begins one, or goes straight on */
};

struct chain_end {
	char *text;
	bool warn;
};

struct chain {
	struct chain_row *rows;
	size_t nr_rows, row_room;
	struct chain_end *ends; /* lines on the right */
	size_t nr_ends, end_room;
	struct arena arena; /* of all texts */
};

/* @middle may be NULL. */
void chain_add(struct chain *chain, const char *left, const char *middle, bool joins);
void chain_end(struct chain *chain, const char *text, bool warn);
/* Draws it side by side if there is room, else one part below the other. */
void chain_draw(struct canvas *canvas, const struct chain *chain);
void chain_release(struct chain *chain);

#endif
