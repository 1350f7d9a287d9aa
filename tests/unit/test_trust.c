// SPDX-License-Identifier: MIT
/* Families of hooks that the self-check found wrong are not believed. */
#include "abi/settings.h"
#include "model/trust.h"
#include "tests/unit/world.h"

static struct recorded_hooks hooks[CS_FAMILY_MAX];

/* What a recording says of a read from a file into memory, if @family failed; -1: none did. */
static struct report *report_with(int family, enum cs_hop hop, bool to_tcp)
{
	struct world w;

	begin(&w);
	for (int f = 0; f < CS_FAMILY_MAX; f++)
		hooks[f] = (struct recorded_hooks){
			.name = "a family",
			.provenance = PROVENANCE_MEASURED,
			.failed = f == family ? "it counted twice" : NULL,
		};
	w.fixture.recording.hooks = hooks;
	w.fixture.recording.nr_hooks = CS_FAMILY_MAX;
	ROW(w.p, w.file, to_tcp ? w.tcp : CS_MEMORY, hop, NR_READ, 1, MIB);
	return report_of(&w.fixture);
}

static void what_failed_is_unknown(void **state)
{
	struct report *report = report_with(CS_FAMILY_FILE_READ, CS_CACHE_TO_USER, false);
	const struct transfer *t = &report->transfers[0];

	(void)state;
	assert_int_equal(t->verdict, VERDICT_UNKNOWN);
	assert_int_equal(t->provenance, PROVENANCE_UNKNOWN);
	assert_int_equal(t->hops[0].provenance, PROVENANCE_UNKNOWN);
	assert_non_null(find_code(report->findings, report->nr_findings, "failed-self-check"));
	report_free(report);
}

static void what_did_not_is_as_before(void **state)
{
	struct report *report = report_with(CS_FAMILY_TCP, CS_CACHE_TO_USER, false);

	(void)state;
	assert_int_equal(report->transfers[0].verdict, VERDICT_COPIED);
	report_free(report);
	report = report_with(CS_FAMILY_TCP, CS_CACHE_HELD_BY_SOCKET, true);
	assert_int_equal(report->transfers[0].verdict, VERDICT_ZERO_COPY);
	report_free(report);
	report = report_with(CS_FAMILY_SPLICE, CS_CACHE_HELD_BY_SOCKET, true);
	assert_int_equal(report->transfers[0].verdict, VERDICT_UNKNOWN);
	report_free(report);
	report = report_with(-1, CS_CACHE_HELD_BY_SOCKET, true);
	assert_null(find_code(report->findings, report->nr_findings, "failed-self-check"));
	report_free(report);
}

/* Each hop of a copy or a reference between a buffer and the kernel has a family. */
static void hops_have_families(void **state)
{
	const struct report_endpoint tcp = { .kind = CS_KIND_TCP },
				     local = { .kind = CS_KIND_UNIX };
	const struct transfer t = { .from = &local, .to = &tcp };

	(void)state;
	assert_int_equal(hop_family(&t, CS_SOCKET_TO_USER), CS_FAMILY_UNIX);
	assert_int_equal(hop_family(&t, CS_USER_TO_SOCKET), CS_FAMILY_TCP);
	assert_int_equal(hop_family(&t, CS_MAPPING_PINNED_BY_SOCKET), CS_FAMILY_TCP);
	assert_int_equal(hop_family(&t, CS_MAPPING_TO_CACHE), CS_FAMILY_FILE_WRITE);
	assert_int_equal(hop_family(&t, CS_PIPE_TO_USER), CS_FAMILY_PIPE);
	assert_int_equal(hop_family(&t, CS_CACHE_TO_CACHE), CS_FAMILY_SPLICE);
	assert_int_equal(hop_family(&t, CS_SOCKET_TO_SOCKET), -1);
	assert_int_equal(hop_family(&t, CS_CACHE_TO_ANON), -1);
	assert_int_equal(hop_family(&t, CS_DISK_TO_CACHE), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_failed_is_unknown),
		cmocka_unit_test(what_did_not_is_as_before),
		cmocka_unit_test(hops_have_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
