// SPDX-License-Identifier: GPL-2.0
/* The walk through one inode's page cache, for the listing and for single files. */
#include <linux/backing-dev.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "copyscope.h"

#define FOLIOS_AT_ONCE 512 /* under the lock of the page cache, interrupts are off */
#define FOLIOS_BRIEFLY 8 /* the same, under the locks of a caller */

/* Folios of one state and order that follow each other. */
struct run {
	u64 page, pages;
	u32 state, order;
};

struct walker {
	struct cs_walk *walk;
	struct xa_state xas;
	struct run run; /* not yet in the answer */
	u64 unseen; /* pages before it are in the answer, or outside of the range */
	unsigned long last; /* index */
	unsigned int index_order; /* pages of an index */
	bool can_write_back;
};

/* Its bits of enum cs_folio_state. The page cache is locked. */
static u32 folio_state(struct folio *folio, bool can_write_back, bool skip_mapped)
{
	u32 state = 0;

	/* Where nothing is ever written, the flag says only that there are data. */
	if (can_write_back && folio_test_dirty(folio))
		state |= CS_FOLIO_DIRTY;
	if (folio_test_writeback(folio))
		state |= CS_FOLIO_WRITEBACK;
	if (folio_test_active(folio))
		state |= CS_FOLIO_ACTIVE;
	if (folio_test_referenced(folio))
		state |= CS_FOLIO_REFERENCED;
	if (!skip_mapped && folio_mapped(folio))
		state |= CS_FOLIO_MAPPED;
	if (!folio_test_uptodate(folio))
		state |= CS_FOLIO_FILLING;
	return state;
}

/* Tells the run, for which there is room. */
static void end_run(struct cs_walk *walk, struct run *run)
{
	if (!run->pages)
		return;
	if (walk->capacity)
		walk->extents[walk->count++] = (struct cs_extent){
			.offset = run->page << PAGE_SHIFT,
			.length = run->pages << PAGE_SHIFT,
			.state = run->state,
			.order = run->order,
		};
	walk->resident += run->pages;
	if (run->state & CS_FOLIO_DIRTY)
		walk->dirty += run->pages;
	if (run->state & CS_FOLIO_WRITEBACK)
		walk->writeback += run->pages;
	if (run->state & CS_FOLIO_MAPPED)
		walk->mapped += run->pages;
	if (run->state & CS_FOLIO_FILLING)
		walk->filling += run->pages;
	run->pages = 0;
}

/*
 * The part of what is there that lies in the range and was not seen: its first page,
 * and how many. While the page cache was not locked, a large folio may have come
 * where smaller ones were seen.
 */
static u64 see_pages(struct walker *w, u64 *page, u64 pages)
{
	u64 first = max(*page, w->unseen), last = min(*page + pages - 1, w->walk->last);

	w->unseen = max(w->unseen, *page + pages);
	*page = first;
	return last < first ? 0 : last - first + 1;
}

/* A folio at this page or around it; false if there is no room for its run. */
static bool see_folio(struct walker *w, struct folio *folio, u64 page)
{
	u32 state = folio_state(folio, w->can_write_back, w->walk->skip_mapped);
	u32 order = folio_order(folio);
	struct run *run = &w->run;
	u64 pages = 1;

	if (order) {
		page = round_down(page, 1ULL << order);
		pages = see_pages(w, &page, 1ULL << order);
		if (!pages)
			return true;
	} else {
		w->unseen = page + 1;
	}
	if (run->pages && run->page + run->pages == page && run->state == state &&
	    run->order == order) {
		run->pages += pages;
		return true;
	}
	end_run(w->walk, run);
	if (w->walk->capacity && w->walk->count == w->walk->capacity) {
		w->walk->next = page;
		return false;
	}
	*run = (struct run){ page, pages, state, order };
	return true;
}

static void see_evicted(struct walker *w)
{
	u64 pages = (u64)cs_entry_pages(&w->xas) << w->index_order;
	u64 page = round_down((u64)w->xas.xa_index << w->index_order, pages);

	w->walk->evicted += see_pages(w, &page, pages);
}

/*
 * Up to so many folios; large ones count for more. Returns false when there are
 * no more, or no room. What is in the page cache stays there while that is locked.
 */
static bool walk_some(struct walker *w, unsigned int folios)
{
	unsigned int seen = 0;
	struct folio *folio;

	xas_for_each(&w->xas, folio, w->last)
	{
		if (xas_retry(&w->xas, folio))
			continue;
		if (xa_is_value(folio)) {
			see_evicted(w);
		} else {
			if (!see_folio(w, folio, (u64)w->xas.xa_index << w->index_order))
				return false;
			/* Old kernels look at each page for a mapping. */
			seen += folio_nr_pages(folio) >> 4;
		}
		if (++seen < folios)
			continue;
		/* xas_pause() would step from where in a folio the walk began. */
		xas_set(&w->xas, w->unseen >> w->index_order);
		return true;
	}
	return false;
}

static bool walk_locked(struct walker *w, unsigned int folios)
{
	bool more;

	xas_lock_irq(&w->xas);
	more = walk_some(w, folios);
	xas_unlock_irq(&w->xas);
	return more;
}

/* Sets the walk to zeros and @w to its beginning; false if the range is empty. */
static bool begin(struct walker *w, struct cs_walk *walk)
{
	struct address_space *mapping = walk->mapping;
	unsigned int index_order = cs_index_order(mapping->host);

	*w = (struct walker){
		.walk = walk,
		.unseen = walk->first,
		.xas = __XA_STATE(&mapping->i_pages, walk->first >> index_order, 0, 0),
		.last = walk->last >> index_order,
		.index_order = index_order,
		.can_write_back = mapping_can_writeback(mapping),
	};
	walk->skip_mapped |= !mapping_mapped(mapping);
	walk->count = 0;
	walk->next = walk->resident = walk->dirty = 0;
	walk->writeback = walk->mapped = walk->evicted = walk->filling = 0;
	return walk->first <= walk->last;
}

int cs_walk(struct cs_walk *walk)
{
	struct walker w;
	bool more;

	if (!begin(&w, walk))
		return 0;
	do {
		more = walk_locked(&w, FOLIOS_AT_ONCE);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	} while (more);
	end_run(walk, &w.run);
	return 0;
}

bool cs_walk_briefly(struct cs_walk *walk)
{
	struct walker w;
	bool more;

	if (!begin(&w, walk))
		return true;
	more = walk_locked(&w, FOLIOS_BRIEFLY);
	end_run(walk, &w.run);
	return !more;
}
