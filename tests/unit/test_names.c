// SPDX-License-Identifier: MIT
/* Endpoints, processes and calls by their names; filters on the names. */
#include "tests/unit/check.h"

#include <string.h>

#include "model/names.h"

struct names {
	struct fixture fixture;
	struct arena arena;
};

static struct report_endpoint name(struct names *names, uint32_t index)
{
	return name_endpoint(&names->fixture.recording, index, &names->arena);
}

static int begin(void **state)
{
	struct names *names = test_calloc(1, sizeof(*names));

	fixture_begin(&names->fixture);
	*state = names;
	return 0;
}

static int end(void **state)
{
	struct names *names = *state;

	fixture_end(&names->fixture);
	arena_free(&names->arena);
	test_free(names);
	return 0;
}

static void paths_are_turned_round(void **state)
{
	struct names *names = *state;
	uint32_t file = fixture_file(&names->fixture, "/srv/a/film.mp4");
	struct report_endpoint endpoint = name(names, file);

	assert_string_equal(endpoint.path, "/srv/a/film.mp4");
	assert_int_equal(endpoint.dev_major, 254);
	assert_int_equal(endpoint.dev_minor, 0);
	assert_false(endpoint.deleted);
	fixture_endpoint(&names->fixture, file)->flags |= CS_ENDPOINT_DELETED;
	assert_true(name(names, file).deleted);
	fixture_endpoint(&names->fixture, file)->flags |= CS_ENDPOINT_PATH_CUT;
	assert_true(name(names, file).path_cut);
}

static void paths_may_be_full_or_without_end(void **state)
{
	struct names *names = *state;
	uint32_t file = fixture_other(&names->fixture, CS_KIND_FILE, NULL);
	struct cs_endpoint *endpoint = fixture_endpoint(&names->fixture, file);

	memset(endpoint->path, 'x', CS_PATH_BYTES);
	endpoint->path_bytes = UINT16_MAX;
	assert_int_equal(strlen(name(names, file).path), CS_PATH_BYTES + 1);
	memset(endpoint->path, 0, CS_PATH_BYTES);
	assert_int_equal(strlen(name(names, file).path), CS_PATH_BYTES);
	endpoint->path_bytes = 1;
	assert_string_equal(name(names, file).path, "/");
	endpoint->path_bytes = 0;
	assert_null(name(names, file).path);
}

static void a_renamed_file_has_a_first_path(void **state)
{
	struct names *names = *state;
	uint32_t file = fixture_file(&names->fixture, "/srv/new");
	struct cs_endpoint *endpoint = fixture_endpoint(&names->fixture, file);

	assert_null(name(names, file).first_path);
	memcpy(endpoint->path + CS_FIRST_PATH, "old\0srv", 8);
	endpoint->first_bytes = 8;
	assert_string_equal(name(names, file).path, "/srv/new");
	assert_string_equal(name(names, file).first_path, "/srv/old");
	memcpy(endpoint->path + CS_FIRST_PATH, "new", 3);
	assert_null(name(names, file).first_path);
	memset(endpoint->path + CS_FIRST_PATH, 'x', CS_PATH_BYTES - CS_FIRST_PATH);
	endpoint->first_bytes = UINT16_MAX;
	assert_int_equal(strlen(name(names, file).first_path), CS_PATH_BYTES - CS_FIRST_PATH + 1);
}

static void addresses(void **state)
{
	struct names *names = *state;
	uint32_t four = fixture_tcp(&names->fixture, "10.0.0.1", 80, "10.0.0.2", 51234);
	uint32_t six = fixture_tcp(&names->fixture, "::1", 80, "fe80::1", 1);
	uint32_t mapped = fixture_tcp(&names->fixture, "::ffff:10.0.0.1", 80, "::", 0);

	assert_string_equal(name(names, four).local, "10.0.0.1:80");
	assert_string_equal(name(names, four).peer, "10.0.0.2:51234");
	assert_string_equal(name(names, six).local, "[::1]:80");
	assert_string_equal(name(names, six).peer, "[fe80::1]:1");
	assert_string_equal(name(names, mapped).local, "10.0.0.1:80");
	assert_null(name(names, mapped).peer);
}

static void unix_sockets_and_pipes(void **state)
{
	struct names *names = *state;
	uint32_t index = fixture_other(&names->fixture, CS_KIND_UNIX, NULL);
	struct cs_endpoint *endpoint = fixture_endpoint(&names->fixture, index);

	assert_null(name(names, index).path);
	memcpy(endpoint->path, "\0ab\0c", 5);
	endpoint->path_bytes = 5;
	assert_string_equal(name(names, index).path, "@ab@c");
	memcpy(endpoint->path, "/run/x\0\0", 8);
	endpoint->path_bytes = 8;
	assert_string_equal(name(names, index).path, "/run/x");
	index = fixture_other(&names->fixture, CS_KIND_PIPE, NULL);
	fixture_endpoint(&names->fixture, index)->inode.ino = 77;
	assert_string_equal(name(names, index).path, "pipe:[77]");
}

static void what_is_not_in_the_table(void **state)
{
	struct names *names = *state;

	assert_true(name(names, CS_MEMORY).resolved);
	assert_false(name(names, CS_UNRESOLVED).resolved);
	assert_int_equal(name(names, CS_UNRESOLVED).kind, CS_KIND_MEMORY);
	assert_false(name(names, CS_LOST_ENDPOINT).known);
	assert_false(name(names, 12345).known);
}

