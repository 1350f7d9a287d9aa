/* SPDX-License-Identifier: MIT */
/* One line of /proc/PID/maps. */
#ifndef UTIL_MAPS_H
#define UTIL_MAPS_H

#include <stdbool.h>

struct maps_line {
	unsigned long long start, end, offset, ino;
	unsigned int major, minor;
	char access[5];
	char *path; /* in the text of the line: a name, "[heap]" or empty */
};

/* Takes the line apart, and changes its text for that. False if it maps no file. */
bool maps_parse(char *text, struct maps_line *ret);

#endif
