// SPDX-License-Identifier: MIT
/* docs/fds.schema.json describes what is written here. */
#include <fcntl.h>
#include <string.h>

#include "render/fds.h"
#include "util/json.h"

static const struct fds_renderer *const fds_renderers[] = { &fds_text, &fds_json };

const struct fds_renderer *fds_renderer_find(const char *name)
{
	for (size_t i = 0; i < sizeof(fds_renderers) / sizeof(fds_renderers[0]); i++)
		if (!strcmp(fds_renderers[i]->name, name))
			return fds_renderers[i];
	return NULL;
}

static void write_id(struct json *json, const char *key, const struct fds_description *d)
{
	if (d->id)
		json_number(json, key, d->id);
	else
		json_null(json, key);
}

/* Its words, the access mode first. */
static void write_flags(struct json *json, const struct fds_fd *fd)
{
	static const char *const modes[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };
	_cleanup_strbuf_ struct strbuf words = { 0 };
	char *rest, *word;

	if (!fd->has_flags) {
		json_null(json, "flags");
		return;
	}
	strbuf_puts(&words, modes[fd->flags & O_ACCMODE]);
	fds_add_flags(&words, fd->flags, "O_", " ");
	json_open(json, "flags", '[');
	for (word = strtok_r(words.text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		json_string(json, NULL, word);
	json_close(json, ']');
}

/* The descriptors that have it, in the order of processes. */
static const struct fds_fd *holder_of(const struct fds *fds, const struct fds_description *d,
				      uint32_t at)
{
	return &fds->fds[fds->fds_by_inode[d->first + at]];
}

static void write_description(struct json *json, const struct fds *fds, uint32_t index)
{
	const struct fds_description *d = &fds->descriptions[index];
	const struct fds_fd *first = &fds->fds[d->first_fd];
	uint32_t last = FDS_NONE;

	json_open(json, "description", '{');
	write_id(json, "id", d);
	json_known(json, "offset", first->offset);
	write_flags(json, first);
	json_known(json, "fds", d->id && fds_saw_all(fds) ? d->nr_fds + d->nr_others : FDS_UNKNOWN);
	json_open(json, "pids", '[');
	for (uint32_t i = 0; i < d->nr_fds; i++) {
		uint32_t process = holder_of(fds, d, i)->process;

		if (process != last)
			json_number(json, NULL, fds->processes[process].pid);
		last = process;
	}
	json_close(json, ']');
	json_close(json, '}');
}

static void write_place(struct json *json, const struct fds_inode *inode)
{
	json_number(json, "id", inode->nr);
	json_string(json, "kind", fds_kind_word(inode->kind));
	json_device(json, "dev", inode->dev_major, inode->dev_minor);
	json_number(json, "ino", inode->ino);
}

static void write_fd(struct json *json, const struct fds *fds, const struct fds_fd *fd)
{
	const struct fds_inode *inode = &fds->inodes[fd->inode];

	json_newline(json);
	json_open(json, NULL, '{');
	json_number(json, "fd", fd->fd);
	if (fd->has_flags)
		json_bool(json, "cloexec", fd->cloexec);
	else
		json_null(json, "cloexec");
	write_description(json, fds, fd->description);
	json_open(json, "inode", '{');
	write_place(json, inode);
	json_string(json, "path", fd->path);
	json_known(json, "resident_bytes", inode->residency.resident_bytes);
	json_known(json, "dirty_bytes", inode->residency.dirty_bytes);
	json_close(json, '}');
	json_close(json, '}');
}

static void write_mapping(struct json *json, const struct fds *fds, const struct fds_mapping *m)
{
	json_newline(json);
	json_open(json, NULL, '{');
	json_number(json, "inode", fds->inodes[m->inode].nr);
	json_string(json, "path", fds->inodes[m->inode].path);
	json_number(json, "start", m->start);
	json_number(json, "length", m->bytes);
	json_number(json, "offset", m->offset);
	json_string(json, "access", m->access);
	json_close(json, '}');
}

static void write_process(struct json *json, const struct fds *fds, const struct fds_process *p)
{
	json_newline(json);
	json_open(json, NULL, '{');
	json_number(json, "pid", p->pid);
	json_string(json, "comm", p->comm);
	if (p->why)
		json_string(json, "error", p->why);
	json_open(json, "fds", '[');
	for (uint32_t i = 0; i < p->nr_fds; i++)
		write_fd(json, fds, &fds->fds[p->first_fd + i]);
	json_close(json, ']');
	json_open(json, "mappings", '[');
	for (uint32_t i = 0; i < p->nr_mappings; i++)
		write_mapping(json, fds, &fds->mappings[p->first_mapping + i]);
	json_close(json, ']');
	json_close(json, '}');
}

static void write_holder(struct json *json, pid_t pid, const char *comm, int fd)
{
	json_open(json, NULL, '{');
	json_number(json, "pid", pid);
	json_string(json, "comm", comm);
	json_number(json, "fd", fd);
}

static const struct fds_process *process_of(const struct fds *fds, const struct fds_fd *fd)
{
	return &fds->processes[fd->process];
}

/* All descriptors that share it, those of other processes apart. */
static void write_shared(struct json *json, const struct fds *fds, uint32_t index)
{
	const struct fds_description *d = &fds->descriptions[index];
	const struct fds_inode *inode = &fds->inodes[fds->fds[d->first_fd].inode];

	json_newline(json);
	json_open(json, NULL, '{');
	write_id(json, "id", d);
	json_number(json, "inode", inode->nr);
	json_open(json, "holders", '[');
	for (uint32_t i = 0; i < d->nr_fds; i++) {
		const struct fds_fd *fd = holder_of(fds, d, i);

		write_holder(json, process_of(fds, fd)->pid, process_of(fds, fd)->comm, fd->fd);
		json_close(json, '}');
	}
	json_close(json, ']');
	json_open(json, "others", '[');
	for (uint32_t i = 0; d->nr_others && i < inode->nr_others; i++) {
		const struct fds_other *o = &fds->others[inode->first_other + i];

		if (o->description != index)
			continue;
		write_holder(json, o->pid, o->comm, o->fd);
		json_close(json, '}');
	}
	json_close(json, ']');
	json_close(json, '}');
}

static void write_end(struct json *json, unsigned int access)
{
	static const char *const words[] = { NULL, "read", "write", "both" };

	json_string(json, "end", words[access]);
	json_close(json, '}');
}

/* Whoever holds it: of a pipe with the end that is held. */
static void write_holders(struct json *json, const struct fds *fds, const struct fds_inode *inode)
{
	bool ends = inode->kind == FDS_PIPE;

	json_open(json, "holders", '[');
	for (uint32_t i = 0; i < inode->nr_fds; i++) {
		const struct fds_fd *fd = &fds->fds[fds->fds_by_inode[inode->first_fd + i]];

		write_holder(json, process_of(fds, fd)->pid, process_of(fds, fd)->comm, fd->fd);
		if (ends)
			write_end(json, fd->has_flags ? fds_access_of(fd->flags) : 0);
		else
			json_close(json, '}');
	}
	for (uint32_t i = 0; i < inode->nr_others; i++) {
		const struct fds_other *o = &fds->others[inode->first_other + i];

		write_holder(json, o->pid, o->comm, o->fd);
		if (ends)
			write_end(json, o->access);
		else
			json_close(json, '}');
	}
	json_close(json, ']');
}

static void write_socket(struct json *json, const struct fds *fds, const struct fds_inode *inode)
{
	const struct fds_socket *s = &inode->socket;

	json_open(json, "socket", '{');
	json_string(json, "protocol", s->protocol);
	json_string(json, "state", s->state);
	json_string(json, "local", s->local);
	json_string(json, "peer", s->peer);
	if (inode->kind == FDS_UNIX)
		json_string(json, "name", s->name);
	json_close(json, '}');
	if (inode->peer == FDS_NONE) {
		json_null(json, "peer");
		return;
	}
	json_open(json, "peer", '{');
	json_number(json, "ino", fds->inodes[inode->peer].ino);
	if (inode->kind == FDS_UNIX)
		json_string(json, "name", fds->inodes[inode->peer].socket.name);
	write_holders(json, fds, &fds->inodes[inode->peer]);
	json_close(json, '}');
}

static void write_residency(struct json *json, const struct residency *r)
{
	json_string(json, "source", residency_source_word(r->source));
	if (r->why)
		json_string(json, "error", r->why);
	json_known(json, "size_bytes", r->size_bytes);
	json_known(json, "resident_bytes", r->resident_bytes);
	json_known(json, "dirty_bytes", r->dirty_bytes);
	json_known(json, "writeback_bytes", r->writeback_bytes);
	json_known(json, "mapped_bytes", r->mapped_bytes);
	json_known(json, "evicted_pages", r->evicted_pages);
	if (!r->has_real_inode)
		return;
	json_open(json, "real", '{');
	json_device(json, "dev", r->real_major, r->real_minor);
	json_number(json, "ino", r->real_ino);
	json_close(json, '}');
}

static void write_inode(struct json *json, const struct fds *fds, const struct fds_inode *inode)
{
	json_newline(json);
	json_open(json, NULL, '{');
	write_place(json, inode);
	json_string(json, "path", inode->path);
	if (inode->deleted)
		json_bool(json, "deleted", true);
	json_number(json, "descriptions", inode->nr_descriptions);
	json_number(json, "mappings", inode->nr_mappings);
	if (inode->kind == FDS_FILE)
		write_residency(json, &inode->residency);
	if (inode->kind == FDS_DEVICE)
		json_device(json, "device", inode->rdev_major, inode->rdev_minor);
	if (inode->socket.protocol)
		write_socket(json, fds, inode);
	if (inode->kind == FDS_PIPE)
		write_holders(json, fds, inode);
	json_close(json, '}');
}

static uint32_t count_inodes(const struct fds *fds)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < fds->nr_inodes; i++)
		count += !!fds->inodes[i].nr;
	return count;
}

