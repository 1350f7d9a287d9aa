// SPDX-License-Identifier: MIT
/*
 * Which transfers are the start of a program, not its work: what the loader and
 * the C library read and map before main(), and the pages of that which become
 * private.  docs/glossary.md states the rule.
 */
#include <stdlib.h>
#include <string.h>

#include "model/fold.h"
#include "util/memory.h"

/* The loader reads the head of each library, which is in its first page. */
#define HEAD_BYTES 4096

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && !strcmp(text + length - tail, end);
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "libc.so", "libc.so.6", "libacl.so.1.1.2301". */
static bool is_library(const char *path)
{
	const char *so = strstr(name_of(path), ".so");

	while (so && so[3] && (so[3] != '.' || so[3 + strspn(so + 3, ".0123456789")]))
		so = strstr(so + 3, ".so");
	return so != NULL;
}

static bool is_of_loader(const char *path)
{
	static const char *const names[] = {
		"/etc/ld.so.cache", "/etc/ld.so.preload",   "/locale.alias",
		"/locale-archive",  "/gconv-modules.cache",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (ends_with(path, names[i]))
			return true;
	return strstr(path, "/locale/") && !strncmp(name_of(path), "LC_", 3);
}

/* The kernel cuts names of processes at 15 bytes. */
static bool is_program(const struct transfer *transfer)
{
	const char *comm = transfer->process->comm, *name = name_of(transfer->from->path);

	return *comm && !strncmp(name, comm, CS_COMM_BYTES - 1);
}

static bool looks_like_start(const struct transfer *transfer)
{
	const struct report_endpoint *from = transfer->from, *to = transfer->to;

	if (!transfer->process->known || !from->known || from->kind != CS_KIND_FILE || !from->path)
		return false;
	if (!to->known || to->kind != CS_KIND_MEMORY || to->has_process || !to->resolved)
		return false;
	if (transfer->delivered_bytes > HEAD_BYTES)
		return false;
	return is_library(from->path) || is_of_loader(from->path) || is_program(transfer);
}

/* An end of a transfer that is a file, and the process at it. */
struct use {
	const struct report_process *process;
	const struct report_endpoint *file;
	struct transfer *transfer;
};

static int compare_uses(const void *left, const void *right)
{
	const struct use *a = left, *b = right;

	if (a->process != b->process)
		return a->process < b->process ? -1 : 1;
	return a->file < b->file ? -1 : a->file > b->file;
}

static size_t list_uses(struct use *uses, struct transfer *transfers, size_t count)
{
	size_t nr = 0;

	for (size_t i = 0; i < count; i++) {
		struct transfer *transfer = &transfers[i];

		if (transfer->from->known && transfer->from->kind == CS_KIND_FILE)
			uses[nr++] = (struct use){ transfer->process, transfer->from, transfer };
		if (transfer->to->known && transfer->to->kind == CS_KIND_FILE)
			uses[nr++] = (struct use){ transfer->process, transfer->to, transfer };
	}
	qsort(uses, nr, sizeof(*uses), compare_uses);
	return nr;
}

void mark_program_start(struct transfer *transfers, size_t count)
{
	struct use *uses = zalloc(2 * count, sizeof(*uses));
	size_t nr = list_uses(uses, transfers, count), end;

	for (size_t start = 0; start < nr; start = end) {
		for (end = start + 1; end < nr; end++)
			if (compare_uses(&uses[start], &uses[end]))
				break;
		/* Alone: the process neither carries on what it read there nor writes to it. */
		if (end - start == 1 && looks_like_start(uses[start].transfer))
			uses[start].transfer->program_start = true;
	}
	free(uses);
}
