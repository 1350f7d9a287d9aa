// SPDX-License-Identifier: MIT
#include "tests/unit/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/fds.h"
#include "render/fds.h"

static void fd(struct fds *fds, uint32_t process, uint32_t inode, int number, uint64_t identity)
{
	uint32_t at = fds_add_fd(fds, process, inode, number);

	fds->fds[at].identity = identity;
}

static void other(struct fds *fds, pid_t pid, uint32_t inode, int number, uint64_t identity)
{
	uint32_t at = fds_add_other(fds, pid, inode, number);

	fds->others[at].identity = identity;
}

static const struct fds_description *of(const struct fds *fds, uint32_t index)
{
	return &fds->descriptions[fds->fds[index].description];
}

/* Opened twice, one of them kept by a fork and a dup: as in the textbook. */
static void two_descriptions_meet_in_one_inode(void **state)
{
	struct fds fds = { 0 };
	uint32_t file = fds_add_inode(&fds, FDS_FILE), null = fds_add_inode(&fds, FDS_DEVICE), p;

	(void)state;
	p = fds_add_process(&fds, 10);
	fd(&fds, p, null, 0, 900);
	fd(&fds, p, file, 3, 500);
	fd(&fds, p, file, 4, 100);
	fd(&fds, p, file, 5, 500);
	p = fds_add_process(&fds, 11);
	fd(&fds, p, file, 3, 500);
	other(&fds, 12, file, 7, 500);
	other(&fds, 12, file, 8, 501); /* one that nobody asked about */
	fds_finish(&fds, RESIDENCY_BY_MODULE);
	assert_int_equal(fds.nr_descriptions, 3);
	/* Called in the order of appearance. */
	assert_int_equal(of(&fds, 0)->id, 1);
	assert_int_equal(of(&fds, 1)->id, 2);
	assert_int_equal(of(&fds, 2)->id, 3);
	assert_ptr_equal(of(&fds, 1), of(&fds, 3));
	assert_ptr_equal(of(&fds, 1), of(&fds, 4));
	assert_int_equal(of(&fds, 1)->nr_fds, 3);
	assert_int_equal(of(&fds, 1)->nr_processes, 2);
	assert_int_equal(of(&fds, 1)->nr_others, 1);
	assert_int_equal(of(&fds, 2)->nr_fds, 1);
	assert_int_equal(of(&fds, 2)->nr_others, 0);
	assert_int_equal(fds.inodes[file].nr_descriptions, 2);
	assert_int_equal(fds.inodes[file].nr_fds, 4);
	assert_int_equal(fds.inodes[file].nr_others, 2);
	assert_int_equal(fds.others[fds.inodes[file].first_other + 1].description, FDS_NONE);
	fds_release(&fds);
}

/* Unknown is not the same, even if both are. */
static char *as_json(const struct fds *fds)
{
	const struct render_options options = { 0 };
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_int_equal(fds_json.render(fds, &options, out), 0);
	fclose(out);
	return text;
}

/* A descriptor that was closed and opened again on another inode between two looks. */
static void one_identity_on_two_inodes_is_two(void **state)
{
	struct fds fds = { 0 };
	uint32_t last = fds_add_inode(&fds, FDS_OTHER), first = fds_add_inode(&fds, FDS_OTHER), p;
	char *text;

	(void)state;
	p = fds_add_process(&fds, 10);
	for (int i = 0; i < 8; i++)
		fd(&fds, p, i % 2 ? first : last, i, 500);
	other(&fds, 12, first, 7, 500);
	fds_finish(&fds, RESIDENCY_BY_MODULE);
	assert_int_equal(fds.nr_descriptions, 2);
	assert_int_equal(of(&fds, 0)->nr_fds, 4);
	assert_int_equal(of(&fds, 1)->nr_fds, 4);
	assert_int_equal(of(&fds, 1)->nr_others, 1);
	text = as_json(&fds);
	assert_non_null(strstr(text, "\"pids\": [10]"));
	free(text);
	fds_release(&fds);
}

