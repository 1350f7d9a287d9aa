// SPDX-License-Identifier: GPL-2.0
/* The walk through one inode's page cache, for the listing and for single files. */
#include <linux/backing-dev.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "copyscope.h"

#define ENTRIES_AT_ONCE 4096 /* under one rcu_read_lock() */

/* Its bits of enum cs_folio_state. The caller holds a reference. */
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

/* Adds to the last extent, or begins one; false if there is no room for it. */
static bool add_extent(struct cs_walk *walk, u64 page, u64 pages, u32 state, u32 order)
{
	struct cs_extent *last = walk->count ? &walk->extents[walk->count - 1] : NULL;
	u64 offset = page << PAGE_SHIFT;

	if (!walk->capacity)
		return true;
	if (last && last->offset + last->length == offset && last->state == state &&
	    last->order == order) {
		last->length += pages << PAGE_SHIFT;
		return true;
	}
	if (walk->count == walk->capacity)
		return false;
	walk->extents[walk->count++] = (struct cs_extent){
		.offset = offset,
		.length = pages << PAGE_SHIFT,
		.state = state,
		.order = order,
	};
	return true;
}

static void add_totals(struct cs_walk *walk, u64 pages, u32 state)
{
	walk->resident += pages;
	if (state & CS_FOLIO_DIRTY)
		walk->dirty += pages;
	if (state & CS_FOLIO_WRITEBACK)
		walk->writeback += pages;
	if (state & CS_FOLIO_MAPPED)
		walk->mapped += pages;
}

/* The part of a run that lies in the range: its first page, and how many. */
static u64 clip(const struct cs_walk *walk, u64 *page, u64 pages)
{
	u64 first = max(*page, walk->first), last = min(*page + pages - 1, walk->last);

	*page = first;
	return last < first ? 0 : last - first + 1;
}

/* One folio that the caller holds; false if there is no room for its extent. */
static bool see_folio(struct cs_walk *walk, struct folio *folio, u64 page, bool can_write_back)
{
	u32 state = folio_state(folio, can_write_back, walk->skip_mapped);
	u32 order = folio_order(folio);
	u64 pages;

	page = round_down(page, 1ULL << order);
	pages = clip(walk, &page, 1ULL << order);
	if (!pages)
		return true;
	if (!add_extent(walk, page, pages, state, order)) {
		walk->next = page;
		return false;
	}
	add_totals(walk, pages, state);
	return true;
}

static void see_evicted(struct cs_walk *walk, struct xa_state *xas, unsigned int index_order)
{
	u64 pages = (u64)cs_entry_pages(xas) << index_order;
	u64 page = round_down((u64)xas->xa_index << index_order, pages);

	walk->evicted += clip(walk, &page, pages);
}

/*
 * Entries up to the next rest. Returns false when there are no more, or no room. A
 * folio may leave the page cache and become another one's at any time, until
 * it is held and found to be still there.
 */
static bool walk_some(struct cs_walk *walk, struct xa_state *xas, unsigned long last,
		      unsigned int index_order, bool can_write_back)
{
	unsigned int entries = 0;
	struct folio *folio;
	bool room;

	xas_for_each(xas, folio, last)
	{
		if (xas_retry(xas, folio))
			continue;
		if (xa_is_value(folio)) {
			see_evicted(walk, xas, index_order);
		} else {
			if (!folio_try_get(folio)) {
				xas_reset(xas);
				continue;
			}
			if (folio != xas_reload(xas)) {
				folio_put(folio);
				xas_reset(xas);
				continue;
			}
			room = see_folio(walk, folio, (u64)xas->xa_index << index_order,
					 can_write_back);
			folio_put(folio);
			if (!room)
				return false;
		}
		if (++entries < ENTRIES_AT_ONCE && !need_resched())
			continue;
		xas_pause(xas);
		return true;
	}
	return false;
}

int cs_walk(struct cs_walk *walk)
{
	struct address_space *mapping = walk->mapping;
	unsigned int index_order = cs_index_order(mapping->host);
	bool can_write_back = mapping_can_writeback(mapping), more;
	XA_STATE(xas, &mapping->i_pages, walk->first >> index_order);

	walk->count = 0;
	walk->next = walk->resident = walk->dirty = 0;
	walk->writeback = walk->mapped = walk->evicted = 0;
	if (walk->last < walk->first)
		return 0;
	do {
		rcu_read_lock();
		more = walk_some(walk, &xas, walk->last >> index_order, index_order,
				 can_write_back);
		rcu_read_unlock();
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	} while (more);
	return 0;
}
