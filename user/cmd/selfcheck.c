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
	const char *file; /* the source's name; NULL: any socket */
	enum cs_kind from, to;
	uint64_t delivered, copied, referenced;
};

#define N SELFCHECK_BYTES

static const struct expectation expectations[] = {
	{ "read + write to TCP", SELFCHECK_READ, CS_KIND_FILE, CS_KIND_TCP, N, 2 * N, 0 },
	{ "mmap + write to TCP", SELFCHECK_MAP, CS_KIND_FILE, CS_KIND_TCP, N, N, 0 },
	{ "sendfile to TCP", SELFCHECK_SENDFILE, CS_KIND_FILE, CS_KIND_TCP, N, 0, N },
	{ "sendfile to a file", SELFCHECK_FILE_FROM, CS_KIND_FILE, CS_KIND_FILE, N, N, 0 },
	{ "receive from TCP", NULL, CS_KIND_TCP, CS_KIND_MEMORY, 3 * N, 3 * N, 0 },
};

static bool is_meant(const struct expectation *e, const struct transfer *t)
{
	const char *name;

	if (t->from->kind != e->from || t->to->kind != e->to)
		return false;
	if (!e->file)
		return true;
	name = t->from->path ? strrchr(t->from->path, '/') : NULL;
	return name && !strcmp(name + 1, e->file);
}

static bool judge(const struct expectation *e, const struct report *report)
{
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
	printf("  %-21s %8llu delivered %8llu copied %8llu referenced   %s\n", e->name,
	       (unsigned long long)delivered, (unsigned long long)copied,
	       (unsigned long long)referenced, ok ? "ok" : "WRONG");
	if (!ok)
		printf("  %-21s %8llu           %8llu        %8llu   was expected\n", "",
		       (unsigned long long)e->delivered, (unsigned long long)e->copied,
		       (unsigned long long)e->referenced);
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

static const char *const files[] = { SELFCHECK_READ, SELFCHECK_MAP, SELFCHECK_SENDFILE,
				     SELFCHECK_FILE_FROM, SELFCHECK_FILE_TO };
#define NR_FILES (sizeof(files) / sizeof(files[0]))

static int make_folder(char *folder, size_t size)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(folder, size, "%s/copyscope.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(folder))
		return -errno;
	for (size_t i = 0; i < NR_FILES - 1; i++)
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
	rmdir(folder);
}

static int judge_all(struct session *s)
{
	struct report *report = report_build(&s->recording, NULL);
	bool ok = true;

	puts("\nself-check, bytes along known paths:");
	for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++)
		ok &= judge(&expectations[i], report);
	if (lost_anything(&report->lost, 0)) {
		puts("  something was lost: WRONG");
		ok = false;
	}
	if (report->audit.known)
		ok &= judge_audit(report);
	report_free(report);
	return !ok;
}

int selfcheck_run(enum tier tier, bool audit)
{
	char folder[256];
	char *command[] = { "/proc/self/exe", "doctor", SELFCHECK_WORKLOAD, folder, NULL };
	struct options options = { .tier = tier, .quiet = true, .audit = audit };
	struct session session = { .options = &options, .target = &options.target };
	int status, error = make_folder(folder, sizeof(folder));

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
	remove_folder(folder);
	if (!status)
		status = judge_all(&session);
	session_close(&session);
	options_deinit(&options);
	return status;
}
