// SPDX-License-Identifier: MIT
#include "tests/golden/compare.h"

#include <stdio.h>
#include <stdlib.h>
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

/* Compares with the file, or rewrites it; returns 0 when they are the same. */
static int check(const char *path, const char *text, size_t length, bool update)
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

/* Whatever the names are: nothing acts on the terminal, no line is too long. */
static int check_lines(const char *path, const char *text, const struct render_options *look)
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

static int run(const struct golden *golden, const char *folder, size_t which,
	       const struct golden_look *look, bool update)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	int failed;

	strbuf_printf(&path, "%s/%s.%s", folder, golden->name(which), look->ending);
	failed = golden->draw(which, look, out);
	fclose(out);
	if (look->options.width)
		failed |= check_lines(path.text, text, &look->options);
	return failed || check(path.text, text, length, update);
}

int golden_main(const struct golden *golden, int argc, char **argv)
{
	bool update = argc > 1 && !strcmp(argv[1], "--update");
	const char *folder = argv[argc - 1];
	int failures = 0, count = 0;

	if (argc < 2 + update) {
		fprintf(stderr, "usage: %s [--update] FOLDER\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < golden->nr_cases; i++)
		for (size_t j = 0; j < golden->nr_looks; j++, count++)
			failures += run(golden, folder, i, &golden->looks[j], update) ? 1 : 0;
	printf("golden: %d of %d as expected\n", count - failures, count);
	return failures ? 1 : 0;
}
