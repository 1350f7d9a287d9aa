// SPDX-License-Identifier: MIT
/*
 * mincore(2): one bit for each page, whatever the file system stacks.  It costs
 * by the size of the file and not by what is cached: 51 G instructions for
 * 1 TiB.  So holes are looked at only up to HOLES_LOOKED_AT; the rest counts
 * as unseen.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collect/residency_private.h"

#define WINDOW_BYTES ((uint64_t)1 << 30)
#define HOLES_LOOKED_AT ((uint64_t)4 << 30)
/* No folio of a file reaches further behind its end. */
#define LARGEST_FOLIO ((uint64_t)2 << 20)

struct look {
	struct residency_reader *reader;
	struct window window;
	struct extents *extents; /* or NULL */
	uint64_t resident_pages;
	uint64_t holes_left; /* bytes that may yet be looked at */
	uint64_t unseen_bytes;
};

void window_close(struct window *window)
{
	if (window->bytes)
		munmap(window->start, window->bytes);
	window->bytes = 0;
}

static int window_move(struct window *window, uint64_t offset)
{
	window_close(window);
	window->offset = offset & ~(WINDOW_BYTES - 1);
	window->start =
		mmap(NULL, WINDOW_BYTES, PROT_NONE, MAP_SHARED, window->fd, (off_t)window->offset);
	if (window->start == MAP_FAILED)
		return -errno;
	window->bytes = WINDOW_BYTES;
	return 0;
}

int window_look(struct residency_reader *reader, struct window *window, uint64_t offset,
		size_t pages)
{
	unsigned char *bits = reader->vector;

	while (pages) {
		uint64_t inside;
		size_t now;
		int error;

		if (!window->bytes || offset - window->offset >= window->bytes) {
			error = window_move(window, offset);
			if (error)
				return error;
		}
		inside = offset - window->offset;
		now = (window->bytes - inside) / RESIDENCY_PAGE;
		now = now < pages ? now : pages;
		if (mincore((char *)window->start + inside, now * RESIDENCY_PAGE, bits))
			return -errno;
		bits += now;
		pages -= now;
		offset += now * RESIDENCY_PAGE;
	}
	return 0;
}

/*
 * To those who neither own the file nor may write to it, the kernel says that
 * all is resident (commit 134fca9063ad).  Then it says so of pages, too, that
 * are too far behind the end to be there.
 */
static bool kernel_lies(int fd, uint64_t size)
{
	uint64_t beyond = (size / LARGEST_FOLIO + 2) * LARGEST_FOLIO;
	void *page = mmap(NULL, RESIDENCY_PAGE, PROT_NONE, MAP_SHARED, fd, (off_t)beyond);
	unsigned char resident = 1;

	if (page == MAP_FAILED)
		return false;
	if (mincore(page, RESIDENCY_PAGE, &resident))
		resident = 0;
	munmap(page, RESIDENCY_PAGE);
	return resident & 1;
}

static void found(struct look *look, uint64_t offset, size_t pages)
{
	look->resident_pages += pages;
	if (look->extents)
		extents_add(look->extents,
			    &(struct cs_extent){ offset, pages * RESIDENCY_PAGE,
						 EXTENT_STATE_UNKNOWN, EXTENT_ORDER_UNKNOWN });
}

static int look_at(struct look *look, uint64_t offset, uint64_t end)
{
	const unsigned char *bits = look->reader->vector;

	while (offset < end) {
		uint64_t left = (end - offset + RESIDENCY_PAGE - 1) / RESIDENCY_PAGE;
		size_t pages = left < VECTOR_PAGES ? left : VECTOR_PAGES, run = 0;
		int error = window_look(look->reader, &look->window, offset, pages);

		if (error)
			return error;
		for (size_t i = 0; i <= pages; i++) {
			if (i < pages && bits[i] & 1) {
				run++;
			} else if (run) {
				found(look, offset + (i - run) * RESIDENCY_PAGE, run);
				run = 0;
			}
		}
		offset += pages * RESIDENCY_PAGE;
	}
	return 0;
}

static int look_at_hole(struct look *look, uint64_t offset, uint64_t end)
{
	uint64_t bytes = end - offset;

	if (bytes > look->holes_left) {
		look->unseen_bytes += bytes - look->holes_left;
		bytes = look->holes_left;
	}
	look->holes_left -= bytes;
	return look_at(look, offset, offset + bytes);
}

/* Where data or a hole begins at or behind @offset, in whole pages. */
static uint64_t seek(int fd, uint64_t offset, int whence, uint64_t end)
{
	off_t at = lseek(fd, (off_t)offset, whence);
	uint64_t page;

	/* No more data; or a file system that cannot tell: all data. */
	if (at < 0)
		return errno == ENXIO || whence == SEEK_HOLE ? end : offset;
	page = (uint64_t)at & ~(RESIDENCY_PAGE - 1);
	if (whence == SEEK_HOLE && page != (uint64_t)at)
		page += RESIDENCY_PAGE;
	return page < end ? page : end;
}

static int look_at_all(struct look *look, uint64_t size)
{
	uint64_t end = (size + RESIDENCY_PAGE - 1) & ~(RESIDENCY_PAGE - 1), at = 0;
	int error = 0;

	if (end <= HOLES_LOOKED_AT)
		return look_at(look, 0, end);
	while (at < end && !error) {
		uint64_t data = seek(look->window.fd, at, SEEK_DATA, end);
		uint64_t hole = data < end ? seek(look->window.fd, data, SEEK_HOLE, end) : end;

		error = look_at_hole(look, at, data);
		if (!error)
			error = look_at(look, data, hole);
		at = hole > at ? hole : end;
	}
	return error;
}

int residency_by_mincore(struct residency_reader *reader, int fd, bool extents,
			 struct residency *ret)
{
	struct look look = {
		.reader = reader,
		.window.fd = fd,
		.extents = extents ? &ret->extents : NULL,
		.holes_left = HOLES_LOOKED_AT,
	};
	int error = 0;

	if (ret->size_bytes) {
		if (kernel_lies(fd, ret->size_bytes))
			return -EPERM;
		error = look_at_all(&look, ret->size_bytes);
		window_close(&look.window);
	}
	if (error) {
		extents_release(&ret->extents);
		return error;
	}
	ret->source = RESIDENCY_BY_MINCORE;
	ret->has_extents = extents;
	ret->unseen_bytes = look.unseen_bytes;
	if (!look.unseen_bytes)
		ret->resident_bytes = look.resident_pages * RESIDENCY_PAGE;
	return 0;
}
