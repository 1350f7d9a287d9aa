// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include "model/fds.h"

/* The kernel's, which C's headers may hide or define as 0. */
#define KERNEL_O_LARGEFILE 0100000
#define KERNEL_O_SYNC 04010000
#define KERNEL_O_DSYNC 010000
#define KERNEL_O_TMPFILE 020200000
#define KERNEL_O_PATH 010000000

const char *fds_kind_word(enum fds_kind kind)
{
	static const char *const words[FDS_KIND_MAX] = {
		[FDS_FILE] = "file",	 [FDS_FOLDER] = "folder", [FDS_PIPE] = "pipe",
		[FDS_UNIX] = "unix",	 [FDS_TCP] = "tcp",	  [FDS_UDP] = "udp",
		[FDS_DEVICE] = "device", [FDS_OTHER] = "other",
	};

	return words[kind];
}

const char *fds_identity_word(enum fds_identity identity)
{
	static const char *const words[] = {
		[FDS_BY_ITERATOR] = "iterator",
		[FDS_BY_KCMP] = "kcmp",
		[FDS_BY_NOBODY] = NULL,
	};

	return words[identity];
}

bool fds_is_seekable(enum fds_kind kind)
{
	return kind == FDS_FILE || kind == FDS_FOLDER || kind == FDS_DEVICE;
}

unsigned int fds_access_of(uint32_t flags)
{
	if (flags & KERNEL_O_PATH)
		return 0;
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return FDS_READS;
	case O_WRONLY:
		return FDS_WRITES;
	case O_RDWR:
		return FDS_READS | FDS_WRITES;
	}
	return 0; /* 3: for ioctl() only */
}

void fds_add_flags(struct strbuf *out, uint32_t flags, const char *prefix, const char *between)
{
	/* Those of several bits first. */
	static const struct {
		uint32_t bits;
		const char *word;
	} words[] = {
		{ KERNEL_O_SYNC, "SYNC" },    { KERNEL_O_TMPFILE, "TMPFILE" },
		{ KERNEL_O_DSYNC, "DSYNC" },  { O_APPEND, "APPEND" },
		{ O_NONBLOCK, "NONBLOCK" },   { O_DIRECT, "DIRECT" },
		{ O_ASYNC, "ASYNC" },	      { O_NOATIME, "NOATIME" },
		{ O_DIRECTORY, "DIRECTORY" }, { O_NOFOLLOW, "NOFOLLOW" },
		{ KERNEL_O_PATH, "PATH" },
	};

	/* Every 64-bit program has the one, and the other is the descriptor's. */
	flags &= ~(uint32_t)(O_ACCMODE | KERNEL_O_LARGEFILE | O_CLOEXEC);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if ((flags & words[i].bits) != words[i].bits)
			continue;
		flags &= ~words[i].bits;
		strbuf_printf(out, "%s%s%s", between, prefix, words[i].word);
	}
	if (flags)
		strbuf_printf(out, "%s%#o", between, flags);
}