static void write_head(struct json *json, const struct fds *fds)
{
	json_string(json, "schema", "copyscope/fds/1");
	json_string(json, "identity", fds_identity_word(fds->identity));
	json_string(json, "residency", residency_source_word(fds->source));
	json_known(json, "unseen_processes", fds->hidden ? FDS_UNKNOWN : fds->unseen_processes);
	json_newline(json);
	json_open(json, "totals", '{');
	json_number(json, "processes", fds->nr_processes);
	json_number(json, "fds", fds->nr_fds);
	json_known(json, "descriptions",
		   fds->identity == FDS_BY_NOBODY ? FDS_UNKNOWN : fds->nr_descriptions);
	json_number(json, "inodes", count_inodes(fds));
	json_number(json, "mappings", fds->nr_mappings);
	json_known(json, "resident_bytes", fds->resident_bytes);
	json_close(json, '}');
}

static int render(const struct fds *fds, const struct render_options *options, FILE *out)
{
	struct json json;

	(void)options;
	json_begin(&json, out);
	json_open(&json, NULL, '{');
	write_head(&json, fds);
	json_newline(&json);
	json_open(&json, "processes", '[');
	for (uint32_t i = 0; i < fds->nr_processes; i++)
		write_process(&json, fds, &fds->processes[i]);
	json_close(&json, ']');
	json_newline(&json);
	json_open(&json, "descriptions", '[');
	for (uint32_t i = 0; i < fds->nr_descriptions; i++)
		write_shared(&json, fds, i);
	json_close(&json, ']');
	json_newline(&json);
	json_open(&json, "inodes", '[');
	for (uint32_t i = 0; i < fds->nr_inodes; i++)
		if (fds->inodes[i].nr)
			write_inode(&json, fds, &fds->inodes[i]);
	json_close(&json, ']');
	json_close(&json, '}');
	return json_end(&json);
}

const struct fds_renderer fds_json = { "json", render };