/* A protocol without a name, as a kernel module may have it. */
static void sockets_need_no_protocol_name(void **state)
{
	const struct render_options options = { .width = 80, .utf8 = true };
	struct fds fds = { 0 };
	uint32_t inode = fds_add_inode(&fds, FDS_OTHER);
	FILE *out = fopen("/dev/null", "w");

	(void)state;
	fds.inodes[inode].socket.protocol = "";
	fd(&fds, fds_add_process(&fds, 10), inode, 3, 500);
	fds.processes[0].comm = "x";
	fds_finish(&fds, RESIDENCY_BY_MODULE);
	assert_int_equal(fds_text.render(&fds, &options, out), 0);
	fclose(out);
	fds_release(&fds);
}

static void unknown_identities_are_never_equal(void **state)
{
	struct fds fds = { 0 };
	uint32_t file = fds_add_inode(&fds, FDS_FILE), p = fds_add_process(&fds, 10);

	(void)state;
	fd(&fds, p, file, 3, 0);
	fd(&fds, p, file, 4, 0);
	fd(&fds, p, file, 5, 7);
	other(&fds, 12, file, 7, 0);
	fds_finish(&fds, RESIDENCY_BY_MODULE);
	assert_int_equal(fds.nr_descriptions, 3);
	assert_int_equal(of(&fds, 0)->id, 0);
	assert_int_equal(of(&fds, 1)->id, 0);
	assert_int_equal(of(&fds, 2)->id, 1);
	assert_int_equal(of(&fds, 0)->nr_others, 0);
	assert_int_equal(fds.others[0].description, FDS_NONE);
	fds_release(&fds);
}

static void whoever_was_not_seen_may_share(void **state)
{
	struct fds fds = { .identity = FDS_BY_KCMP };

	(void)state;
	assert_true(fds_saw_all(&fds));
	fds.unseen_processes = 1;
	assert_false(fds_saw_all(&fds));
	fds.unseen_processes = 0;
	fds.hidden = "in a container";
	assert_false(fds_saw_all(&fds));
	fds.hidden = NULL;
	fds.identity = FDS_BY_NOBODY;
	assert_false(fds_saw_all(&fds));
}

/* A socket that is only somebody's peer is no inode of the report. */
static void peers_have_no_number(void **state)
{
	struct fds fds = { 0 };
	uint32_t peer = fds_add_inode(&fds, FDS_UNIX), own = fds_add_inode(&fds, FDS_UNIX);
	uint32_t p = fds_add_process(&fds, 10);

	(void)state;
	fds.inodes[own].peer = peer;
	fd(&fds, p, own, 3, 1);
	other(&fds, 20, peer, 4, 0);
	other(&fds, 19, peer, 4, 0);
	fds_finish(&fds, RESIDENCY_BY_MODULE);
	assert_int_equal(fds.inodes[peer].nr, 0);
	assert_int_equal(fds.inodes[own].nr, 1);
	assert_int_equal(fds.inodes[peer].nr_others, 2);
	assert_int_equal(fds.others[fds.inodes[peer].first_other].pid, 19);
	assert_int_equal(fds.inodes[own].nr_others, 0);
	fds_release(&fds);
}

static void sums_are_unknown_with_a_part(void **state)
{
	struct fds fds = { 0 };
	uint32_t one = fds_add_inode(&fds, FDS_FILE), two = fds_add_inode(&fds, FDS_FILE);

	(void)state;
	fds_add_inode(&fds, FDS_DEVICE); /* has no pages, and none is missing */
	fds.inodes[one].residency.source = RESIDENCY_BY_CACHESTAT;
	fds.inodes[one].residency.resident_bytes = 4096;
	fds.inodes[two].residency.source = RESIDENCY_BY_MODULE;
	fds.inodes[two].residency.resident_bytes = 8192;
	fds_finish(&fds, RESIDENCY_BY_MODULE);
	assert_int_equal(fds.source, RESIDENCY_BY_CACHESTAT);
	assert_int_equal(fds.resident_bytes, 12288);
	fds_release(&fds);
	fds_add_inode(&fds, FDS_FILE);
	fds_finish(&fds, RESIDENCY_BY_MINCORE);
	assert_int_equal(fds.source, RESIDENCY_BY_MINCORE);
	assert_true(fds.resident_bytes == FDS_UNKNOWN);
	fds_release(&fds);
}

