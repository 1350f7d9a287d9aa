// SPDX-License-Identifier: MIT
/* Advice: which call would move the bytes of a transfer with fewer copies. */
#include "model/findings.h"

/* Fewer calls that fail are a question asked once. */
#define MANY_ATTEMPTS 4

/* Calls that move bytes from file to file; any other that does so is in the way of overlayfs. */
static bool moves_files(const char *call)
{
	static const char *const movers[] = {
		"sendfile64",	   "copy_file_range", "splice", "ioctl",
		"io_uring:splice", "compat",	      "kernel",
	};

	for (size_t i = 0; i < sizeof(movers) / sizeof(movers[0]); i++)
		if (!strcmp(call, movers[i]))
			return true;
	return false;
}

static bool is_copy_up(const struct transfer *transfer)
{
	for (size_t i = 0; i < transfer->nr_calls; i++)
		if (!transfer->calls[i].idle && !moves_files(transfer->calls[i].name))
			return true;
	return false;
}

static bool is_by_hand(const struct transfer *transfer)
{
	return has_hop(transfer, CS_USER_TO_CACHE) &&
	       (has_hop(transfer, CS_CACHE_TO_USER) || has_hop(transfer, CS_DEVICE_TO_USER));
}

static void find_refusal(struct list *list, const struct transfer *transfer)
{
	if (has_hop(transfer, CS_DEVICE_TO_USER))
		add(list, "copy-range-refused", false,
		    "copy_file_range() copied nothing, as the kernel makes the file while it is "
		    "read (/proc, /sys): only read() gets what is in it.");
	else
		add(list, "copy-range-refused", false,
		    "copy_file_range() copied nothing, as between two file systems (EXDEV), and "
		    "the file was read into a buffer and written from there, two copies of each "
		    "byte: sendfile() would make it one.");
}

/* The kernel copied from page cache to page cache: which call would not? */
static void find_kernel_copy(struct list *list, const struct transfer *transfer)
{
	if (has_call(transfer, "copy_file_range"))
		add(list, "file-copy-by-cpu", false,
		    "The kernel copied the file from page cache to page cache: a file "
		    "system with reflinks (XFS, btrfs) would share the extents.");
	else
		add(list, "file-copy-by-cpu", false,
		    "The kernel copied the file from page cache to page cache, as sendfile() "
		    "and splice() always do: copy_file_range() lets a file system that can "
		    "share the extents do that.");
}

/* From file to file: what did it, and what would do with fewer copies? */
static void find_file_copy(struct list *list, const struct transfer *transfer)
{
	bool by_kernel = has_hop(transfer, CS_CACHE_TO_CACHE) ||
			 has_hop(transfer, CS_PIPE_TO_CACHE);
	bool shared = has_hop(transfer, CS_EXTENTS_SHARED);

	if ((by_kernel || shared) && !is_by_hand(transfer) && is_copy_up(transfer))
		add(list, "overlay-copy-up", false,
		    "The call changes a file of a lower layer of an overlay, or opens it to write, "
		    "which copies all of it to the upper layer first: keep files that change on "
		    "a volume of their own.");
	else if (is_by_hand(transfer) && !by_kernel && !shared &&
		 has_call(transfer, "copy_file_range"))
		find_refusal(list, transfer);
	else if (has_hop(transfer, CS_CACHE_TO_USER) && has_hop(transfer, CS_USER_TO_CACHE))
		add(list, "read-write-loop", false,
		    "The file is read into a buffer and written to the other file from "
		    "there, two copies of each byte: copy_file_range() would make it "
		    "one, or none where the file system can share extents.");
	else if (by_kernel)
		find_kernel_copy(list, transfer);
	if (shared)
		add(list, "extents-shared", true,
		    "The file system lets both files have the same extents: nothing was copied "
		    "until one of them is written to.");
}

