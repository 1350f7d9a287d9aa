// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <string.h>

#include "render/fds_chain.h"
#include "render/fds_text.h"
#include "util/humanise.h"
#include "util/utf8.h"

/* Of what leads to one inode; -v shows all. */
#define DESCRIPTIONS_SHOWN 8
#define HOLDERS_SHOWN 6
#define NAME_WIDTH 24 /* of a program, with its escapes */

void add_size(struct strbuf *out, uint64_t bytes)
{
	if (bytes == FDS_UNKNOWN)
		strbuf_puts(out, "?");
	else
		humanise_bytes(out, bytes);
}

void add_program(struct strbuf *out, const struct canvas *canvas, const char *comm, pid_t pid)
{
	_cleanup_strbuf_ struct strbuf name = { 0 }, shown = { 0 };

	escape_terminal(&name, comm, strlen(comm), canvas->options->utf8);
	shorten_middle(&shown, strbuf_text(&name), NAME_WIDTH, canvas->options->utf8);
	strbuf_printf(out, "%s[%d]", strbuf_text(&shown), pid);
}

void add_inode_name(struct strbuf *out, const struct canvas *canvas, const struct fds_inode *inode)
{
	const char *name = inode->kind == FDS_UNIX ? inode->socket.name : inode->path;

	if (inode->socket.local || inode->socket.peer) {
		strbuf_printf(out, "%s %s", fds_kind_word(inode->kind),
			      inode->socket.local ? inode->socket.local : "?");
		if (inode->socket.peer)
			strbuf_printf(out, "%s%s", canvas->glyphs->arrow, inode->socket.peer);
	} else if (inode->kind == FDS_UNIX || inode->kind == FDS_TCP || inode->kind == FDS_UDP) {
		strbuf_puts(out, fds_kind_word(inode->kind));
		if (name)
			strbuf_putc(out, ' ');
		else
			strbuf_printf(out, ":%llu", (unsigned long long)inode->ino);
	} else if (inode->kind == FDS_PIPE && !name) {
		strbuf_printf(out, "pipe:%llu", (unsigned long long)inode->ino);
	} else if (!name) {
		strbuf_printf(out, "socket:%llu", (unsigned long long)inode->ino);
	}
	if (name)
		escape_terminal(out, name, strlen(name), canvas->options->utf8);
}

static void draw_title(struct canvas *canvas, const struct fds_inode *inode)
{
	static const char deleted[] = " (deleted)";
	_cleanup_strbuf_ struct strbuf name = { 0 }, shown = { 0 };
	size_t room = canvas->width - (inode->deleted ? strlen(deleted) : 0);

	add_inode_name(&name, canvas, inode);
	shorten_middle(&shown, strbuf_text(&name), room, canvas->options->utf8);
	add_coloured(canvas, COLOUR_NAME, strbuf_text(&shown));
	strbuf_printf(&canvas->out, "%s\n", inode->deleted ? deleted : "");
}

static void add_lower(struct strbuf *out, uint32_t flags)
{
	_cleanup_strbuf_ struct strbuf words = { 0 };

	fds_add_flags(&words, flags, "", ", ");
	for (size_t i = 0; i < words.length; i++)
		if (words.text[i] >= 'A' && words.text[i] <= 'Z')
			words.text[i] += 'a' - 'A';
	strbuf_puts(out, strbuf_text(&words));
}

static void add_description(struct strbuf *out, const struct fds_fd *fd, uint32_t id)
{
	static const char *const modes[] = { "read", "write", "read-write", "ioctl" };

	if (id)
		strbuf_printf(out, "#%u", id);
	else
		strbuf_puts(out, "#?");
	if (!fd->has_flags)
		return;
	if (fds_access_of(fd->flags) || (fd->flags & O_ACCMODE) == O_ACCMODE)
		strbuf_printf(out, " %s", modes[fd->flags & O_ACCMODE]);
	if (fd->offset != FDS_UNKNOWN) {
		strbuf_puts(out, " at ");
		humanise_count(out, fd->offset);
	}
	add_lower(out, fd->flags);
}