/* Random descriptors, and an oracle that compares each with each. */
static void random_sharing(void **state)
{
	(void)state;
	srandom(3);
	for (int round = 0; round < 200; round++) {
		struct fds fds = { 0 };
		uint32_t inodes = 1 + random() % 6, nr = random() % 60, p = 0, total = 0;

		for (uint32_t i = 0; i < inodes; i++)
			fds_add_inode(&fds, FDS_FILE);
		for (uint32_t i = 0; i < nr; i++) {
			uint64_t identity = random() % 20;

			if (!i || random() % 10 == 0)
				p = fds_add_process(&fds, (pid_t)i + 1);
			fd(&fds, p, identity % inodes, (int)i, identity);
		}
		fds_finish(&fds, RESIDENCY_BY_MODULE);
		for (uint32_t i = 0; i < nr; i++) {
			for (uint32_t j = 0; j < nr; j++) {
				bool same = i == j || (fds.fds[i].identity &&
						       fds.fds[i].identity == fds.fds[j].identity);

				assert_int_equal(fds.fds[i].description == fds.fds[j].description,
						 same);
			}
		}
		for (uint32_t i = 0; i < fds.nr_descriptions; i++)
			total += fds.descriptions[i].nr_fds;
		assert_int_equal(total, nr);
		total = 0;
		for (uint32_t i = 0; i < inodes; i++)
			total += fds.inodes[i].nr_descriptions;
		assert_int_equal(total, fds.nr_descriptions);
		fds_release(&fds);
	}
}

static void flags_are(uint32_t flags, const char *expected)
{
	struct strbuf words = { 0 };

	fds_add_flags(&words, flags, "O_", " ");
	assert_string_equal(strbuf_text(&words), expected);
	strbuf_release(&words);
}

static void flags_have_names(void **state)
{
	(void)state;
	flags_are(O_RDWR, "");
	flags_are(O_RDONLY | 0100000 | O_CLOEXEC, ""); /* O_LARGEFILE: of every program */
	flags_are(O_WRONLY | O_APPEND | O_NONBLOCK, " O_APPEND O_NONBLOCK");
	flags_are(04010000, " O_SYNC");
	flags_are(010000, " O_DSYNC");
	flags_are(020200000 | O_RDWR, " O_TMPFILE");
	flags_are(O_DIRECTORY, " O_DIRECTORY");
	flags_are(010000000, " O_PATH");
	flags_are(0x40000000 | O_DIRECT, " O_DIRECT 010000000000");
	assert_int_equal(fds_access_of(O_RDONLY), FDS_READS);
	assert_int_equal(fds_access_of(O_WRONLY | O_APPEND), FDS_WRITES);
	assert_int_equal(fds_access_of(O_RDWR), FDS_READS | FDS_WRITES);
	assert_int_equal(fds_access_of(010000000 | O_RDWR), 0);
	assert_int_equal(fds_access_of(O_ACCMODE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_descriptions_meet_in_one_inode),
		cmocka_unit_test(one_identity_on_two_inodes_is_two),
		cmocka_unit_test(sockets_need_no_protocol_name),
		cmocka_unit_test(unknown_identities_are_never_equal),
		cmocka_unit_test(whoever_was_not_seen_may_share),
		cmocka_unit_test(peers_have_no_number),
		cmocka_unit_test(sums_are_unknown_with_a_part),
		cmocka_unit_test(random_sharing),
		cmocka_unit_test(flags_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
