// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "model/findings.h"
#include "model/fold.h"
#include "util/humanise.h"
#include "util/memory.h"
#include "util/strbuf.h"

/* Fewer operations are not worth a word, larger ones not small. */
#define SMALL_OPERATIONS 64
#define SMALL_BYTES 4096
/* Pages, of which the last is not full, are on average a little less than 4 KiB. */
#define SMALL_AVERAGE (SMALL_BYTES / 8 * 7)
/* Less is what the start of a program and its data are good for. */
#define MANY_COW_BYTES (1 << 20)

static bool is_pinned(const struct transfer *transfer)
{
	return has_hop(transfer, CS_USER_PINNED_BY_SOCKET) ||
	       has_hop(transfer, CS_MAPPING_PINNED_BY_SOCKET);
}

/* Memory of the process that moved the bytes. */
static bool is_own(const struct report_endpoint *endpoint)
{
	return is(endpoint, CS_KIND_MEMORY) && !endpoint->has_process;
}

/* A read and the write of the same bytes are two operations on twice the bytes. */
static bool operations_are_small(const struct transfer *transfer)
{
	uint64_t moved = 0;

	for (size_t i = 0; i < transfer->nr_hops; i++)
		if ((hop_how(transfer->hops[i].id) == CS_COPY ||
		     hop_how(transfer->hops[i].id) == CS_REFERENCE) &&
		    transfer->hops[i].id != CS_SOCKET_TO_SOCKET)
			moved += transfer->hops[i].bytes;
	if (moved < transfer->delivered_bytes)
		moved = transfer->delivered_bytes;
	return moved && transfer->operations >= SMALL_OPERATIONS &&
	       moved / transfer->operations < SMALL_AVERAGE;
}

/*
 * Which of the memory that a process wrote may be what it had read: bytes of
 * which half to twice as many were written.  The candidates are sorted.
 */
static const struct transfer *find_similar(struct transfer *const *writes, size_t count,
					   uint64_t bytes)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (writes[middle]->delivered_bytes < bytes / 2)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && writes[low]->delivered_bytes / 2 <= bytes ? writes[low] : NULL;
}

/* Of one end: how much stays in the page cache, pages that were there before and read-ahead. */
static void tell_of_stay(struct strbuf *text, const struct report_endpoint *end, const char *role)
{
	if (!end->uncached)
		return;
	strbuf_printf(text, " Of the file that was %s, ", role);
	if (end->resident_source == RESIDENCY_BY_NONE) {
		strbuf_puts(text, "what stayed in the page cache is not known.");
		return;
	}
	humanise_bytes(text, end->resident_bytes);
	strbuf_puts(text, " were in the page cache at the end");
	if (end->resident_bytes)
		strbuf_puts(text, ": pages that were there before or that others use stay, as "
				  "those do that read-ahead brings and those not written back yet");
	strbuf_puts(text, ".");
}

static void find_uncached(struct list *list, const struct transfer *transfer, struct arena *arena)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	if (!transfer->uncached_bytes)
		return;
	strbuf_puts(&text, "RWF_DONTCACHE asked that the pages leave the page cache when they are "
			   "used: the CPU copies each byte all the same.");
	tell_of_stay(&text, transfer->from, "read");
	tell_of_stay(&text, transfer->to, "written");
	add(list, "uncached-io", false, arena_copy(arena, text.text, text.length));
}

/* The program is told to do without what it used. */
static const char *fallback_text(const struct transfer *transfer)
{
	if (has_call(transfer, "io_uring:send_zc") || has_call(transfer, "io_uring:sendmsg_zc"))
		return "The send_zc of io_uring pinned the pages and the kernel copied them after "
		       "all, as the receiver is on this host (loopback, veth) or the device cannot "
		       "gather: use send here, or turn on the device's scatter-gather.";
	return "MSG_ZEROCOPY pinned the pages and the kernel copied them after all, as the "
	       "receiver is on this host (loopback, veth) or the device cannot gather: send "
	       "without it here, or turn on the device's scatter-gather.";
}