static void an_inode_that_was_not_described(void **state)
{
	struct names *names = *state;
	uint32_t index = fixture_file(&names->fixture, "/not/yet");

	fixture_endpoint(&names->fixture, index)->flags = 0;
	assert_true(name(names, index).known);
	assert_null(name(names, index).path);
	assert_true(name(names, index).has_inode);
}

static void processes(void **state)
{
	struct names *names = *state;
	uint32_t full = fixture_process(&names->fixture, 7, "0123456789abcdef");
	const struct recording *recording = &names->fixture.recording;

	assert_string_equal(name_process(recording, full, &names->arena).comm, "0123456789abcdef");
	assert_int_equal(name_process(recording, full, &names->arena).pid, 7);
	assert_string_equal(name_process(recording, 0, &names->arena).comm, "kernel");
	assert_false(name_process(recording, 99, &names->arena).known);
}

static void calls(void **state)
{
	struct names *names = *state;

	assert_string_equal(name_call(NR_READ, &names->arena), "read");
	assert_string_equal(name_call(NR_SENDFILE, &names->arena), "sendfile64");
	assert_string_equal(name_call(NR_COPY_FILE_RANGE, &names->arena), "copy_file_range");
	assert_string_equal(name_call(CS_CALL_FAULT, &names->arena), "fault");
	assert_string_equal(name_call(CS_CALL_KERNEL, &names->arena), "kernel");
	assert_string_equal(name_call(CS_CALL_REQUEST, &names->arena), "io_uring:nop");
	assert_string_equal(name_call(REQUEST_READ, &names->arena), "io_uring:read");
	assert_string_equal(name_call(REQUEST_SEND_ZC, &names->arena), "io_uring:send_zc");
	assert_string_equal(name_call(CS_CALL_REQUEST | 0xff, &names->arena), "io_uring:op_255");
	assert_string_equal(name_call(999, &names->arena), "syscall_999");
	assert_string_equal(name_call(260, &names->arena), "fchownat");
	assert_string_equal(name_call(188, &names->arena), "setxattr");
	assert_string_equal(name_call(CS_CALL_REQUEST | 62, &names->arena), "io_uring:pipe");
	/* Up to the first ones that are for other architectures, and from the last of them on. */
	for (uint16_t call = 0; call <= 472; call++)
		if (call <= 336 || call >= 424)
			assert_memory_not_equal(name_call(call, &names->arena), "syscall_", 8);
}

static bool matches(struct names *names, uint32_t index, const char *pattern)
{
	struct report_endpoint endpoint = name(names, index);
	struct filter filter;

	assert_null(filter_parse(&filter, pattern));
	return filter_matches(&filter, &endpoint);
}

static void filters_match(void **state)
{
	struct names *names = *state;
	uint32_t file = fixture_file(&names->fixture, "/srv/a/film.mp4");
	uint32_t tcp = fixture_tcp(&names->fixture, "::1", 80, "::1", 5000);
	uint32_t pipe = fixture_other(&names->fixture, CS_KIND_PIPE, NULL);

	fixture_endpoint(&names->fixture, pipe)->inode.ino = 77;
	assert_true(matches(names, file, "file"));
	assert_false(matches(names, file, "tcp"));
	assert_true(matches(names, file, "file:/srv/*"));
	assert_true(matches(names, file, "/srv/*.mp4"));
	assert_true(matches(names, file, "*film*"));
	assert_true(matches(names, file, "/srv/[a-c]/film.mp?"));
	assert_false(matches(names, file, "/srv/[!a-c]/*"));
	assert_false(matches(names, file, "file:/srv"));
	assert_false(matches(names, file, "tcp:*"));
	assert_true(matches(names, tcp, "tcp:*:80"));
	assert_true(matches(names, tcp, "tcp:*:5000"));
	assert_false(matches(names, tcp, "tcp:*:8"));
	assert_true(matches(names, tcp, "tcp:[::1]:*"));
	assert_true(matches(names, tcp, "[::1]:80"));
	assert_true(matches(names, pipe, "pipe:[77]"));
	assert_true(matches(names, CS_MEMORY, "memory"));
	assert_true(matches(names, CS_UNRESOLVED, "memory"));
	assert_false(matches(names, CS_LOST_ENDPOINT, "*"));
	/* Many stars take no time to speak of. */
	assert_false(matches(names, file, "*a*a*a*a*a*a*a*a*a*a*a*a*b"));
}

static void filters_say_what_is_wrong(void **state)
{
	struct filter filter;

	(void)state;
	assert_non_null(filter_parse(&filter, ""));
	assert_non_null(filter_parse(&filter, "tpc"));
	assert_non_null(filter_parse(&filter, "sctp:*"));
	assert_non_null(filter_parse(&filter, "tcp:"));
	assert_null(filter_parse(&filter, "/a[b"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(paths_are_turned_round),
		TEST(paths_may_be_full_or_without_end),
		TEST(a_renamed_file_has_a_first_path),
		TEST(addresses),
		TEST(unix_sockets_and_pipes),
		TEST(what_is_not_in_the_table),
		TEST(an_inode_that_was_not_described),
		TEST(processes),
		TEST(calls),
		TEST(filters_match),
		TEST(filters_say_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
