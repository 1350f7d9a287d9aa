// SPDX-License-Identifier: MIT
/* Findings and verdicts of sockets: pinned pages, packets, TLS, receiving. */
#include "tests/unit/check.h"

#include <string.h>

#include "tests/unit/world.h"

/* The side row of what was copied between the socket and its device. */
static void copied_later(struct world *w, uint8_t flags, uint64_t bytes)
{
	fixture_side(&w->fixture, 0, CS_MEMORY, w->tcp, CS_SOCKET_TO_SOCKET, bytes)->key.flags =
		flags;
	w->fixture.recording.followed = true;
}

static void pinned_pages_are_followed(void **state)
{
	const struct transfer *pinned, *other;
	struct report *report;
	struct world w;

	(void)state;
	/* Nobody looked. */
	begin(&w);
	ROW(w.p, CS_MEMORY, w.tcp, CS_USER_PINNED_BY_SOCKET, NR_SENDTO, 1, MIB);
	report = report_of(&w.fixture);
	assert_true(transfer_says(&report->transfers[0], "zerocopy-unconfirmed"));
	report_free(report);

	begin(&w);
	ROW(w.p, CS_MEMORY, w.tcp, CS_USER_PINNED_BY_SOCKET, NR_SENDTO, 1, MIB);
	w.fixture.recording.followed = true;
	report = report_of(&w.fixture);
	assert_int_equal(report->transfers[0].verdict, VERDICT_ZERO_COPY);
	assert_int_equal(report->transfers[0].nr_findings, 0);
	report_free(report);

	/* What was pinned is what was copied, though the socket sent more. */
	begin(&w);
	ROW(w.p, CS_MEMORY, w.tcp, CS_USER_PINNED_BY_SOCKET, NR_SENDTO, 1, MIB);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, 3 * MIB);
	copied_later(&w, CS_ROW_PINNED, MIB);
	report = report_of(&w.fixture);
	pinned = between(report, CS_KIND_MEMORY, CS_KIND_TCP);
	other = between(report, CS_KIND_FILE, CS_KIND_TCP);
	assert_int_equal(pinned->cpu_copied_bytes, MIB);
	assert_int_equal(pinned->delivered_bytes, MIB);
	assert_int_equal(pinned->verdict, VERDICT_COPIED);
	assert_true(transfer_says(pinned, "zerocopy-fallback"));
	assert_false(transfer_says(pinned, "zerocopy-unconfirmed"));
	assert_int_equal(other->verdict, VERDICT_ZERO_COPY);
	assert_int_equal(other->nr_findings, 0);
	report_free(report);
}

/* The finding has to name what the program used. */
static void requests_that_pin_are_told_from_calls(void **state)
{
	static const struct {
		uint16_t call;
		const char *word;
	} cases[] = { { NR_SENDTO, "MSG_ZEROCOPY" }, { REQUEST_SEND_ZC, "io_uring" } };
	struct report *report;
	struct world w;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		begin(&w);
		ROW(w.p, CS_MEMORY, w.tcp, CS_USER_PINNED_BY_SOCKET, cases[i].call, 1, MIB);
		copied_later(&w, CS_ROW_PINNED, MIB);
		report = report_of(&w.fixture);
		assert_string_equal(report->transfers[0].findings[0].code, "zerocopy-fallback");
		assert_non_null(strstr(report->transfers[0].findings[0].text, cases[i].word));
		report_free(report);
	}
}

static void segments_are_of_all_that_was_sent(void **state)
{
	const struct transfer *pinned, *other;
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	ROW(w.p, CS_MEMORY, w.tcp, CS_USER_PINNED_BY_SOCKET, NR_SENDTO, 1, MIB);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, 3 * MIB);
	copied_later(&w, 0, 4 * MIB);
	report = report_of(&w.fixture);
	pinned = between(report, CS_KIND_MEMORY, CS_KIND_TCP);
	other = between(report, CS_KIND_FILE, CS_KIND_TCP);
	assert_int_equal(pinned->cpu_copied_bytes, MIB);
	assert_true(transfer_says(pinned, "zerocopy-fallback"));
	assert_int_equal(other->cpu_copied_bytes, 3 * MIB);
	assert_int_equal(other->verdict, VERDICT_COPIED);
	assert_true(transfer_says(other, "software-segmentation"));
	report_free(report);
}

static void zerocopy_that_was_not(void **state)
{
	struct world w;
	struct report *report;

	(void)state;
	begin(&w);
	ROW(w.p, CS_MEMORY, w.tcp, CS_USER_TO_SOCKET, NR_SENDTO, 1, MIB)->key.flags =
		CS_ROW_NOT_PINNED;
	report = report_of(&w.fixture);
	assert_true(transfer_says(&report->transfers[0], "zerocopy-fallback"));
	assert_false(transfer_says(&report->transfers[0], "software-segmentation"));
	report_free(report);
}

/* Sockets that take no pages, or have none to give. */
static void a_splice_may_copy(void **state)
{
	struct world w;
	struct report *report;
	uint32_t dgram;

	(void)state;
	begin(&w);
	dgram = fixture_other(&w.fixture, CS_KIND_UNIX, NULL);
	ROW(w.p, w.file, dgram, CS_CACHE_TO_SOCKET, NR_SENDFILE, 1, MIB);
	ROW(w.p, dgram, w.file, CS_SOCKET_TO_PIPE, NR_SPLICE, 1, MIB);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 3);
	assert_true(transfer_says(between(report, CS_KIND_FILE, CS_KIND_UNIX), "splice-copied"));
	assert_true(transfer_says(between(report, CS_KIND_UNIX, CS_KIND_FILE), "splice-copied"));
	assert_false(transfer_says(between(report, CS_KIND_FILE, CS_KIND_TCP), "splice-copied"));
	report_free(report);
}

