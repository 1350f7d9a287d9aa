// SPDX-License-Identifier: MIT
/* Memory that the kernel clears before this process gets it. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/workload/workload.h"

enum { PAGE = 4096, HUGE_PAGE = 2 << 20 };

/* --mode populate: all at once; thp: in huge pages; else by a fault for each page. */
static void zero(void)
{
	bool thp = has_mode("thp");
	unsigned char *at = mmap(NULL, options.bytes + HUGE_PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	at += -(uintptr_t)at % HUGE_PAGE;
	if (madvise(at, options.bytes, thp ? MADV_HUGEPAGE : MADV_NOHUGEPAGE))
		die("madvise: %s", strerror(errno));
	if (has_mode("populate") && madvise(at, options.bytes, MADV_POPULATE_WRITE))
		die("madvise: %s", strerror(errno));
	window_open();
	for (uint64_t i = 0; i < options.bytes; i += PAGE)
		*(volatile unsigned char *)(at + i) = 1;
	window_close(0);
}

const struct workload zero_workloads[] = {
	{ "zero", zero, "store to --bytes of new memory", false },
	{ 0 },
};