/* Rows of one description: of the processes asked for, then, in brackets, of others. */
struct rows {
	struct canvas *canvas;
	const struct fds *fds;
	const struct fds_inode *inode;
	struct chain *chain;
	size_t shown, left_out;
	const char *middle; /* until the first row is there */
};

static void add_row(struct rows *rows, const char *text)
{
	if (rows->shown >= HOLDERS_SHOWN && !rows->canvas->options->verbose) {
		rows->left_out++;
		return;
	}
	chain_add(rows->chain, text, rows->middle, !rows->middle);
	rows->middle = NULL;
	rows->shown++;
}

static void add_given(struct rows *rows, const struct fds_description *d)
{
	const struct fds *fds = rows->fds;

	for (uint32_t i = 0; i < d->nr_fds; i++) {
		const struct fds_fd *fd = &fds->fds[fds->fds_by_inode[d->first + i]];
		const struct fds_process *process = &fds->processes[fd->process];
		_cleanup_strbuf_ struct strbuf text = { 0 };

		add_program(&text, rows->canvas, process->comm, process->pid);
		strbuf_printf(&text, " fd %d", fd->fd);
		add_row(rows, text.text);
	}
}

static void add_others(struct rows *rows, uint32_t description)
{
	for (uint32_t i = 0; i < rows->inode->nr_others; i++) {
		const struct fds_other *other = &rows->fds->others[rows->inode->first_other + i];
		_cleanup_strbuf_ struct strbuf text = { 0 };

		if (other->description != description)
			continue;
		strbuf_putc(&text, '(');
		add_program(&text, rows->canvas, other->comm, other->pid);
		strbuf_printf(&text, " fd %d)", other->fd);
		add_row(rows, text.text);
	}
}

static void add_group(struct canvas *canvas, const struct fds *fds, const struct fds_inode *inode,
		      struct chain *chain, uint32_t description)
{
	const struct fds_description *d = &fds->descriptions[description];
	_cleanup_strbuf_ struct strbuf middle = { 0 };
	struct rows rows = { canvas, fds, inode, chain, 0, 0, NULL };

	add_description(&middle, &fds->fds[d->first_fd], d->id);
	rows.middle = middle.text;
	add_given(&rows, d);
	if (d->nr_others)
		add_others(&rows, description);
	if (rows.left_out) {
		_cleanup_strbuf_ struct strbuf text = { 0 };

		strbuf_printf(&text, "%s and %zu more", canvas->glyphs->ellipsis, rows.left_out);
		chain_add(chain, text.text, NULL, true);
	}
}

static void add_groups(struct canvas *canvas, const struct fds *fds, const struct fds_inode *inode,
		       struct chain *chain)
{
	size_t shown = 0, left_out = 0;

	for (uint32_t i = 0; i < inode->nr_fds;) {
		uint32_t fd = fds->fds_by_inode[inode->first_fd + i];
		uint32_t description = fds->fds[fd].description;

		if (shown < DESCRIPTIONS_SHOWN || canvas->options->verbose) {
			add_group(canvas, fds, inode, chain, description);
			shown++;
		} else {
			left_out++;
		}
		i += fds->descriptions[description].nr_fds;
	}
	if (left_out) {
		_cleanup_strbuf_ struct strbuf text = { 0 };

		strbuf_printf(&text, "%s and %zu more", canvas->glyphs->ellipsis, left_out);
		chain_add(chain, text.text, NULL, false);
	}
}

/* All mappings of a process in one row: how much, and by which rights. */
static void add_mappings(struct canvas *canvas, const struct fds *fds,
			 const struct fds_inode *inode, struct chain *chain)
{
	const uint32_t *list = fds->mappings_by_inode + inode->first_mapping;

	for (uint32_t i = 0; i < inode->nr_mappings;) {
		const struct fds_mapping *first = &fds->mappings[list[i]];
		const struct fds_process *process = &fds->processes[first->process];
		_cleanup_strbuf_ struct strbuf text = { 0 };
		char access[5] = "----";
		uint64_t bytes = 0;

		for (; i < inode->nr_mappings; i++) {
			const struct fds_mapping *m = &fds->mappings[list[i]];

			if (m->process != first->process)
				break;
			for (int bit = 0; bit < 4; bit++)
				if (m->access[bit] != '-' && access[bit] != 's')
					access[bit] = m->access[bit];
			bytes += m->bytes;
		}
		add_program(&text, canvas, process->comm, process->pid);
		strbuf_printf(&text, " map %s ", access);
		add_size(&text, bytes);
		chain_add(chain, text.text, NULL, false);
	}
}

