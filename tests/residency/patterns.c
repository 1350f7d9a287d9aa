// SPDX-License-Identifier: MIT
/*
 * patterns FILE REAL SEED ROUNDS: make random patterns of cached pages in FILE,
 * and after each compare what the module tells with mincore(2), page for page,
 * and with cachestat(2), in totals. REAL is FILE, or the file that owns its
 * pages, as cachestat(2) does not look below an overlay. Prints one line and
 * exits with 0 if all agreed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include <unistd.h>

#include "abi/residency.h"

#ifndef __NR_cachestat
#define __NR_cachestat 451
#endif

#define PAGE 4096ull
#define PAGES_MAX 4096ull
#define HUGE_PAGE (2ull << 20)
#define HUGE_PAGES_MAX (PAGES_MAX * PAGE / HUGE_PAGE)
#define TRIES 1000

/* Of the kernel's <linux/mman.h>, which Debian 12's headers do not have yet. */
struct cachestat_range {
	uint64_t off, len;
};

struct cachestat {
	uint64_t nr_cache, nr_dirty, nr_writeback, nr_evicted, nr_recently_evicted;
};

static int file, real, module;
static const char *path;
static bool huge; /* hugetlbfs: read() and mincore(2) are not what they are elsewhere */
static unsigned char *mapped; /* of hugetlbfs: all of the file */
static unsigned long long seen_pages, seen_dirty, seen_filling, seen_evicted, compared_totals;
static char buffer[64 * PAGE];

static void die(const char *what)
{
	fprintf(stderr, "patterns: %s: %s: %s\n", path, what, strerror(errno));
	exit(2);
}

static uint64_t size_of_file(void)
{
	struct stat st;

	if (fstat(file, &st))
		die("fstat");
	return st.st_size;
}

static uint64_t random_below(uint64_t limit)
{
	return limit ? (uint64_t)random() % limit : 0;
}

/* One question to the module, of all or of what fits; states by page. */
struct answer {
	uint64_t resident, dirty, writeback, filling, evicted; /* bytes; pages */
	unsigned char pages[PAGES_MAX]; /* 0, or 1 + state */
};

static void take_extent(struct answer *ret, const struct cs_extent *extent)
{
	uint64_t first = extent->offset / PAGE, count = extent->length / PAGE;

	if (first + count > PAGES_MAX || !count) {
		fprintf(stderr, "patterns: an extent beyond the file\n");
		exit(1);
	}
	for (uint64_t i = first; i < first + count; i++) {
		if (ret->pages[i]) {
			fprintf(stderr, "patterns: page %llu was told twice\n",
				(unsigned long long)i);
			exit(1);
		}
		ret->pages[i] = 1 + extent->state;
	}
}

static void ask_module(struct answer *ret, uint32_t capacity)
{
	static struct cs_extent extents[64];
	struct cs_residency q = { 0 };
	uint64_t offset = 0;

	memset(ret, 0, sizeof(*ret));
	do {
		q = (struct cs_residency){
			.size = sizeof(q),
			.fd = file,
			.offset = offset,
			.extents = (uintptr_t)extents,
			.capacity = capacity,
		};
		if (ioctl(module, CS_RESIDENCY, &q))
			die("CS_RESIDENCY");
		for (uint32_t i = 0; i < q.count; i++)
			take_extent(ret, &extents[i]);
		ret->resident += q.resident;
		ret->dirty += q.dirty;
		ret->writeback += q.writeback;
		ret->evicted += q.evicted;
		ret->filling += q.filling;
		offset = q.next;
	} while (offset);
}

static void ask_mincore(unsigned char *bits, uint64_t size)
{
	void *at = huge ? mapped : mmap(NULL, size, PROT_NONE, MAP_SHARED, file, 0);

	if (at == MAP_FAILED)
		die("mmap");
	if (mincore(at, size, bits))
		die("mincore");
	if (!huge)
		munmap(at, size);
}

static int ask_cachestat(struct cachestat *ret, uint64_t size)
{
	struct cachestat_range range = { 0, size };

	if (!syscall(__NR_cachestat, real, &range, ret, 0))
		return 0;
	if (errno != ENOSYS && !(huge && errno == EOPNOTSUPP))
		die("cachestat");
	return -errno;
}

static int differ(const char *what, unsigned long long got, unsigned long long expected)
{
	if (got == expected)
		return 0;
	fprintf(stderr, "patterns: %s: %llu, not %llu\n", what, got, expected);
	return 1;
}

