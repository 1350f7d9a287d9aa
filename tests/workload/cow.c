// SPDX-License-Identifier: MIT
/* Pages that are copied when they are written to. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/workload/workload.h"

enum { PAGE = 4096, HUGE_PAGE = 2 << 20 };

/* Only written to: a read would map the page first. */
static void touch(volatile unsigned char *at, uint64_t bytes)
{
	for (uint64_t offset = 0; offset < bytes; offset += PAGE)
		at[offset] = 1;
}

/* A private mapping of --src, each page written to; --mode read: read before. */
static void cow_private(void)
{
	int in = open_source(options.src);
	volatile unsigned char sum = 0;
	struct flow *flow;
	unsigned char *at = mmap(NULL, options.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, in, 0);

	if (at == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	if (has_mode("read"))
		for (uint64_t offset = 0; offset < options.bytes; offset += PAGE)
			sum ^= at[offset];
	touch(at, options.bytes);
	flow = flow_add(place_of(in, options.src), place_memory(), 0);
	flow_hop(flow, "page_cache>anon_memory copy", (options.bytes + PAGE - 1) / PAGE * PAGE);
	flow_disk(flow, in, options.bytes);
}

/*
 * A child that writes to so much of @at.  The parent waits inside the call:
 * it writes to nothing meanwhile that the child would then have for itself.
 */
static pid_t child_that_touches(unsigned char *at, uint64_t bytes)
{
	pid_t child = syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);

	if (child < 0)
		die("clone: %s", strerror(errno));
	if (!child) {
		touch(at, bytes);
		_exit(0);
	}
	wait_for(child);
	return child;
}

/* In huge pages for --mode hugetlb and thp; a multiple of them, and touched. */
static unsigned char *cow_memory(uint64_t bytes)
{
	bool hugetlb = has_mode("hugetlb"), thp = has_mode("thp");
	struct rusage before, after;
	unsigned char *at;

	if (!hugetlb && !thp)
		return zalloc_pages(bytes);
	at = mmap(NULL, bytes + (thp ? HUGE_PAGE : 0), PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | (hugetlb ? MAP_HUGETLB : 0), -1, 0);
	if (at == MAP_FAILED)
		die("no huge pages: %s", strerror(errno));
	if (thp) {
		at += -(uintptr_t)at % HUGE_PAGE;
		if (madvise(at, bytes, MADV_HUGEPAGE))
			die("no huge pages: %s", strerror(errno));
	}
	getrusage(RUSAGE_SELF, &before);
	memset(at, 0, bytes);
	getrusage(RUSAGE_SELF, &after);
	if ((uint64_t)(after.ru_minflt - before.ru_minflt) > bytes / HUGE_PAGE + 8)
		die("the kernel gave no huge pages");
	return at;
}

/* Two children, of which the second touches --bytes more than the first. */
static void cow_fork(void)
{
	uint64_t least = has_mode("hugetlb") || has_mode("thp") ? HUGE_PAGE : PAGE;
	unsigned char *at = cow_memory(options.bytes + least);
	struct flow *flow;

	pattern_drop();
	flow = flow_add(place_memory(), place_memory(), 0);
	flow->pid = child_that_touches(at, least);
	flow = flow_add(place_memory(), place_memory(), 0);
	flow->pid = child_that_touches(at, options.bytes + least);
	flow_hop(flow, "anon_memory>anon_memory copy", options.bytes);
}

const struct workload cow_workloads[] = {
	{ "cow", cow_private, "write to a private mapping of --src", false },
	{ "cow-fork", cow_fork, "children write to --bytes of their parent's memory", false },
	{ 0 },
};
