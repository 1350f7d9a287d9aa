// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "cmd/selfcheck.h"
#include "cmd/selfcheck_load.h"
#include "cmd/session.h"

/* A path of the workload, and what must be counted on it. */
struct expectation {
	const char *name;
	const char *file; /* the name of the one end that is a file; NULL: none is */
	enum cs_kind from, to;
	uint64_t delivered, copied, referenced;
	uint32_t families; /* bits 1 << enum cs_family: they count it */
	bool overlaid; /* only where the workload could mount an overlayfs */
};

#define N SELFCHECK_BYTES
#define BY(family) (1u << CS_FAMILY_##family)

static const struct expectation expectations[] = {
	{ "read + write to TCP", SELFCHECK_READ, CS_KIND_FILE, CS_KIND_TCP, N, 2 * N, 0,
	  BY(FILE_READ) | BY(TCP), false },
	{ "mmap + write to TCP", SELFCHECK_MAP, CS_KIND_FILE, CS_KIND_TCP, N, N, 0,
	  BY(TCP) | BY(MAPPING), false },
	{ "sendfile to TCP", SELFCHECK_SENDFILE, CS_KIND_FILE, CS_KIND_TCP, N, 0, N, BY(SPLICE),
	  false },
	{ "sendfile from overlay", SELFCHECK_OVERLAID, CS_KIND_FILE, CS_KIND_TCP, N, 0, N,
	  BY(SPLICE), true },
	{ "sendfile to a file", SELFCHECK_FILE_FROM, CS_KIND_FILE, CS_KIND_FILE, N, N, 0,
	  BY(SPLICE), false },
	{ "write to a file", SELFCHECK_WRITE, CS_KIND_MEMORY, CS_KIND_FILE, N, N, 0, BY(FILE_WRITE),
	  false },
	{ "receive from TCP", NULL, CS_KIND_TCP, CS_KIND_MEMORY, 3 * N, 3 * N, 0, BY(TCP), false },
	{ "receive from TCP", NULL, CS_KIND_TCP, CS_KIND_MEMORY, 4 * N, 4 * N, 0, BY(TCP), true },
	{ "send by UDP", NULL, CS_KIND_MEMORY, CS_KIND_UDP, N, N, 0, BY(UDP), false },
	{ "receive by UDP", NULL, CS_KIND_UDP, CS_KIND_MEMORY, N, N, 0, BY(UDP), false },
	{ "send to a unix socket", NULL, CS_KIND_MEMORY, CS_KIND_UNIX, N, N, 0, BY(UNIX), false },
	{ "receive from one", NULL, CS_KIND_UNIX, CS_KIND_MEMORY, N, N, 0, BY(UNIX), false },
	{ "write to a pipe", NULL, CS_KIND_MEMORY, CS_KIND_PIPE, N, N, 0, BY(PIPE), false },
	{ "read from a pipe", NULL, CS_KIND_PIPE, CS_KIND_MEMORY, N, N, 0, BY(PIPE), false },
};

static bool is_meant(const struct expectation *e, const struct transfer *t)
{
	const struct report_endpoint *file = t->from->kind == CS_KIND_FILE ? t->from : t->to;
	const char *name;

	if (t->from->kind != e->from || t->to->kind != e->to)
		return false;
	if (!e->file)
		return true;
	name = file->path ? strrchr(file->path, '/') : NULL;
	return name && !strcmp(name + 1, e->file);
}

/* What was wrong becomes that of all families that had a part in it. */
static void blame(const struct expectation *e, uint64_t delivered, uint64_t copied,
		  uint64_t referenced, struct selfcheck *result)
{
	for (int f = 0; f < CS_FAMILY_MAX; f++)
		if (e->families >> f & 1 && !*result->wrong[f])
			snprintf(result->wrong[f], sizeof(result->wrong[f]),
				 "%s, %llu bytes delivered and %llu copied instead of %llu and "
				 "%llu",
				 e->name, (unsigned long long)delivered, (unsigned long long)copied,
				 (unsigned long long)e->delivered, (unsigned long long)e->copied);
	(void)referenced;
}

static bool judge(const struct expectation *e, const struct recording *recording,
		  const struct report *report, bool prints, struct selfcheck *result)
{
	bool skipped = recording->skipped_from[e->from] || recording->skipped_to[e->to];
	uint64_t delivered = 0, copied = 0, referenced = 0;
	bool ok;

	for (size_t i = 0; i < report->nr_transfers; i++) {
		const struct transfer *t = &report->transfers[i];

		if (!is_meant(e, t))
			continue;
		delivered += t->delivered_bytes;
		copied += t->cpu_copied_bytes;
		for (size_t h = 0; h < t->nr_hops; h++)
			if (hop_how(t->hops[h].id) == CS_REFERENCE)
				referenced += t->hops[h].bytes;
	}
	ok = delivered == e->delivered && copied == e->copied && referenced == e->referenced;
	if (!ok && skipped)
		result->unsure = true;
	else if (!ok)
		blame(e, delivered, copied, referenced, result);
	if (!prints)
		return ok;
	printf("  %-21s %8llu delivered %8llu copied %8llu referenced   %s\n", e->name,
	       (unsigned long long)delivered, (unsigned long long)copied,
	       (unsigned long long)referenced,
	       ok      ? "ok" :
	       skipped ? "unknown" :
			 "WRONG");
	if (!ok)
		printf("  %-21s %8llu           %8llu        %8llu   was expected%s\n", "",
		       (unsigned long long)e->delivered, (unsigned long long)e->copied,
		       (unsigned long long)e->referenced,
		       skipped ? "; the kernel skipped runs of hooks" : "");
	return ok;
}

