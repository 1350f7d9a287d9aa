/* SPDX-License-Identifier: MIT */
/* What every unit test includes: cmocka wants these first, and in this order. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/report.h"
#include "tests/unit/fixture.h"

#define MIB ((uint64_t)1 << 20)

/* Builds the report of a fixture, which ends with it. */
static inline struct report *report_of(struct fixture *fixture)
{
	struct report *report = report_build(&fixture->recording, NULL);

	fixture_end(fixture);
	return report;
}

static inline const struct finding *find_code(const struct finding *findings, size_t count,
					      const char *code)
{
	for (size_t i = 0; i < count; i++)
		if (!__builtin_strcmp(findings[i].code, code))
			return &findings[i];
	return NULL;
}

static inline bool transfer_says(const struct transfer *transfer, const char *code)
{
	return find_code(transfer->findings, transfer->nr_findings, code);
}

/* The one transfer between such kinds; fails when there is not exactly one. */
static inline const struct transfer *between(const struct report *report, enum cs_kind from,
					     enum cs_kind to)
{
	const struct transfer *found = NULL;

	for (size_t i = 0; i < report->nr_transfers; i++) {
		const struct transfer *transfer = &report->transfers[i];

		if (!transfer->from->known || !transfer->to->known ||
		    transfer->from->kind != from || transfer->to->kind != to)
			continue;
		assert_null(found);
		found = transfer;
	}
	assert_non_null(found);
	return found;
}

static inline uint64_t call_count(const struct transfer *transfer, const char *name)
{
	for (size_t i = 0; i < transfer->nr_calls; i++)
		if (!__builtin_strcmp(transfer->calls[i].name, name))
			return transfer->calls[i].count;
	return 0;
}

#endif