/* Sockets that splice() takes bytes from and gives them to by reference. */
static bool takes_pages(const struct report_endpoint *endpoint)
{
	return is(endpoint, CS_KIND_TCP) || is(endpoint, CS_KIND_UNIX);
}

static void find_to_socket(struct list *list, const struct transfer *transfer)
{
	if (!takes_pages(transfer->to) || transfer_transformed(transfer))
		return;
	if (is(transfer->from, CS_KIND_FILE) && has_hop(transfer, CS_MAPPING_TO_SOCKET))
		add(list, "mapped-send", false,
		    "The file is mapped and written to the socket from there, one copy of each "
		    "byte: sendfile() would make it none.");
	if (takes_pages(transfer->from) && has_hop(transfer, CS_SOCKET_TO_USER) &&
	    has_hop(transfer, CS_USER_TO_SOCKET))
		add(list, "relay-loop", false,
		    "The bytes are received into a buffer and sent to the other socket from "
		    "there, two copies of each byte: splice() through a pipe would hand on the "
		    "pages they came in.");
}

/* Calls that would spare copies and fail, and the ones after them that work. */
static void find_attempts(struct list *list, const struct transfer *transfer)
{
	static const char *const sparing[] = { "copy_file_range", "sendfile64", "splice",
					       "io_uring:splice" };
	uint64_t working = 0, failing = 0;

	for (size_t i = 0; i < transfer->nr_calls; i++) {
		const struct report_call *call = &transfer->calls[i];

		if (!call->idle && call->count > working)
			working = call->count;
		for (size_t j = 0; j < sizeof(sparing) / sizeof(sparing[0]); j++)
			if (call->idle && !strcmp(call->name, sparing[j]) && call->count > failing)
				failing = call->count;
	}
	if (working && failing >= MANY_ATTEMPTS && failing >= working / 2)
		add(list, "failed-offload-attempt", false,
		    "Again and again a call that would spare copies moves nothing (as "
		    "copy_file_range() to a socket, EINVAL) before another one moves the bytes: "
		    "ask once and remember the answer, or use a version that does.");
}

void advise(struct list *list, const struct transfer *transfer)
{
	bool from_file = is(transfer->from, CS_KIND_FILE);

	if (from_file && is_socket(transfer->to) && has_hop(transfer, CS_CACHE_TO_USER) &&
	    has_hop(transfer, CS_USER_TO_SOCKET))
		add(list, "read-write-loop", false,
		    "The file is read into a buffer and written to the socket from there, two "
		    "copies of each byte: sendfile() would make it none.");
	if (from_file && is(transfer->to, CS_KIND_FILE))
		find_file_copy(list, transfer);
	find_to_socket(list, transfer);
	if (takes_pages(transfer->from) && is(transfer->to, CS_KIND_FILE) &&
	    has_hop(transfer, CS_SOCKET_TO_USER) && has_hop(transfer, CS_USER_TO_CACHE))
		add(list, "receive-loop", false,
		    "The bytes are received into a buffer and written to the file from there, two "
		    "copies of each byte: splice() through a pipe would make it one.");
	find_attempts(list, transfer);
	if (has_hop(transfer, CS_BOUNCE_TO_DISK) || has_hop(transfer, CS_DISK_TO_BOUNCE))
		add(list, "direct-io-bounced", false,
		    "The file was opened with O_DIRECT, and the CPU copied each byte to or from "
		    "pages of the kernel that the disk moves: file systems do that since Linux 7.0 "
		    "where data must not change while it is checksummed (btrfs: chattr +C turns "
		    "that off; devices with integrity data, RAID 5).");
	if (transfer->buffered_bytes)
		add(list, "direct-io-fallback", false,
		    "The file was opened with O_DIRECT, and the bytes were copied through the "
		    "page cache all the same: file systems do that where offset, length or "
		    "buffer are not aligned, and for data that is checksummed (btrfs: chattr +C "
		    "turns that off), compressed, encrypted or in memory.");
}
