// SPDX-License-Identifier: MIT
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/humanise.h"
#include "util/json.h"
#include "util/memory.h"
#include "util/strbuf.h"
#include "util/utf8.h"

static void check_bytes(uint64_t bytes, const char *expected)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };

	humanise_bytes(&out, bytes);
	assert_string_equal(out.text, expected);
}

static void humanise_keeps_three_digits(void **state)
{
	(void)state;
	check_bytes(0, "0 B");
	check_bytes(512, "512 B");
	check_bytes(1023, "1023 B");
	check_bytes(1024, "1.00 KiB");
	check_bytes(65536, "64.0 KiB");
	check_bytes(102400, "100 KiB");
	check_bytes(1023 * 1024, "1023 KiB");
	check_bytes(MIB - 1, "1.00 MiB"); /* not 1024 KiB */
	check_bytes((uint64_t)1 << 30, "1.00 GiB");
	check_bytes(UINT64_MAX, "16.0 EiB");
}

static void check_count(uint64_t count, const char *expected)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };

	humanise_count(&out, count);
	assert_string_equal(out.text, expected);
}

static void humanise_groups_digits(void **state)
{
	(void)state;
	check_count(0, "0");
	check_count(999, "999");
	check_count(1024, "1 024");
	check_count(1234567, "1 234 567");
	check_count(UINT64_MAX, "18 446 744 073 709 551 615");
}

static void check_terminal(const char *bytes, bool utf8, const char *expected)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };

	escape_terminal(&out, bytes, strlen(bytes), utf8);
	assert_string_equal(strbuf_text(&out), expected);
}

static void terminal_gets_nothing_that_acts(void **state)
{
	(void)state;
	check_terminal("/srv/plain", true, "/srv/plain");
	check_terminal("\033]0;x\a\n", true, "\\x1b]0;x\\x07\\x0a");
	check_terminal("\x7f\t\r", true, "\\x7f\\x09\\x0d");
	check_terminal("gr\xc3\xbc\xc3\x9f", true, "gr\xc3\xbc\xc3\x9f");
	check_terminal("gr\xc3\xbc", false, "gr\\xc3\\xbc");
	check_terminal("\xff\xfe", true, "\\xff\\xfe");
	check_terminal("\xc0\xaf", true, "\\xc0\\xaf"); /* overlong */
	check_terminal("\xed\xa0\x80", true, "\\xed\\xa0\\x80"); /* surrogate */
	check_terminal("\xf4\x90\x80\x80", true, "\\xf4\\x90\\x80\\x80"); /* too large */
	check_terminal("\xc2\x9b"
		       "2J",
		       true, "\\xc2\\x9b2J"); /* C1: CSI */
	check_terminal("a\xe2\x80\xae"
		       "b",
		       true, "a\\xe2\\x80\\xaeb"); /* bidi override */
	check_terminal("a\xe2\x80\x8b", true, "a\\xe2\\x80\\x8b"); /* zero width */
	check_terminal("\xe2\x80\xa8", true, "\\xe2\\x80\\xa8"); /* line separator */
	check_terminal("\xe2\x82", true, "\\xe2\\x82"); /* cut off */
	check_terminal("\xe3\x85\xa4", true, "\\xe3\\x85\\xa4"); /* a letter that draws nothing */
	check_terminal("\xef\xb8\x8f", true, "\\xef\\xb8\\x8f"); /* variation selector */
	check_terminal("\xf0\x9d\x85\xb3", true, "\\xf0\\x9d\\x85\\xb3"); /* format: beam */
	check_terminal("\xee\x80\x80", true, "\\xee\\x80\\x80"); /* private use */
	check_terminal("a\\x1b", true, "a\\\\x1b"); /* no passing for ours */
}

static void check_json(const char *bytes, const char *expected)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };

	escape_json(&out, bytes, strlen(bytes));
	assert_string_equal(strbuf_text(&out), expected);
}