/* Compares, when nothing has changed between the module's two answers. */
static int compare(void)
{
	static struct answer before, after;
	static unsigned char bits[PAGES_MAX];
	uint64_t size = (size_of_file() + PAGE - 1) & ~(PAGE - 1), resident = 0, in_core = 0;
	struct cachestat sums;
	bool has_sums = false;
	int bad = 0;

	for (int i = 0;; i++) {
		ask_module(&before, 1 + random_below(64));
		memset(bits, 0, sizeof(bits));
		if (size) {
			ask_mincore(bits, size);
			has_sums = !ask_cachestat(&sums, size);
		}
		ask_module(&after, 1 + random_below(64));
		if (!memcmp(&before, &after, sizeof(before)))
			break;
		if (i == TRIES) {
			fprintf(stderr, "patterns: it never stops to change\n");
			return 1;
		}
	}
	for (uint64_t i = 0; i < PAGES_MAX; i++) {
		bool here = after.pages[i] && !((after.pages[i] - 1) & CS_FOLIO_FILLING);

		resident += !!after.pages[i];
		in_core += bits[i] & 1;
		if (here != (bits[i] & 1)) {
			fprintf(stderr, "patterns: page %llu: %d, mincore %d\n",
				(unsigned long long)i, here, bits[i] & 1);
			bad = 1;
		}
	}
	bad |= differ("the sum of the extents", resident * PAGE, after.resident);
	/* One story: mincore(2) counts what is up to date, the two others all. */
	bad |= differ("up to date", after.resident - after.filling, in_core * PAGE);
	if (has_sums) {
		bad |= differ("resident", after.resident, sums.nr_cache * PAGE);
		bad |= differ("dirty", after.dirty, sums.nr_dirty * PAGE);
		bad |= differ("writeback", after.writeback, sums.nr_writeback * PAGE);
		bad |= differ("evicted", after.evicted, sums.nr_evicted);
		compared_totals++;
	}
	ask_module(&before, 0);
	bad |= differ("resident in totals alone", before.resident, after.resident);
	seen_pages += resident;
	seen_dirty += after.dirty / PAGE;
	seen_filling += after.filling / PAGE;
	seen_evicted += after.evicted;
	return bad;
}

static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	sync();
	if (fd < 0 || write(fd, "3", 1) != 1)
		die("drop_caches");
	close(fd);
}

static void read_or_write(bool writes)
{
	uint64_t at = random_below(PAGES_MAX * PAGE - sizeof(buffer));
	size_t length = 1 + random_below(random_below(4) ? 3 * PAGE : sizeof(buffer));

	if (!writes && pread(file, buffer, length, at) < 0)
		die("pread");
	if (writes && pwrite(file, buffer, length, at) != (ssize_t)length)
		die("pwrite");
}

static void punch_hole(uint64_t unit, uint64_t units)
{
	if (fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, unit * random_below(units),
		      unit * (1 + random_below(units / 8))))
		die("fallocate");
}

/* Cuts the file within a page that is not cached, then makes it longer: into a hole. */
static void cut_cold_page(void)
{
	uint64_t cut = random_below(size_of_file());

	if (fsync(file))
		die("fsync");
	posix_fadvise(file, cut / PAGE * PAGE, PAGE, POSIX_FADV_DONTNEED);
	if (ftruncate(file, cut) || ftruncate(file, cut + random_below(PAGES_MAX * PAGE - cut)))
		die("ftruncate");
}

static void random_step(void)
{
	switch (random_below(16)) {
	case 0:
	case 1:
		if (ftruncate(file, random_below(PAGES_MAX * PAGE)))
			die("ftruncate");
		break;
	case 2:
	case 3:
		punch_hole(random_below(2) ? PAGE : PAGE / 4, PAGES_MAX);
		break;
	case 4:
		drop_caches();
		break;
	case 5:
		if (fsync(file))
			die("fsync");
		break;
	case 7:
		cut_cold_page();
		break;
	case 6: /* what is clean goes */
		posix_fadvise(file, 0, random_below(PAGES_MAX) * PAGE, POSIX_FADV_DONTNEED);
		break;
	default:
		read_or_write(random_below(2));
	}
}

/*
 * mincore(2) knows pages of hugetlbfs that were touched through the mapping, so
 * all that come to be come by that.
 */
static void random_huge_step(void)
{
	uint64_t pages = size_of_file() / HUGE_PAGE;

	switch (random_below(8)) {
	case 0:
		if (ftruncate(file, HUGE_PAGE * random_below(HUGE_PAGES_MAX + 1)))
			die("ftruncate");
		break;
	case 1:
		punch_hole(HUGE_PAGE, HUGE_PAGES_MAX);
		break;
	case 2:
		drop_caches();
		break;
	default:
		if (pages)
			mapped[random_below(pages) * HUGE_PAGE] = 1;
	}
}

static void open_all(const char *real_path)
{
	struct statfs fs;

	module = open(CS_RESIDENCY_PATH, O_RDWR);
	if (module < 0)
		die(CS_RESIDENCY_PATH);
	file = open(path, O_RDWR | O_CREAT, 0600);
	if (file < 0 || fstatfs(file, &fs))
		die("open");
	real = open(real_path, O_RDWR);
	if (real < 0)
		die(real_path);
	huge = fs.f_type == HUGETLBFS_MAGIC;
	if (!huge)
		return;
	if (ftruncate(file, HUGE_PAGES_MAX * HUGE_PAGE))
		die("ftruncate");
	mapped = mmap(NULL, PAGES_MAX * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (mapped == MAP_FAILED)
		die("mmap");
}

int main(int argc, char **argv)
{
	long rounds;

	if (argc != 5 || (rounds = strtol(argv[4], NULL, 10)) < 1) {
		fprintf(stderr, "usage: patterns FILE REAL SEED ROUNDS\n");
		return 2;
	}
	path = argv[1];
	srandom(strtoul(argv[3], NULL, 10));
	memset(buffer, 'x', sizeof(buffer));
	open_all(argv[2]);
	for (long round = 1; round <= rounds; round++) {
		for (uint64_t steps = 1 + random_below(5); steps; steps--)
			huge ? random_huge_step() : random_step();
		if (compare()) {
			fprintf(stderr, "patterns: %s: round %ld\n", path, round);
			return 1;
		}
	}
	printf("rounds %ld pages %llu dirty %llu filling %llu evicted %llu totals %llu\n", rounds,
	       seen_pages, seen_dirty, seen_filling, seen_evicted, compared_totals);
	return 0;
}
