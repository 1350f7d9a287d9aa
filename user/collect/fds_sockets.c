// SPDX-License-Identifier: MIT
/* Addresses of TCP and UDP sockets, by the tables below /proc/PID/net. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "collect/fds_private.h"

struct end {
	struct in6_addr address; /* IPv4 as ::ffff:a.b.c.d */
	unsigned int port;
};

struct socket_row {
	struct end local, peer;
	uint64_t ino;
	enum fds_kind kind;
	bool v4;
	unsigned int state;
};

struct table {
	struct socket_row *rows;
	size_t count, room;
};

/* Words of the kernel are in the byte order of the machine. */
static bool parse_end(const char *hex, unsigned int port, bool v4, struct end *ret)
{
	uint32_t words[4] = { 0, 0, htonl(0xffff), 0 };
	int first = v4 ? 3 : 0;

	if (strlen(hex) != (v4 ? 8 : 32))
		return false;
	for (int i = first; i < 4; i++) {
		char word[9] = "";

		memcpy(word, hex + (size_t)(i - first) * 8, 8);
		words[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	*ret = (struct end){ .port = port };
	memcpy(&ret->address, words, sizeof(words));
	return true;
}

static void read_table(struct table *table, int folder, const char *name, enum fds_kind kind,
		       bool v4)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	_cleanup_fclose_ FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char line[512], local[33], peer[33];
	unsigned int local_port, peer_port, state;
	unsigned long long ino;

	while (file && fgets(line, sizeof(line), file)) {
		struct socket_row row = { .kind = kind, .v4 = v4 };

		if (sscanf(line,
			   " %*d: %32[0-9A-Fa-f]:%x %32[0-9A-Fa-f]:%x %x %*s %*s %*s %*s %*s %llu",
			   local, &local_port, peer, &peer_port, &state, &ino) != 6)
			continue;
		row.state = state;
		row.ino = ino;
		if (!parse_end(local, local_port, v4, &row.local) ||
		    !parse_end(peer, peer_port, v4, &row.peer))
			continue;
		table->rows =
			grow(table->rows, &table->room, table->count + 1, sizeof(*table->rows));
		table->rows[table->count++] = row;
	}
}

static const char *end_text(struct fds *fds, const struct end *end, bool v4)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (v4) {
		inet_ntop(AF_INET, end->address.s6_addr + 12, text, sizeof(text));
		return arena_printf(&fds->arena, "%s:%u", text, end->port);
	}
	inet_ntop(AF_INET6, &end->address, text, sizeof(text));
	return arena_printf(&fds->arena, "[%s]:%u", text, end->port);
}

/* TCP's states; of a UDP socket, whether it is connected. */
static const char *state_word(enum fds_kind kind, unsigned int state)
{
	static const char *const words[] = {
		NULL,	      "established", "syn-sent",     "syn-received", "fin-wait-1",
		"fin-wait-2", "time-wait",   "closed",	     "close-wait",   "last-ack",
		"listening",  "closing",     "syn-received",
	};

	if (kind == FDS_UDP)
		return state == 1 ? "connected" : "unconnected";
	return state < sizeof(words) / sizeof(words[0]) ? words[state] : NULL;
}

static int compare_ends(const struct end *a, const struct end *b)
{
	int order = memcmp(&a->address, &b->address, sizeof(a->address));

	return order ? order : (a->port > b->port) - (a->port < b->port);
}

static int by_ends(const void *one, const void *other)
{
	const struct socket_row *a = one, *b = other;
	int order = compare_ends(&a->local, &b->local);

	if (!order)
		order = compare_ends(&a->peer, &b->peer);
	return order ? order : (int)a->kind - (int)b->kind;
}

/* The socket whose ends are these, exchanged. */
static void find_peer(struct fds_work *work, const struct table *table,
		      const struct socket_row *row, uint32_t index)
{
	const struct socket_row key = { .local = row->peer, .peer = row->local, .kind = row->kind };
	const struct socket_row *found =
		bsearch(&key, table->rows, table->count, sizeof(key), by_ends);
	uint32_t peer;

	if (work->fds->inodes[index].only_peer)
		return;
	/* Nobody has accepted it yet: it is no file. */
	if (!found || !found->ino || found == row)
		return;
	peer = inode_get_socket(work, row->kind, found->ino);
	work->fds->inodes[index].peer = peer;
}

static void describe(struct fds_work *work, const struct table *table, const struct socket_row *row)
{
	const struct stat st = {
		.st_mode = S_IFSOCK,
		.st_dev = makedev(work->socket_major, work->socket_minor),
		.st_ino = row->ino,
	};
	uint32_t index = inode_find(work, &st, "");
	struct fds_socket *socket;

	if (index == FDS_NONE)
		return;
	socket = &work->fds->inodes[index].socket;
	socket->state = state_word(row->kind, row->state);
	if (row->local.port)
		socket->local = end_text(work->fds, &row->local, row->v4);
	if (!row->peer.port)
		return;
	socket->peer = end_text(work->fds, &row->peer, row->v4);
	find_peer(work, table, row, index);
}

static void inet_describe(struct fds_work *work, int folder)
{
	struct table table = { 0 };

	read_table(&table, folder, "net/tcp", FDS_TCP, true);
	read_table(&table, folder, "net/tcp6", FDS_TCP, false);
	read_table(&table, folder, "net/udp", FDS_UDP, true);
	read_table(&table, folder, "net/udp6", FDS_UDP, false);
	if (table.count)
		qsort(table.rows, table.count, sizeof(*table.rows), by_ends);
	for (size_t i = 0; i < table.count; i++)
		if (table.rows[i].ino)
			describe(work, &table, &table.rows[i]);
	free(table.rows);
}

/* Each network namespace of the processes once. */
void sockets_describe(struct fds_work *work)
{
	ino_t *met = zalloc(work->fds->nr_processes, sizeof(*met));
	uint32_t count = 0;

	for (uint32_t i = 0; work->has_sockets && i < work->fds->nr_processes; i++) {
		uint32_t at = 0;
		struct stat st;

		if (work->folders[i] < 0 || fstatat(work->folders[i], "ns/net", &st, 0))
			continue;
		while (at < count && met[at] != st.st_ino)
			at++;
		if (at < count)
			continue;
		met[count++] = st.st_ino;
		inet_describe(work, work->folders[i]);
		if (unix_describe(work, work->folders[i]))
			work->fds->peers_unknown = true;
	}
	free(met);
}