/* What became of the bytes in the socket, after the call. */
static void find_later_copies(struct list *list, const struct transfer *transfer)
{
	bool copied = has_hop(transfer, CS_SOCKET_TO_SOCKET);

	if (copied && is_pinned(transfer))
		add(list, "zerocopy-fallback", false, fallback_text(transfer));
	else if (transfer->not_pinned)
		add(list, "zerocopy-fallback", false,
		    "MSG_ZEROCOPY was asked for and the kernel copied at once: the socket has no "
		    "SO_ZEROCOPY or takes no pages, the device cannot gather them or make "
		    "checksums, or a datagram is longer than the MTU.");
	if (copied && !is_pinned(transfer))
		add(list, "software-segmentation", false,
		    "The kernel copied the bytes once more into packets, as the device cannot "
		    "gather them from where they are: turn on its scatter-gather and checksum "
		    "offload (ethtool -K), or use a device that has them.");
	if (!copied && is_pinned(transfer) && !transfer->followed)
		add(list, "zerocopy-unconfirmed", false,
		    "MSG_ZEROCOPY pinned the pages; whether the kernel copied them later after "
		    "all, as it does over loopback, is not seen: ask the socket's error queue.");
}

static void find_receiving(struct list *list, const struct transfer *transfer)
{
	uint64_t copied = transfer_hop_bytes(transfer, CS_SOCKET_TO_USER);

	if (is_socket(transfer->from) && copied > transfer->delivered_bytes)
		add(list, "peeked", false,
		    "More bytes were copied out of the socket than were received: MSG_PEEK copies "
		    "what is copied again later. Receive into a buffer and look there, or ask for "
		    "the length alone (MSG_PEEK | MSG_TRUNC).");
	if (has_hop(transfer, CS_SOCKET_GATHERED))
		add(list, "records-gathered", false,
		    "Records of kernel TLS were copied together, as the receive buffer had no "
		    "room for the rest of one: a larger buffer (SO_RCVBUF, net.ipv4.tcp_rmem) or a "
		    "receiver that is not behind saves that.");
	if (copied && has_call(transfer, "getsockopt"))
		add(list, "receive-not-mapped", false,
		    "TCP_ZEROCOPY_RECEIVE copied bytes that it could not map: only whole, aligned "
		    "pages of packets are mapped, so segments must be a multiple of 4 KiB (MTU) "
		    "in pages of their own (header split).");
}

static void find_splice(struct list *list, const struct transfer *transfer)
{
	bool copied = has_hop(transfer, CS_CACHE_TO_SOCKET) || has_hop(transfer, CS_PIPE_TO_SOCKET);
	bool handed_on = has_hop(transfer, CS_CACHE_HELD_BY_SOCKET) ||
			 has_hop(transfer, CS_PIPE_HELD_BY_SOCKET);

	if (copied && handed_on)
		add(list, "splice-copied", false,
		    "The kernel copied a part of what sendfile() or splice() would hand on by "
		    "reference, as not all of it lay in pages that a socket may hold.");
	else if (copied)
		add(list, "splice-copied", false,
		    "The kernel copied what sendfile() or splice() would hand on by reference, as "
		    "this kind of socket takes no pages: a stream socket does.");
	else if (has_hop(transfer, CS_SOCKET_TO_PIPE))
		add(list, "splice-copied", false,
		    "splice() copied part of what it took from the socket, as it did not lie in "
		    "pages of its own that can be handed on.");
}