/* Copies at the primitives that no hook saw, and the reverse, must both be none. */
static bool judge_audit(const struct report *report)
{
	const struct report_audit *audit = &report->audit;
	bool ok = !audit->unattributed && audit->copied == audit->seen + audit->own;

	printf("\naudit: %llu bytes copied at the primitives, %llu seen by hooks, %llu the "
	       "kernel's own, %llu unattributed   %s\n",
	       (unsigned long long)audit->copied, (unsigned long long)audit->seen,
	       (unsigned long long)audit->own, (unsigned long long)audit->unattributed,
	       ok ? "ok" : "WRONG");
	return ok;
}

static int make_file(const char *folder, const char *name)
{
	char path[512];
	static char block[SELFCHECK_CHUNK];
	int fd, error = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	for (int i = 0; i < N / SELFCHECK_CHUNK && !error; i++)
		error = write(fd, block, sizeof(block)) != sizeof(block);
	return close(fd) || error ? -1 : 0;
}

static const char *const files[] = { SELFCHECK_READ,	  SELFCHECK_MAP,	 SELFCHECK_SENDFILE,
				     SELFCHECK_FILE_FROM, SELFCHECK_OVERLAID,	 SELFCHECK_FILE_TO,
				     SELFCHECK_WRITE,	  SELFCHECK_WAS_OVERLAID };
#define NR_FILES (sizeof(files) / sizeof(files[0]))
#define NR_MADE 5 /* here; the others by the workload */

static int make_folder(char *folder, size_t size)
{
	const char *tmp = getenv("TMPDIR");
	char path[512];

	snprintf(folder, size, "%s/copyscope.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(folder))
		return -errno;
	snprintf(path, sizeof(path), "%s/%s", folder, SELFCHECK_OVERLAY);
	if (mkdir(path, 0700))
		return -errno;
	for (size_t i = 0; i < NR_MADE; i++)
		if (make_file(folder, files[i]))
			return -errno;
	return 0;
}

static void remove_folder(const char *folder)
{
	char path[512];

	for (size_t i = 0; i < NR_FILES; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/%s", folder, SELFCHECK_OVERLAY);
	rmdir(path);
	rmdir(folder);
}

static bool exists(const char *folder, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return !access(path, F_OK);
}

/* Losses of another kind than skipped runs, which judge() looks at. */
static bool lost_more_than_runs(const struct report *report)
{
	struct cs_lost lost = report->lost;

	lost.runs = 0;
	return lost_anything(&lost, 0);
}

static int judge_all(struct session *s, bool overlaid, bool prints, struct selfcheck *result)
{
	struct report *report = report_build(&s->recording, NULL);
	bool ok = true;

	if (prints)
		puts("\nself-check, bytes along known paths:");
	for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++) {
		const struct expectation *e = &expectations[i];

		if (e->overlaid && !overlaid)
			continue;
		/* The overlay's bytes are received as well: that is another line. */
		if (overlaid && !e->overlaid && e->from == CS_KIND_TCP)
			continue;
		ok &= judge(e, &s->recording, report, prints, result);
	}
	if (lost_more_than_runs(report)) {
		result->unsure = true;
		ok = false;
		if (prints)
			puts("  something was lost: WRONG");
	}
	if (prints && report->audit.known)
		ok &= judge_audit(report);
	report_free(report);
	return !ok;
}

int selfcheck_run(enum tier tier, bool audit, bool prints, struct selfcheck *result)
{
	char folder[256];
	char *command[] = { "/proc/self/exe", "doctor", SELFCHECK_WORKLOAD, folder, NULL };
	struct options options = { .tier = tier, .quiet = true, .audit = audit };
	struct session session = { .options = &options, .target = &options.target };
	int status, error = make_folder(folder, sizeof(folder));
	bool overlaid;

	memset(result, 0, sizeof(*result));
	if (error) {
		complain("cannot make files for the self-check in %s: %s", folder,
			 strerror(-error));
		return EXIT_OWN_FAILURE;
	}
	options.target.command = command;
	options.target.follow = true;
	status = session_run(&session, NULL, NULL);
	if (!status && (session.ended_by || session_command_status(&session)))
		status = EXIT_OWN_FAILURE;
	overlaid = exists(folder, SELFCHECK_WAS_OVERLAID);
	remove_folder(folder);
	if (!status)
		status = judge_all(&session, overlaid, prints, result);
	session_close(&session);
	options_deinit(&options);
	return status;
}
