// SPDX-License-Identifier: MIT
#include "util/humanise.h"

#include <stdio.h>

void humanise_bytes(struct strbuf *out, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	size_t unit = 0;
	double value = (double)bytes;
	int decimals = 0;

	if (bytes < 1024) {
		strbuf_printf(out, "%u B", (unsigned int)bytes);
		return;
	}
	/* Not 1024: what would be printed as 1024 belongs to the next unit. */
	while (value >= 1023.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	/* Three digits that matter, whatever the unit. */
	if (value < 99.95)
		decimals = value < 9.995 ? 2 : 1;
	strbuf_printf(out, "%.*f %s", decimals, value, units[unit]);
}

void humanise_count(struct strbuf *out, uint64_t count)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			strbuf_putc(out, ' ');
		strbuf_putc(out, digits[i]);
	}
}
