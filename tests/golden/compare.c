// SPDX-License-Identifier: MIT
#include "tests/golden/compare.h"

#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/strbuf.h"
#include "util/utf8.h"

static int read_file(const char *path, struct strbuf *ret)
{
	_cleanup_fclose_ FILE *file = fopen(path, "r");
	char block[4096];
	size_t length;

	if (!file)
		return -1;
	while ((length = fread(block, 1, sizeof(block), file)))
		strbuf_add(ret, block, length);
	return 0;
}

static int write_file(const char *path, const char *bytes, size_t length)
{
	_cleanup_fclose_ FILE *file = fopen(path, "w");

	return file && fwrite(bytes, 1, length, file) == length ? 0 : -1;
}

int golden_check(const char *path, const char *text, size_t length, bool update)
{
	_cleanup_strbuf_ struct strbuf expected = { 0 };

	if (update)
		return write_file(path, text, length);
	if (read_file(path, &expected)) {
		printf("%s: missing\n", path);
		return -1;
	}
	if (expected.length == length && !memcmp(strbuf_text(&expected), text, length))
		return 0;
	printf("%s differs; what came out:\n%s\n", path, text);
	return -1;
}

int golden_check_lines(const char *path, const char *text, const struct render_options *look)
{
	int failures = 0;

	while (*text) {
		size_t length = strcspn(text, "\n");
		_cleanup_strbuf_ struct strbuf line = { 0 };

		strbuf_add(&line, text, length);
		if (!look->colour && utf8_width(line.text) > look->width && ++failures)
			printf("%s: too wide: %s\n", path, line.text);
		for (size_t i = 0; i < length; i++)
			if ((unsigned char)text[i] < ' ' && !(look->colour && text[i] == '\033'))
				failures++;
		text += length + (text[length] == '\n');
	}
	return failures;
}