static void find_in_transfer(struct list *list, const struct transfer *transfer,
			     struct arena *arena)
{
	if (transfer->from->known && !transfer->from->resolved)
		add(list, "unresolved-source", false,
		    "What the written memory was could not be looked up: it may be a mapped "
		    "file.");
	advise(list, transfer);
	find_uncached(list, transfer, arena);
	if (has_call(transfer, "vmsplice") && has_hop(transfer, CS_PIPE_TO_USER))
		add(list, "vmsplice-copies", false,
		    "vmsplice() out of a pipe copies as read() does: the kernel hands on pages "
		    "only the other way, from memory into a pipe.");
	find_splice(list, transfer);
	find_later_copies(list, transfer);
	find_receiving(list, transfer);
	if (transfer_transformed(transfer))
		add(list, "transformed", false,
		    "The kernel encrypted or decrypted the bytes (kernel TLS): no copy, but the "
		    "CPU reads and writes each of them once, which only a device that does TLS "
		    "would save.");
	if (has_hop(transfer, CS_USER_TO_USER) || has_hop(transfer, CS_MAPPING_TO_USER))
		add(list, "between-processes", false,
		    "The kernel copied the bytes from the memory of one process to that of "
		    "another, once: memory that both share (memfd_create) would need no copy.");
	if (transfer_hop_bytes(transfer, CS_CACHE_TO_ANON) >= MANY_COW_BYTES)
		add(list, "copy-on-write", false,
		    "Pages of a private mapping were copied because the process wrote to "
		    "them: a shared mapping is written to without a copy.");
	if (transfer_hop_bytes(transfer, CS_ANON_TO_ANON) >= MANY_COW_BYTES)
		add(list, "copy-on-write", false,
		    "Memory shared after a fork() was copied because one of the processes "
		    "wrote to it: vfork() or posix_spawn() share without a copy until the "
		    "child runs its program.");
	if (has_hop(transfer, CS_MAPPING_DIRTIED))
		add(list, "mapped-write", false,
		    "The process wrote to a mapping of the file: the kernel sees which pages "
		    "became dirty, but not what was stored, and a copy by the process itself "
		    "(memcpy) is not seen here.");
	if (operations_are_small(transfer))
		add(list, "small-operations", false,
		    "The bytes are moved in many operations of less than 4 KiB: larger buffers "
		    "would save most of the mode switches.");
	if (transfer->provenance == PROVENANCE_DERIVED)
		add(list, "derived", true,
		    "The copies are implied by the system calls and their endpoints, no hook "
		    "measured them.");
	if (has_hop(transfer, CS_DISK_TO_CACHE))
		add(list, "cold-cache", true,
		    "Part of the file was not in the page cache and came from the disk.");
}

static const char user_copy_code[] = "user-copy-possible";

static void keep(struct list *list, struct transfer *transfer, struct arena *arena)
{
	struct finding *findings;

	if (!list->count)
		return;
	findings = arena_alloc(arena, list->count * sizeof(*findings));
	memcpy(findings, list->findings, list->count * sizeof(*findings));
	transfer->findings = findings;
	transfer->nr_findings = list->count;
}

/* By process, what was written from memory first, then by bytes. */
static int compare(const void *left, const void *right)
{
	const struct transfer *a = *(const struct transfer *const *)left;
	const struct transfer *b = *(const struct transfer *const *)right;
	bool memory_a = is_own(a->from), memory_b = is_own(b->from);

	if (a->process != b->process)
		return a->process < b->process ? -1 : 1;
	if (memory_a != memory_b)
		return memory_a ? -1 : 1;
	if (a->delivered_bytes != b->delivered_bytes)
		return a->delivered_bytes < b->delivered_bytes ? -1 : 1;
	return a < b ? -1 : a > b;
}

static bool kept_in_memory(const struct transfer *transfer)
{
	return transfer->delivered_bytes >= SMALL_BYTES && is_own(transfer->to) &&
	       transfer->from->known && !is_own(transfer->from);
}

static void find_in_process(struct transfer **transfers, size_t count, struct arena *arena)
{
	size_t writes = 0;

	while (writes < count && is_own(transfers[writes]->from))
		writes++;
	for (size_t i = 0; i < count; i++) {
		struct transfer *transfer = transfers[i];
		struct list list = { .count = 0 };

		find_in_transfer(&list, transfer, arena);
		if (kept_in_memory(transfer) &&
		    find_similar(transfers, writes, transfer->delivered_bytes))
			add(&list, user_copy_code, false,
			    "The process kept these bytes and wrote about as many from other "
			    "memory: a copy in user space is possible, no hook can see it.");
		keep(&list, transfer, arena);
	}
}

void find_in_transfers(struct transfer *transfers, size_t count, struct arena *arena)
{
	struct transfer **sorted = zalloc(count, sizeof(*sorted));
	size_t end;

	for (size_t i = 0; i < count; i++)
		sorted[i] = &transfers[i];
	qsort(sorted, count, sizeof(*sorted), compare);
	for (size_t start = 0; start < count; start = end) {
		for (end = start; end < count; end++)
			if (sorted[end]->process != sorted[start]->process)
				break;
		find_in_process(sorted + start, end - start, arena);
	}
	free(sorted);
}

