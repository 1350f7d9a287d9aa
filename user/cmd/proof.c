// SPDX-License-Identifier: MIT
/*
 * A file for each build of a kernel, of the programs and for each tier.  Its lines are those
 * families that the self-check found wrong: number, tab, what was wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/options.h"
#include "cmd/proof.h"
#include "util/hash.h"

#define TRIES 3 /* where the kernel skips runs of hooks */

/* The notes hold the build id, which differs from build to build of a release. */
static uint64_t kernel_build(void)
{
	char notes[4096];
	int fd = open("/sys/kernel/notes", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, notes, sizeof(notes));
	struct utsname name;
	uint64_t hash;

	if (fd >= 0)
		close(fd);
	uname(&name);
	hash = hash_bytes(0, name.release, strlen(name.release));
	hash = hash_bytes(hash, name.version, strlen(name.version));
	return hash_bytes(hash, notes, n > 0 ? n : 0);
}

/* COPYSCOPE_PROOFS, for tests; root's; the user's own. */
static bool folder_of(char *folder, size_t size)
{
	const char *given = getenv("COPYSCOPE_PROOFS"), *home = getenv("HOME");
	const char *cache = getenv("XDG_CACHE_HOME");
	int n;

	if (given && *given)
		n = snprintf(folder, size, "%s", given);
	else if (!geteuid())
		n = snprintf(folder, size, "/var/cache/copyscope");
	else if (cache && *cache)
		n = snprintf(folder, size, "%s/copyscope", cache);
	else if (home && *home)
		n = snprintf(folder, size, "%s/.cache/copyscope", home);
	else
		return false;
	return n > 0 && (size_t)n < size;
}

bool proof_path(enum tier tier, char *path, size_t size)
{
	char folder[512];
	int n;

	if (!folder_of(folder, sizeof(folder)))
		return false;
	n = snprintf(path, size, "%s/checked-" VERSION "-%s-%016llx", folder,
		     tier == TIER_DERIVED ? "derived" : "best",
		     (unsigned long long)(kernel_build() ^ hooks_identity()));
	return n > 0 && (size_t)n < size;
}

static bool make_folder(void)
{
	char folder[512];

	if (!folder_of(folder, sizeof(folder)))
		return false;
	for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(folder, 0755);
		*slash = '/';
	}
	return !mkdir(folder, 0755) || errno == EEXIST;
}

bool proof_keep(enum tier tier, const struct selfcheck *found)
{
	char path[768], fresh[800];
	bool written;
	FILE *f;

	if (!make_folder() || !proof_path(tier, path, sizeof(path)))
		return false;
	snprintf(fresh, sizeof(fresh), "%s.%d", path, getpid());
	f = fopen(fresh, "we");
	if (!f)
		return false;
	for (int i = 0; i < CS_FAMILY_MAX; i++)
		if (*found->wrong[i])
			fprintf(f, "%d\t%s\n", i, found->wrong[i]);
	written = !ferror(f);
	if (fclose(f) || !written || rename(fresh, path)) {
		unlink(fresh);
		return false;
	}
	return true;
}

static bool recall(enum tier tier, struct selfcheck *found)
{
	char path[768], line[256];
	FILE *f;

	memset(found, 0, sizeof(*found));
	if (!proof_path(tier, path, sizeof(path)))
		return false;
	f = fopen(path, "re");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		char *tab = strchr(line, '\t');
		int family = atoi(line);

		for (char *at = line; *at; at++)
			if (at != tab && (*at < ' ' || *at > '~'))
				*at = *at == '\n' ? 0 : '?';
		if (tab && family >= 0 && family < CS_FAMILY_MAX)
			snprintf(found->wrong[family], sizeof(found->wrong[family]), "%s", tab + 1);
	}
	fclose(f);
	return true;
}

bool proof_get(enum tier tier, struct selfcheck *found)
{
	int status = 0;

	if (recall(tier, found))
		return true;
	for (int i = 0; i < TRIES; i++) {
		status = selfcheck_run(tier, false, false, found);
		if (status == 125)
			return false;
		if (!found->unsure)
			break;
	}
	/* What was found wrong is so; what a skipped run may have made wrong is looked at again. */
	if (!found->unsure)
		proof_keep(tier, found);
	return true;
}
