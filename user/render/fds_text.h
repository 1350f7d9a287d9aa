/* SPDX-License-Identifier: MIT */
/* The parts of the text renderer of descriptors. */
#ifndef RENDER_FDS_TEXT_H
#define RENDER_FDS_TEXT_H

#include "render/fds.h"
#include "render/text.h"

/* A number of bytes; blanks of it stay. */
void add_size(struct strbuf *out, uint64_t bytes);
/* "nginx[812]" */
void add_program(struct strbuf *out, const struct canvas *canvas, const char *comm, pid_t pid);
/* What the inode is called. */
void add_inode_name(struct strbuf *out, const struct canvas *canvas, const struct fds_inode *inode);

/* One inode and all that leads to it. */
void draw_inode(struct canvas *canvas, const struct fds *fds, const struct fds_inode *inode);

#endif
