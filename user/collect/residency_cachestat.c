// SPDX-License-Identifier: MIT
/*
 * cachestat(2), since Linux 6.5: sums of a range, at the cost of what is cached
 * in it.  Where the pages are is found by halving the range until it is alike
 * all through, or so short that one mincore(2) costs less.  So a sparse file
 * costs by its cached pages, not by its size.
 */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collect/residency_private.h"

#ifndef __NR_cachestat
#define __NR_cachestat 451
#endif

/* Of the kernel's <linux/mman.h>, which Debian 12's headers do not have yet. */
struct cachestat_range {
	uint64_t off, len; /* len 0: to the end */
};

struct cachestat {
	uint64_t nr_cache, nr_dirty, nr_writeback, nr_evicted, nr_recently_evicted;
};

/* Six more halvings cost more than looking at each page. */
#define LEAF_PAGES 64

struct halving {
	struct residency_reader *reader;
	struct window window;
	struct extents *extents;
};

static int ask(int fd, uint64_t offset, uint64_t length, struct cachestat *ret)
{
	struct cachestat_range range = { offset, length };

	return syscall(__NR_cachestat, fd, &range, ret, 0) ? -errno : 0;
}

static void emit(struct halving *h, uint64_t page, uint64_t pages, const struct cachestat *sums)
{
	extents_add(h->extents,
		    &(struct cs_extent){ page * RESIDENCY_PAGE, pages * RESIDENCY_PAGE,
					 (sums->nr_dirty ? CS_FOLIO_DIRTY : 0) |
						 (sums->nr_writeback ? CS_FOLIO_WRITEBACK : 0),
					 EXTENT_ORDER_UNKNOWN });
}

static bool all_or_none(uint64_t number, uint64_t all)
{
	return !number || number >= all;
}

/* All resident pages of the range are in one state: each page's bit is enough. */
static bool look_at_leaf(struct halving *h, uint64_t page, uint64_t pages,
			 const struct cachestat *sums)
{
	const unsigned char *bits = h->reader->vector;
	uint64_t resident = 0;

	if (window_look(h->reader, &h->window, page * RESIDENCY_PAGE, pages))
		return false;
	for (uint64_t i = 0; i < pages; i++)
		resident += bits[i] & 1;
	/* Changed meanwhile, or mincore() may not tell what cachestat() may. */
	if (resident != sums->nr_cache)
		return false;
	for (uint64_t i = 0; i < pages; i++)
		if (bits[i] & 1)
			emit(h, page + i, 1, sums);
	return true;
}

static bool subtract(struct cachestat *ret, const struct cachestat *all,
		     const struct cachestat *part, uint64_t pages)
{
	if (part->nr_cache > all->nr_cache || part->nr_dirty > all->nr_dirty ||
	    part->nr_writeback > all->nr_writeback || all->nr_cache - part->nr_cache > pages)
		return false; /* it changed meanwhile */
	ret->nr_cache = all->nr_cache - part->nr_cache;
	ret->nr_dirty = all->nr_dirty - part->nr_dirty;
	ret->nr_writeback = all->nr_writeback - part->nr_writeback;
	return true;
}

static int halve(struct halving *h, uint64_t page, uint64_t pages, const struct cachestat *sums)
{
	uint64_t left_pages = pages / 2, right_pages = pages - left_pages;
	struct cachestat left, right;
	bool alike = all_or_none(sums->nr_dirty, sums->nr_cache) &&
		     all_or_none(sums->nr_writeback, sums->nr_cache);
	int error;

	if (!sums->nr_cache)
		return 0;
	if (pages == 1 || (alike && sums->nr_cache >= pages)) {
		emit(h, page, pages, sums);
		return 0;
	}
	if (alike && pages <= LEAF_PAGES && look_at_leaf(h, page, pages, sums))
		return 0;
	error = ask(h->window.fd, page * RESIDENCY_PAGE, left_pages * RESIDENCY_PAGE, &left);
	if (!error && !subtract(&right, sums, &left, right_pages))
		error = ask(h->window.fd, (page + left_pages) * RESIDENCY_PAGE,
			    right_pages * RESIDENCY_PAGE, &right);
	if (!error)
		error = halve(h, page, left_pages, &left);
	return error ? error : halve(h, page + left_pages, right_pages, &right);
}

int residency_by_cachestat(struct residency_reader *reader, int fd, bool extents,
			   struct residency *ret)
{
	struct halving h = { .reader = reader, .window.fd = fd, .extents = &ret->extents };
	uint64_t pages = (ret->size_bytes + RESIDENCY_PAGE - 1) / RESIDENCY_PAGE;
	struct cachestat sums, within;
	int error = ask(fd, 0, 0, &sums);

	if (error)
		return error;
	if (extents && sums.nr_cache && pages) {
		/* What is cached may reach beyond the end: a large folio does. */
		error = ask(fd, 0, pages * RESIDENCY_PAGE, &within);
		if (!error)
			error = halve(&h, 0, pages, &within);
		window_close(&h.window);
		if (error) {
			extents_release(&ret->extents);
			return error;
		}
	}
	ret->source = RESIDENCY_BY_CACHESTAT;
	ret->has_extents = extents;
	ret->resident_bytes = sums.nr_cache * RESIDENCY_PAGE;
	ret->dirty_bytes = sums.nr_dirty * RESIDENCY_PAGE;
	ret->writeback_bytes = sums.nr_writeback * RESIDENCY_PAGE;
	ret->evicted_pages = sums.nr_evicted;
	return 0;
}
