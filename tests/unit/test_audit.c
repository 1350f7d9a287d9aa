// SPDX-License-Identifier: MIT
/* The audit: what was copied at the primitives against what the hooks saw. */
#include "tests/unit/check.h"

struct world {
	struct fixture fixture;
	struct recorded_audit audits[2];
	uint32_t p, q, file, tcp;
};

static void begin(struct world *w)
{
	*w = (struct world){ .audits = { { .pid = 900 }, { .pid = 812 } } };
	fixture_begin(&w->fixture);
	w->p = fixture_process(&w->fixture, 812, "nginx");
	w->q = fixture_process(&w->fixture, 900, "cat");
	w->file = fixture_file(&w->fixture, "/srv/a");
	w->tcp = fixture_tcp(&w->fixture, "10.0.0.1", 80, "10.0.0.2", 1);
	w->fixture.recording.audited = true;
	w->fixture.recording.audits = w->audits;
	w->fixture.recording.nr_audits = 2;
	fixture_row(&w->fixture, w->p, w->file, w->tcp, CS_CACHE_HELD_BY_SOCKET, NR_SENDFILE, 1,
		    MIB);
}

static void every_copy_was_seen(void **state)
{
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	fixture_row(&w.fixture, w.q, w.file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, MIB);
	w.audits[0].audit.copied[CS_TO_ITER] = MIB + 8;
	w.audits[0].audit.own[CS_TO_ITER] = 8;
	report = report_of(&w.fixture);
	assert_true(report->audit.known);
	assert_int_equal(report->audit.copied, MIB + 8);
	assert_int_equal(report->audit.seen, MIB);
	assert_int_equal(report->audit.own, 8);
	assert_int_equal(report->audit.unattributed, 0);
	assert_int_equal(report->nr_audited, 2);
	assert_int_equal(between(report, CS_KIND_FILE, CS_KIND_TCP)->verdict, VERDICT_ZERO_COPY);
	report_free(report);
}

/* A copy that no hook saw costs its process the verdict, and no other. */
static void unseen_copies_cost_the_verdict(void **state)
{
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	w.audits[1].audit.copied[CS_FROM_ITER] = 100;
	report = report_of(&w.fixture);
	assert_int_equal(report->audit.unattributed, 100);
	assert_int_equal(report->transfers[0].verdict, VERDICT_UNKNOWN);
	assert_non_null(find_code(report->findings, report->nr_findings, "unattributed-copies"));
	report_free(report);

	begin(&w);
	w.audits[0].audit.copied[CS_FROM_ITER] = 100;
	report = report_of(&w.fixture);
	assert_int_equal(report->audit.unattributed, 100);
	assert_int_equal(report->transfers[0].verdict, VERDICT_ZERO_COPY);
	report_free(report);
}

/* Copies seen without a primitive do not make up for copies unseen at another. */
static void primitives_are_judged_apart(void **state)
{
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	fixture_row(&w.fixture, w.q, CS_MEMORY, w.tcp, CS_USER_TO_SOCKET, NR_WRITE, 1, MIB);
	w.audits[0].audit.copied[CS_PAGE_FROM_ITER] = MIB;
	report = report_of(&w.fixture);
	assert_int_equal(report->audit.unattributed, MIB);
	report_free(report);
}

static void without_an_audit_nothing_is_known(void **state)
{
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	w.fixture.recording.audited = false;
	report = report_of(&w.fixture);
	assert_false(report->audit.known);
	assert_int_equal(report->nr_audited, 0);
	assert_int_equal(report->transfers[0].verdict, VERDICT_ZERO_COPY);
	report_free(report);
}

/* process_vm_readv() ends at one primitive, process_vm_writev() at another. */
static void other_processes_have_two_primitives(void **state)
{
	struct report *report;
	struct world w;
	uint32_t other;

	(void)state;
	begin(&w);
	other = fixture_memory(&w.fixture, 5, "sleep");
	fixture_row(&w.fixture, w.q, other, CS_MEMORY, CS_USER_TO_USER, NR_PROCESS_VM_READV, 1, 7);
	fixture_row(&w.fixture, w.q, CS_MEMORY, other, CS_USER_TO_USER, NR_PROCESS_VM_WRITEV, 1, 9);
	fixture_row(&w.fixture, w.q, w.file, other, CS_MAPPING_TO_USER, NR_PROCESS_VM_WRITEV, 1,
		    11);
	w.audits[0].audit.copied[CS_TO_ITER] = 7;
	w.audits[0].audit.copied[CS_FROM_ITER] = 20;
	report = report_of(&w.fixture);
	assert_int_equal(report->audit.seen, 27);
	assert_int_equal(report->audit.unattributed, 0);
	report_free(report);
}

/* Each program of a process number shows its audit; the list has it once. */
static void programs_share_their_audit(void **state)
{
	struct report *report;
	struct world w;

	(void)state;
	begin(&w);
	fixture_process(&w.fixture, 812, "sh");
	w.audits[1].audit.copied[CS_TO_ITER] = 5;
	report = report_of(&w.fixture);
	assert_int_equal(report->transfers[0].process->audit.unattributed, 5);
	assert_int_equal(report->nr_audited, 2);
	report_free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_copy_was_seen),
		cmocka_unit_test(unseen_copies_cost_the_verdict),
		cmocka_unit_test(primitives_are_judged_apart),
		cmocka_unit_test(without_an_audit_nothing_is_known),
		cmocka_unit_test(programs_share_their_audit),
		cmocka_unit_test(other_processes_have_two_primitives),
	};

	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