struct part {
	uint64_t value;
	const char *word;
	bool pages, warn;
};

static const char *branch(const struct canvas *canvas)
{
	return canvas->options->utf8 ? "└─▶ " : "+-> ";
}

/* 100.0 % is all of it and 0.0 % nothing. */
static void add_share(struct chain *chain, const struct residency *r)
{
	uint64_t pages = r->size_bytes / RESIDENCY_PAGE + !!(r->size_bytes % RESIDENCY_PAGE);
	_cleanup_strbuf_ struct strbuf line = { 0 };
	double share;

	if (r->size_bytes == RESIDENCY_UNKNOWN || !pages)
		return;
	strbuf_puts(&line, "    ");
	if (r->resident_bytes != RESIDENCY_UNKNOWN) {
		share = 100.0 * (double)(r->resident_bytes / RESIDENCY_PAGE) / (double)pages;
		if (r->resident_bytes && share < 0.1)
			strbuf_puts(&line, "<0.1 % ");
		else if (share < 100 && share > 99.9)
			strbuf_puts(&line, ">99.9 % ");
		else
			strbuf_printf(&line, "%.1f %% ", share < 100 ? share : 100);
	}
	strbuf_puts(&line, "of ");
	add_size(&line, r->size_bytes);
	chain_end(chain, line.text, false);
}

static void add_page_cache(struct canvas *canvas, const struct residency *r, struct chain *chain)
{
	const struct part parts[] = {
		{ r->dirty_bytes, "dirty", false, true },
		{ r->writeback_bytes, "writeback", false, true },
		{ r->mapped_bytes, "mapped", false, false },
		{ r->evicted_pages, r->evicted_to_swap ? "in swap" : "evicted", true, false },
	};
	_cleanup_strbuf_ struct strbuf line = { 0 };

	if (r->source == RESIDENCY_BY_NONE) {
		strbuf_printf(&line, "%spage cache: unknown", branch(canvas));
		chain_end(chain, line.text, true);
		return;
	}
	strbuf_printf(&line, "%spage cache ", branch(canvas));
	if (r->resident_bytes == RESIDENCY_UNKNOWN)
		strbuf_puts(&line, "unknown");
	else
		add_size(&line, r->resident_bytes);
	chain_end(chain, line.text, false);
	add_share(chain, r);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		_cleanup_strbuf_ struct strbuf part = { 0 };

		if (parts[i].value == RESIDENCY_UNKNOWN ||
		    (!parts[i].value && !canvas->options->verbose))
			continue;
		strbuf_puts(&part, "    ");
		if (parts[i].pages)
			strbuf_printf(&part, "%llu page%s", (unsigned long long)parts[i].value,
				      parts[i].value == 1 ? "" : "s");
		else
			add_size(&part, parts[i].value);
		strbuf_printf(&part, " %s", parts[i].word);
		chain_end(chain, part.text, parts[i].warn && parts[i].value);
	}
}

static void add_holder(struct canvas *canvas, struct chain *chain, size_t *shown, const char *what,
		       const char *comm, pid_t pid, int fd)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };

	if (++*shown > HOLDERS_SHOWN && !canvas->options->verbose)
		return;
	strbuf_printf(&line, "%s%s ", *shown == 1 ? branch(canvas) : "    ", what);
	add_program(&line, canvas, comm, pid);
	strbuf_printf(&line, " fd %d", fd);
	chain_end(chain, line.text, false);
}

static void add_more_holders(struct canvas *canvas, struct chain *chain, size_t shown)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };

	if (shown <= HOLDERS_SHOWN || canvas->options->verbose)
		return;
	strbuf_printf(&line, "    %s and %zu more", canvas->glyphs->ellipsis,
		      shown - HOLDERS_SHOWN);
	chain_end(chain, line.text, false);
}

