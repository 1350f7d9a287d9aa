// SPDX-License-Identifier: MIT
#include "util/maps.h"

#include <stdio.h>
#include <string.h>

/* A newline is written as \012. */
static void unescape(char *path)
{
	char *to = path;

	for (; *path; path++) {
		if (!strncmp(path, "\\012", 4)) {
			*to++ = '\n';
			path += 3;
		} else {
			*to++ = *path;
		}
	}
	*to = 0;
}

bool maps_parse(char *text, struct maps_line *ret)
{
	int at = 0;

	text[strcspn(text, "\n")] = 0;
	if (sscanf(text, "%llx-%llx %4s %llx %x:%x %llu %n", &ret->start, &ret->end, ret->access,
		   &ret->offset, &ret->major, &ret->minor, &ret->ino, &at) != 7)
		return false;
	ret->path = text + at;
	unescape(ret->path);
	return ret->ino;
}
