// SPDX-License-Identifier: MIT
/* Names and peers of unix sockets, by sock_diag(7). */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include "collect/fds_private.h"

#define LISTENING 10 /* TCP_LISTEN, which unix sockets share */

/* A socket belongs to the namespace in which it was made. */
static int open_diag(int folder)
{
	_cleanup_close_ int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int theirs = openat(folder, "ns/net", O_RDONLY | O_CLOEXEC);
	struct stat here, there;
	int fd, error;

	if (own < 0 || theirs < 0 || fstat(own, &here) || fstat(theirs, &there))
		return -errno;
	if (here.st_ino != there.st_ino && setns(theirs, CLONE_NEWNET))
		return -errno;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	error = fd < 0 ? -errno : 0;
	if (here.st_ino != there.st_ino)
		setns(own, CLONE_NEWNET);
	return error ? error : fd;
}

static int ask(int fd)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req query;
	} ask = {
		.header = {
			.nlmsg_len = sizeof(ask),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		.query = {
			.sdiag_family = AF_UNIX,
			.udiag_states = ~0u,
			.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER,
		},
	};

	return send(fd, &ask, sizeof(ask), 0) < 0 ? -errno : 0;
}

/* An abstract name begins with a NUL; names may hold more of them. */
static const char *name_of(struct fds *fds, const char *bytes, size_t length)
{
	char *name = arena_copy(&fds->arena, bytes, length);

	if (length && name[0])
		return name; /* a path: to its NUL */
	for (size_t i = 0; i < length; i++)
		if (!name[i])
			name[i] = '@';
	return name;
}

struct unix_row {
	uint64_t ino, peer;
	const char *name;
	bool listening;
};

struct unix_rows {
	struct unix_row *rows;
	size_t count, room;
};

static void add(struct fds *fds, struct unix_rows *table, const struct unix_diag_msg *message,
		int length)
{
	struct unix_row row = {
		.ino = message->udiag_ino,
		.listening = message->udiag_state == LISTENING,
	};
	uint32_t peer;

	for (struct rtattr *a = (struct rtattr *)(message + 1); RTA_OK(a, length);
	     a = RTA_NEXT(a, length)) {
		if (a->rta_type == UNIX_DIAG_NAME && RTA_PAYLOAD(a))
			row.name = name_of(fds, RTA_DATA(a), RTA_PAYLOAD(a));
		if (a->rta_type == UNIX_DIAG_PEER && RTA_PAYLOAD(a) >= sizeof(peer)) {
			memcpy(&peer, RTA_DATA(a), sizeof(peer));
			row.peer = peer;
		}
	}
	table->rows = grow(table->rows, &table->room, table->count + 1, sizeof(*table->rows));
	table->rows[table->count++] = row;
}

static uint32_t find(struct fds_work *work, const struct unix_row *row)
{
	const struct stat st = {
		.st_mode = S_IFSOCK,
		.st_dev = makedev(work->socket_major, work->socket_minor),
		.st_ino = row->ino,
	};

	/* One that nobody has accepted yet is no file. */
	return row->ino ? inode_find(work, &st, "") : FDS_NONE;
}

static void describe(struct fds_inode *inode, const struct unix_row *row)
{
	inode->socket.name = row->name;
	inode->socket.state = row->listening ? "listening" :
			      row->peer	     ? "connected" :
					       "unconnected";
}

/* First the sockets of the processes, then those that these led to. */
static void describe_all(struct fds_work *work, const struct unix_rows *table)
{
	uint32_t known = work->fds->nr_inodes;

	for (size_t i = 0; i < table->count; i++) {
		uint32_t index = find(work, &table->rows[i]), peer;

		if (index >= known || work->fds->inodes[index].only_peer)
			continue;
		describe(&work->fds->inodes[index], &table->rows[i]);
		if (!table->rows[i].peer)
			continue;
		peer = inode_get_socket(work, FDS_UNIX, table->rows[i].peer);
		work->fds->inodes[index].peer = peer;
	}
	for (size_t i = 0; i < table->count; i++) {
		uint32_t index = find(work, &table->rows[i]);

		if (index != FDS_NONE && work->fds->inodes[index].only_peer)
			describe(&work->fds->inodes[index], &table->rows[i]);
	}
}

/* Returns 1 at the end, 0 to go on, or a negative errno. */
static int take(struct fds *fds, struct unix_rows *table, struct nlmsghdr *header,
		unsigned int length)
{
	for (; NLMSG_OK(header, length); header = NLMSG_NEXT(header, length)) {
		if (header->nlmsg_type == NLMSG_DONE)
			return 1;
		if (header->nlmsg_type == NLMSG_ERROR) {
			int error = ((struct nlmsgerr *)NLMSG_DATA(header))->error;

			return error ? error : 1;
		}
		if (header->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		    header->nlmsg_len >= NLMSG_LENGTH(sizeof(struct unix_diag_msg)))
			add(fds, table, NLMSG_DATA(header),
			    (int)(header->nlmsg_len - NLMSG_LENGTH(sizeof(struct unix_diag_msg))));
	}
	return 0;
}

static bool any_unix(const struct fds *fds)
{
	for (uint32_t i = 0; i < fds->nr_inodes; i++)
		if (fds->inodes[i].kind == FDS_UNIX)
			return true;
	return false;
}

int unix_describe(struct fds_work *work, int folder)
{
	char buffer[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct unix_rows table = { 0 };
	_cleanup_close_ int fd = -1;
	int error;

	if (!any_unix(work->fds))
		return 0;
	fd = open_diag(folder);
	error = fd < 0 ? fd : ask(fd);
	while (!error) {
		ssize_t length = recv(fd, buffer, sizeof(buffer), 0);

		if (length < 0 && errno == EINTR)
			continue;
		error = length < 0 ? -errno :
				     take(work->fds, &table, (void *)buffer, (unsigned int)length);
	}
	describe_all(work, &table);
	free(table.rows);
	return error < 0 ? error : 0;
}
