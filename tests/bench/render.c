// SPDX-License-Identifier: MIT
/*
 * What a report of 100 000 ledger rows costs: 20 000 connections of 64
 * workers, read and written, sent by sendfile, and out by a NIC.
 *
 *   render [FORMAT [FILE]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "render/renderer.h"
#include "tests/unit/fixture.h"

enum { CONNECTIONS = 20000, WORKERS = 64, FILES = 400 };

static void fill(struct fixture *f)
{
	uint32_t files[FILES], workers[WORKERS];
	char path[200];

	for (int i = 0; i < WORKERS; i++)
		workers[i] = fixture_process(f, 1000 + (uint32_t)i, "nginx");
	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "/srv/www/some/site/with/folders/page-%d.html", i);
		files[i] = fixture_file(f, path);
	}
	for (uint32_t i = 0; i < CONNECTIONS; i++) {
		uint32_t file = files[i % FILES], worker = workers[i % WORKERS];
		uint32_t tcp = fixture_tcp(f, "10.0.0.1", 443, "10.0.0.2", (uint16_t)(i + 1024));

		fixture_row(f, worker, tcp, CS_MEMORY, CS_SOCKET_TO_USER, NR_RECVFROM, 3, 800);
		fixture_row(f, worker, file, CS_MEMORY, CS_CACHE_TO_USER, 17, 7, 400000);
		fixture_row(f, worker, file, tcp, CS_USER_TO_SOCKET, 20, 8, 350000);
		fixture_row(f, worker, CS_MEMORY, tcp, CS_USER_TO_SOCKET, NR_WRITE, 3, 714);
		fixture_side(f, 0, CS_MEMORY, tcp, CS_SOCKET_TO_NIC, 350714);
	}
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
	const struct renderer *renderer = renderer_find(argc > 1 ? argv[1] : "json");
	FILE *out = fopen(argc > 2 ? argv[2] : "/dev/null", "w");
	struct fixture fixture;
	struct report *report;
	struct rusage usage;
	double start, built, done;

	if (!renderer || !out)
		return 2;
	fixture_begin(&fixture);
	fill(&fixture);
	start = cpu_seconds();
	report = report_build(&fixture.recording, NULL);
	built = cpu_seconds();
	if (renderer->render(report, &(struct render_options){ .width = 120, .utf8 = true }, out))
		return 1;
	done = cpu_seconds();
	getrusage(RUSAGE_SELF, &usage);
	printf("%s of %zu rows, %zu transfers: %.3f s of CPU (build %.3f, render %.3f), "
	       "%ld MiB resident at most\n",
	       renderer->name, fixture.recording.nr_rows, report->nr_transfers, done - start,
	       built - start, done - built, usage.ru_maxrss / 1024);
	report_free(report);
	fixture_end(&fixture);
	return fclose(out) ? 1 : 0;
}
