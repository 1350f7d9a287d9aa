// SPDX-License-Identifier: MIT
/* Lines of /proc/PID/maps, as the kernel writes them. */
#include "tests/unit/check.h"

#include <string.h>

#include "util/maps.h"

static bool parse(const char *text, struct maps_line *line)
{
	static char copy[256];

	strcpy(copy, text);
	return maps_parse(copy, line);
}

static void files_have_all_fields(void **state)
{
	struct maps_line line;

	(void)state;
	assert_true(parse("7f0a1000-7f0a3000 r-xp 00001000 fe:01 1099511627777              "
			  "/usr/lib/a b.so\n",
			  &line));
	assert_int_equal(line.start, 0x7f0a1000);
	assert_int_equal(line.end, 0x7f0a3000);
	assert_string_equal(line.access, "r-xp");
	assert_int_equal(line.offset, 0x1000);
	assert_int_equal(line.major, 0xfe);
	assert_int_equal(line.minor, 1);
	assert_int_equal(line.ino, 1099511627777);
	assert_string_equal(line.path, "/usr/lib/a b.so");
}

/* The kernel escapes nothing but newlines. */
static void newlines_in_names_come_back(void **state)
{
	struct maps_line line;

	(void)state;
	assert_true(
		parse("1000-2000 rw-s 00000000 00:01 7 /tmp/a\\012b\\011\\012 (deleted)\n", &line));
	assert_string_equal(line.path, "/tmp/a\nb\\011\n (deleted)");
}

static void what_maps_no_file_is_left_out(void **state)
{
	static const char *const lines[] = {
		"1000-2000 rw-p 00000000 00:00 0 \n",
		"1000-2000 rw-p 00000000 00:00 0                          [heap]\n",
		"1000-2000 rw-p 00000000 00:00\n",
		"nonsense\n",
		"",
	};
	struct maps_line line;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(parse(lines[i], &line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_have_all_fields),
		cmocka_unit_test(newlines_in_names_come_back),
		cmocka_unit_test(what_maps_no_file_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