static void list_loss(struct strbuf *text, uint64_t count, const char *one, const char *many)
{
	if (!count)
		return;
	if (text->length)
		strbuf_puts(text, ", ");
	strbuf_printf(text, "%llu %s", (unsigned long long)count, count == 1 ? one : many);
}

static void find_losses(struct list *list, const struct report *report, struct arena *arena)
{
	const struct cs_lost *lost = &report->lost;
	_cleanup_strbuf_ struct strbuf text = { 0 };

	if (lost_anything(lost, report->lost_events)) {
		list_loss(&text, lost->rows, "operation", "operations");
		list_loss(&text, lost->endpoints, "endpoint", "endpoints");
		list_loss(&text, lost->processes, "process", "processes");
		list_loss(&text, lost->threads, "operation of a thread without state",
			  "operations of threads without state");
		list_loss(&text, lost->segments, "byte of a long iovec", "bytes of long iovecs");
		list_loss(&text, lost->runs, "run of a hook, of any process,",
			  "runs of hooks, of any process,");
		list_loss(&text, report->lost_events, "event", "events");
		add(list, "losses", false,
		    arena_printf(arena, "%s could not be kept: the numbers are too small.",
				 text.text));
	}
	if (lost->buffers)
		add(list, "buffers-given-up", false,
		    arena_printf(arena,
				 "What had filled %llu buffers was given up for newer ones before "
				 "they were written: those bytes are shown as unresolved.",
				 (unsigned long long)lost->buffers));
}

static void find_derived(struct list *list, const struct report *report, struct arena *arena)
{
	_cleanup_strbuf_ struct strbuf names = { 0 };

	for (size_t i = 0; i < report->nr_hooks; i++) {
		const struct recorded_hooks *hooks = &report->hooks[i];

		if (hooks->provenance == PROVENANCE_DERIVED)
			strbuf_printf(&names, "%s%s", names.length ? ", " : "", hooks->name);
	}
	if (names.length)
		add(list, "derived-hooks", false,
		    arena_printf(arena,
				 "Not measured on this kernel, but implied by the calls: %s; "
				 "copyscope doctor says why.",
				 names.text));
}

/* What the self-check found wrong is one finding for each family. */
static void find_failed(struct list *list, const struct report *report, struct arena *arena)
{
	for (size_t i = 0; i < report->nr_hooks; i++)
		if (report->hooks[i].failed)
			add(list, "failed-self-check", false,
			    arena_printf(arena,
					 "On this kernel copyscope counts %s wrong, so what goes "
					 "by them "
					 "is unknown. Its self-check found: %s. copyscope doctor "
					 "shows and "
					 "renews it.",
					 report->hooks[i].name, report->hooks[i].failed));
}

static void find_unseen_tls(struct list *list, const struct report *report, struct arena *arena)
{
	if (report->unseen_tls)
		add(list, "kernel-tls-unseen", false,
		    arena_printf(arena,
				 "Kernel TLS was put on %zu %s after copyscope had started without "
				 "hooks on it: what they carried is missing here. Load its module "
				 "first (modprobe tls).",
				 report->unseen_tls,
				 report->unseen_tls == 1 ? "socket" : "sockets"));
}

static void find_unseen_kthreads(struct list *list, const struct report *report)
{
	if (report->kthreads_missing)
		add(list, "kernel-threads-unseen", false,
		    "Threads of the kernel (nfsd, loop devices) make no calls: what they move is "
		    "not seen without the hooks that measure.");
}

static void find_unattributed(struct list *list, const struct report *report, struct arena *arena)
{
	if (report->audit.unattributed)
		add(list, "unattributed-copies", false,
		    arena_printf(arena,
				 "The audit found %llu bytes copied that no hook saw: a path that "
				 "copyscope does not know, or a call that had not ended.",
				 (unsigned long long)report->audit.unattributed));
}

void find_in_report(struct report *report, struct arena *arena)
{
	struct list list = { .count = 0 };
	struct finding *findings;

	find_losses(&list, report, arena);
	find_derived(&list, report, arena);
	find_failed(&list, report, arena);
	find_unattributed(&list, report, arena);
	find_unseen_tls(&list, report, arena);
	find_unseen_kthreads(&list, report);
	findings = arena_alloc(arena, list.count * sizeof(*findings));
	memcpy(findings, list.findings, list.count * sizeof(*findings));
	report->findings = findings;
	report->nr_findings = list.count;
}