static void tls_transforms(void **state)
{
	const struct transfer *sent, *received;
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB);
	ROW(w.p, CS_MEMORY, w.tcp, CS_USER_ENCRYPTED, NR_WRITE, 1, 5 * MIB);
	SIDE(w.p, CS_MEMORY, w.tcp, CS_SOCKET_ENCRYPTED, MIB)->key.flags = CS_ROW_HANDED_ON;
	/* The handshake, before there were keys. */
	ROW(w.p, CS_MEMORY, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 1, 1000);
	ROW(w.p, w.tcp, CS_MEMORY, CS_DECRYPTED_TO_USER, NR_READ, 1, MIB);
	w.fixture.recording.sees_tls = true;
	report = report_of(&w.fixture);
	sent = between(report, CS_KIND_FILE, CS_KIND_TCP);
	assert_int_equal(transfer_transformed(sent), MIB);
	assert_int_equal(sent->verdict, VERDICT_ZERO_COPY);
	assert_true(transfer_says(sent, "transformed"));
	assert_int_equal(transfer_transformed(between(report, CS_KIND_MEMORY, CS_KIND_TCP)),
			 5 * MIB);
	assert_int_equal(between(report, CS_KIND_TCP, CS_KIND_MEMORY)->verdict, VERDICT_ZERO_COPY);
	report_free(report);

	/* Gathered, decrypted elsewhere, then copied. */
	begin(&w);
	SIDE(0, w.tcp, CS_MEMORY, CS_SOCKET_GATHERED, MIB + 29);
	ROW(w.p, w.tcp, CS_MEMORY, CS_SOCKET_TO_USER, NR_READ, 1, MIB);
	SIDE(w.p, w.tcp, CS_MEMORY, CS_SOCKET_DECRYPTED, MIB);
	report = report_of(&w.fixture);
	received = between(report, CS_KIND_TCP, CS_KIND_MEMORY);
	assert_int_equal(received->cpu_copied_bytes, 2 * MIB + 29);
	assert_int_equal(received->delivered_bytes, MIB);
	assert_int_equal(received->verdict, VERDICT_COPIED);
	assert_true(transfer_says(received, "transformed"));
	assert_true(transfer_says(received, "records-gathered"));
	assert_int_equal(received->hops[0].id, CS_SOCKET_GATHERED);
	report_free(report);
}

static void tls_without_hooks_is_unknown(void **state)
{
	for (int seen = 0; seen < 2; seen++) {
		const struct transfer *transfer;
		struct report *report;
		struct world w;

		(void)state;
		begin(&w);
		fixture_endpoint(&w.fixture, w.tcp)->flags |= CS_ENDPOINT_TLS;
		ROW(w.p, w.file, w.tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1, MIB);
		w.fixture.recording.sees_tls = seen;
		report = report_of(&w.fixture);
		transfer = between(report, CS_KIND_FILE, CS_KIND_TCP);
		assert_int_equal(transfer->verdict, seen ? VERDICT_ZERO_COPY : VERDICT_UNKNOWN);
		assert_int_equal(!seen, !!find_code(report->findings, report->nr_findings,
						    "kernel-tls-unseen"));
		report_free(report);
	}
}

static void receiving(void **state)
{
	const struct transfer *transfer;
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	ROW(w.p, w.tcp, CS_MEMORY, CS_SOCKET_TO_USER, NR_RECVFROM, 2, 2 * MIB)->delivered = MIB;
	report = report_of(&w.fixture);
	transfer = between(report, CS_KIND_TCP, CS_KIND_MEMORY);
	assert_true(transfer_says(transfer, "peeked"));
	assert_false(transfer_says(transfer, "receive-not-mapped"));
	report_free(report);

	/* Mapped, and written on from there. */
	begin(&w);
	ROW(w.p, w.tcp, CS_MEMORY, CS_SOCKET_MAPPED, NR_GETSOCKOPT, 1, MIB);
	ROW(w.p, w.tcp, w.file, CS_MAPPING_TO_CACHE, NR_WRITE, 1, MIB);
	report = report_of(&w.fixture);
	assert_int_equal(report->nr_transfers, 1);
	transfer = between(report, CS_KIND_TCP, CS_KIND_FILE);
	assert_int_equal(transfer->delivered_bytes, MIB);
	assert_int_equal(transfer->cpu_copied_bytes, MIB);
	assert_int_equal(transfer->nr_findings, 0);
	report_free(report);

	begin(&w);
	ROW(w.p, w.tcp, CS_MEMORY, CS_SOCKET_MAPPED, NR_GETSOCKOPT, 1, MIB);
	ROW(w.p, w.tcp, CS_MEMORY, CS_SOCKET_TO_USER, NR_GETSOCKOPT, 0, 4096);
	report = report_of(&w.fixture);
	transfer = between(report, CS_KIND_TCP, CS_KIND_MEMORY);
	assert_int_equal(transfer->delivered_bytes, MIB + 4096);
	assert_true(transfer_says(transfer, "receive-not-mapped"));
	assert_false(transfer_says(transfer, "peeked"));
	report_free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pinned_pages_are_followed),
		cmocka_unit_test(requests_that_pin_are_told_from_calls),
		cmocka_unit_test(segments_are_of_all_that_was_sent),
		cmocka_unit_test(zerocopy_that_was_not),
		cmocka_unit_test(a_splice_may_copy),
		cmocka_unit_test(tls_transforms),
		cmocka_unit_test(tls_without_hooks_is_unknown),
		cmocka_unit_test(receiving),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