static void json_strings_are_utf8(void **state)
{
	(void)state;
	check_json("", "");
	check_json("a\"b\\c", "a\\\"b\\\\c");
	check_json("\n\t\033\x7f", "\\n\\t\\u001b\\u007f");
	check_json("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
	check_json("\xff"
		   "a\xfe",
		   "\\ufffda\\ufffd");
	check_json("\xc2\x9b", "\\u009b");
	check_json("\xe2\x82", "\\ufffd\\ufffd");
}

static void json_does_the_commas(void **state)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	struct json json;

	(void)state;
	json_begin(&json, out);
	json_open(&json, NULL, '{');
	json_number(&json, "n", UINT64_MAX);
	json_open(&json, "a", '[');
	json_string(&json, NULL, "x");
	json_string(&json, NULL, NULL);
	json_open(&json, NULL, '{');
	json_close(&json, '}');
	json_bool(&json, NULL, true);
	json_close(&json, ']');
	json_newline(&json);
	json_real(&json, "r", 2);
	json_real(&json, "s", 0.5);
	json_real(&json, "nan", __builtin_nan(""));
	json_close(&json, '}');
	assert_int_equal(json_end(&json), 0);
	fclose(out);
	assert_string_equal(text, "{\"n\": 18446744073709551615, "
				  "\"a\": [\"x\", null, {}, true],\n"
				  "\"r\": 2.0, \"s\": 0.5, \"nan\": null}\n");
	free(text);
}

static void json_reports_a_full_disk(void **state)
{
	FILE *out = fopen("/dev/full", "w");
	struct json json;

	(void)state;
	if (!out)
		skip();
	json_begin(&json, out);
	json_string(&json, NULL, "x");
	assert_true(json_end(&json) < 0);
	fclose(out);
}

static void check_shortened(const char *text, size_t width, bool utf8, const char *expected)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };

	shorten_middle(&out, text, width, utf8);
	assert_string_equal(strbuf_text(&out), expected);
	assert_true(utf8_width(strbuf_text(&out)) <= width);
}

static void shortening_keeps_both_ends(void **state)
{
	(void)state;
	check_shortened("/short", 10, true, "/short");
	check_shortened("0123456789", 10, true, "0123456789");
	check_shortened("0123456789", 7, true, "01…6789");
	check_shortened("0123456789", 9, false, "01...6789");
	check_shortened("0123456789", 1, true, "0");
	check_shortened("0123456789", 0, true, "");
	/* Characters that take two columns are not cut in half. */
	check_shortened("\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2", 6, true,
			"…\xe6\xbc\xa2\xe6\xbc\xa2");
}

static void widths(void **state)
{
	(void)state;
	assert_int_equal(utf8_width("abc"), 3);
	assert_int_equal(utf8_width("──▶"), 3);
	assert_int_equal(utf8_width("\xe6\xbc\xa2"), 2);
	assert_int_equal(utf8_width("e\xcc\x81"), 1);
	assert_int_equal(utf8_width("\xf0\x9f\x98\x80"), 2); /* a face */
	assert_int_equal(utf8_width("\xe0\xb9\x84\xe0\xb8\x97\xe0\xb8\xa2\xe0\xb8\xb5\xe0\xb9\x88"),
			 3); /* Thai, two marks */
}

static void arenas_keep_what_they_gave(void **state)
{
	struct arena arena = { 0 };
	char *texts[2000];
	char *large = arena_alloc(&arena, 1 << 20);

	(void)state;
	memset(large, 'x', 1 << 20);
	for (int i = 0; i < 2000; i++)
		texts[i] = arena_printf(&arena, "text %d of many", i);
	for (int i = 0; i < 2000; i++)
		assert_int_equal(atoi(texts[i] + 5), i);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(humanise_keeps_three_digits),
		cmocka_unit_test(humanise_groups_digits),
		cmocka_unit_test(terminal_gets_nothing_that_acts),
		cmocka_unit_test(json_strings_are_utf8),
		cmocka_unit_test(json_does_the_commas),
		cmocka_unit_test(json_reports_a_full_disk),
		cmocka_unit_test(shortening_keeps_both_ends),
		cmocka_unit_test(widths),
		cmocka_unit_test(arenas_keep_what_they_gave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