/* The other socket, and who has it. */
static void add_peer(struct canvas *canvas, const struct fds *fds, const struct fds_inode *inode,
		     struct chain *chain)
{
	const struct fds_inode *peer = &fds->inodes[inode->peer];
	size_t shown = 0;

	for (uint32_t i = 0; i < peer->nr_fds; i++) {
		const struct fds_fd *fd = &fds->fds[fds->fds_by_inode[peer->first_fd + i]];
		const struct fds_process *process = &fds->processes[fd->process];

		add_holder(canvas, chain, &shown, "peer", process->comm, process->pid, fd->fd);
	}
	for (uint32_t i = 0; i < peer->nr_others; i++) {
		const struct fds_other *other = &fds->others[peer->first_other + i];

		add_holder(canvas, chain, &shown, "peer", other->comm, other->pid, other->fd);
	}
	add_more_holders(canvas, chain, shown);
	if (!shown) {
		_cleanup_strbuf_ struct strbuf line = { 0 };

		strbuf_printf(&line, "%speer ", branch(canvas));
		add_inode_name(&line, canvas, peer);
		chain_end(chain, line.text, false);
	}
}

/* Who has an end of the pipe and is not drawn on the left. */
static void add_pipe_ends(struct canvas *canvas, const struct fds *fds,
			  const struct fds_inode *inode, struct chain *chain)
{
	static const char *const words[] = { "held by", "read by", "written by", "both ends" };
	size_t shown = 0;

	for (uint32_t i = 0; i < inode->nr_others; i++) {
		const struct fds_other *other = &fds->others[inode->first_other + i];

		if (other->description == FDS_NONE)
			add_holder(canvas, chain, &shown, words[other->access], other->comm,
				   other->pid, other->fd);
	}
	add_more_holders(canvas, chain, shown);
}

/* The kernel has one for everything that is no file: eventfd, epoll, ... */
static bool is_anonymous(const struct fds_inode *inode)
{
	static const char prefix[] = "anon_inode:";

	return inode->kind == FDS_OTHER && inode->path &&
	       !strncmp(inode->path, prefix, strlen(prefix));
}

static void add_ends(struct canvas *canvas, const struct fds *fds, const struct fds_inode *inode,
		     struct chain *chain)
{
	const struct fds_socket *s = &inode->socket;
	_cleanup_strbuf_ struct strbuf line = { 0 };

	if (inode->kind == FDS_DEVICE)
		strbuf_printf(&line, "device %u:%u", inode->rdev_major, inode->rdev_minor);
	else if (s->protocol)
		escape_terminal(&line, s->protocol, strlen(s->protocol), canvas->options->utf8);
	else if (is_anonymous(inode))
		strbuf_puts(&line, "anonymous inode");
	else if (inode->kind == FDS_OTHER || (inode->kind == FDS_PIPE && !inode->path))
		strbuf_puts(&line, fds_kind_word(inode->kind));
	else
		strbuf_printf(&line, "%s %u:%u:%llu",
			      inode->kind == FDS_FILE ? "inode" : fds_kind_word(inode->kind),
			      inode->dev_major, inode->dev_minor, (unsigned long long)inode->ino);
	if (s->state)
		strbuf_printf(&line, " %s", s->state);
	chain_end(chain, strbuf_text(&line), false);
	if (inode->kind == FDS_FILE)
		add_page_cache(canvas, &inode->residency, chain);
	else if (inode->kind == FDS_PIPE)
		add_pipe_ends(canvas, fds, inode, chain);
	else if (inode->peer != FDS_NONE)
		add_peer(canvas, fds, inode, chain);
}

void draw_inode(struct canvas *canvas, const struct fds *fds, const struct fds_inode *inode)
{
	struct chain chain = { 0 };

	draw_title(canvas, inode);
	add_groups(canvas, fds, inode, &chain);
	add_mappings(canvas, fds, inode, &chain);
	add_ends(canvas, fds, inode, &chain);
	chain_draw(canvas, &chain);
	chain_release(&chain);
	if (inode->residency.source == RESIDENCY_BY_NONE && inode->residency.why) {
		_cleanup_strbuf_ struct strbuf line = { 0 };

		strbuf_printf(&line, "  unknown: %s", inode->residency.why);
		add_wrapped(canvas, line.text, 0, 4);
	}
}
