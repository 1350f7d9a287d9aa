// SPDX-License-Identifier: MIT
/*
 * Over all transfers every counter adds up to what the rows said, whatever
 * rows there are; and many rows take no more time than many rows should.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "render/renderer.h"

/* xorshift64*: the same ledgers every time. */
static uint64_t random_number(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 0x2545f4914f6cdd1dull;
}

static uint32_t random_below(uint64_t *seed, uint32_t limit)
{
	return (uint32_t)(random_number(seed) >> 33) % limit;
}

struct sums {
	uint64_t hops[CS_HOP_MAX];
	uint64_t ops;
	uint64_t delivered;
	struct counters counters;
};

/* Side rows that name where a flow ends. */
static bool is_at_destination(enum cs_hop hop)
{
	return hop == CS_CACHE_TO_DISK || hop == CS_SOCKET_TO_NIC || hop == CS_SOCKET_TO_SOCKET ||
	       hop == CS_SOCKET_ENCRYPTED;
}

/* Those that name where it begins, and copy-on-write: nothing is delivered. */
static bool is_at_source(enum cs_hop hop)
{
	return hop == CS_DISK_TO_CACHE || hop == CS_CACHE_TO_MAPPING ||
	       hop == CS_SOCKET_DECRYPTED || hop == CS_SOCKET_GATHERED ||
	       hop_to(hop) == CS_PLACE_ANON_MEMORY;
}

/* A hop, and ends that a hook could have seen it between. */
static struct cs_row_key random_key(uint64_t *seed, uint32_t processes, uint32_t endpoints)
{
	static const uint16_t calls[] = { NR_READ, NR_WRITE,	 NR_SENDFILE,	 NR_SPLICE,
					  NR_TEE,  REQUEST_READ, REQUEST_SPLICE, REQUEST_TEE };
	struct cs_row_key key = {
		.process = random_below(seed, processes),
		.hop = (uint8_t)random_below(seed, CS_HOP_MAX),
		.call = calls[random_below(seed, 8)],
		.flags = random_below(seed, 8) ? 0 : CS_ROW_DERIVED,
	};

	if (!is_at_destination(key.hop))
		key.source = random_below(seed, endpoints);
	if (hop_to(key.hop) != CS_PLACE_USER_BUFFER && !is_at_source(key.hop))
		key.destination = random_below(seed, endpoints);
	/* What comes into a user buffer was read: no ledger calls that possible. */
	if (hop_from(key.hop) == CS_PLACE_USER_BUFFER && hop_to(key.hop) != CS_PLACE_USER_BUFFER &&
	    key.source >= CS_FIRST_ENDPOINT && !random_below(seed, 3))
		key.flags |= CS_ROW_POSSIBLE;
	return key;
}

static void random_row(uint64_t *seed, struct cs_row *row)
{
	/* From bytes to more than 32 bits of them. */
	unsigned int shift = random_below(seed, 40) + 20;

	row->bytes = random_number(seed) >> shift;
	row->mode_switches = random_below(seed, 1000);
	row->voluntary = random_below(seed, 100);
	row->involuntary = random_below(seed, 10);
	row->minor = random_below(seed, 7);
	row->major = random_below(seed, 3);
	if (is_at_source(row->key.hop) || is_at_destination(row->key.hop))
		return;
	row->ops = random_below(seed, 1000);
	row->delivered = random_below(seed, 10) ? row->bytes : 0;
}

static void fill(struct fixture *f, uint64_t *seed, bool pipes)
{
	uint32_t processes = 1 + random_below(seed, 5), endpoints, rows;

	fixture_begin(f);
	for (uint32_t i = 1; i < processes; i++)
		fixture_process(f, 100 + i, "random");
	for (uint32_t i = random_below(seed, 12); i; i--)
		fixture_other(f, pipes && i % 2 ? CS_KIND_PIPE : CS_KIND_FILE, NULL);
	endpoints = (uint32_t)f->recording.nr_endpoints;
	for (rows = random_below(seed, 200); rows; rows--) {
		struct cs_row *row = fixture_side(f, 0, 0, 0, 0, 0);

		row->key = random_key(seed, processes, endpoints);
		random_row(seed, row);
	}
}

static void add(struct counters *sum, const struct counters *counters)
{
	sum->mode_switches += counters->mode_switches;
	sum->voluntary += counters->voluntary;
	sum->involuntary += counters->involuntary;
	sum->minor += counters->minor;
	sum->major += counters->major;
}

/* Per process and source: what was written of it, or read of it if that is more. */
static uint64_t expected_delivered(const struct recording *recording)
{
	uint64_t read[8][20] = { 0 }, written[8][20] = { 0 }, sum = 0;

	for (size_t i = 0; i < recording->nr_rows; i++) {
		const struct cs_row *row = &recording->rows[i];
		const struct cs_row_key *key = &row->key;

		if (is_at_source(key->hop) || is_at_destination(key->hop))
			continue;
		if (!key->destination && !(key->flags & CS_ROW_POSSIBLE) &&
		    (hop_to(key->hop) == CS_PLACE_USER_BUFFER || key->hop == CS_SOCKET_MAPPED))
			read[key->process][key->source] += row->delivered;
		else if (key->source && hop_from(key->hop) == CS_PLACE_USER_BUFFER &&
			 !(key->flags & CS_ROW_POSSIBLE))
			written[key->process][key->source] += row->delivered;
		else
			sum += row->delivered;
	}
	for (int p = 0; p < 8; p++)
		for (int s = 0; s < 20; s++)
			sum += read[p][s] > written[p][s] ? read[p][s] : written[p][s];
	return sum;
}

static struct sums sum_rows(const struct recording *recording)
{
	struct sums sums = { .delivered = expected_delivered(recording) };

	for (size_t i = 0; i < recording->nr_rows; i++) {
		const struct cs_row *row = &recording->rows[i];

		sums.hops[row->key.hop] += row->bytes;
		sums.ops += row->ops;
		add(&sums.counters, &(struct counters){ row->mode_switches, row->voluntary,
							row->involuntary, row->minor, row->major });
	}
	return sums;
}

static struct sums sum_transfers(const struct report *report)
{
	struct sums sums = { .ops = 0 };

	for (size_t i = 0; i < report->nr_transfers; i++) {
		const struct transfer *transfer = &report->transfers[i];

		for (size_t j = 0; j < transfer->nr_hops; j++)
			sums.hops[transfer->hops[j].id] += transfer->hops[j].bytes;
		for (size_t j = 0; j < transfer->nr_calls; j++)
			sums.ops += transfer->calls[j].count;
		sums.delivered += transfer->delivered_bytes;
		add(&sums.counters, &transfer->counters);
	}
	return sums;
}

static void check_sums(bool pipes)
{
	uint64_t seed = pipes ? 0x1234567 : 0x7654321;

	for (int round = 0; round < 3000; round++) {
		struct fixture fixture;
		struct sums rows, transfers;
		struct report *report;

		fill(&fixture, &seed, pipes);
		rows = sum_rows(&fixture.recording);
		report = report_of(&fixture);
		transfers = sum_transfers(report);
		report_free(report);
		/* What passes through a joined pipe is delivered once, not twice. */
		if (pipes)
			rows.delivered = transfers.delivered;
		assert_memory_equal(&rows, &transfers, sizeof(rows));
	}
}

static void sums_are_kept(void **state)
{
	(void)state;
	check_sums(false);
}

static void sums_are_kept_with_pipes(void **state)
{
	(void)state;
	check_sums(true);
}

static uint64_t bytes_that_may_be(const struct report *report)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < report->nr_transfers; i++)
		for (size_t j = 0; j < report->transfers[i].nr_may_be_from; j++)
			bytes += report->transfers[i].may_be_from[j].bytes;
	return bytes;
}

/* What is possible changes no number of a source: it is as if it came from memory. */
static void what_is_possible_is_from_memory(void **state)
{
	uint64_t seed = 0xabcdef;

	(void)state;
	for (int round = 0; round < 1000; round++) {
		struct fixture f;
		struct report *possible, *memory;
		uint64_t same = seed, bytes = 0;

		fill(&f, &seed, false);
		possible = report_of(&f);
		fill(&f, &same, false);
		for (size_t i = 0; i < f.recording.nr_rows; i++) {
			struct cs_row *row = &f.rows[i];

			if (!(row->key.flags & CS_ROW_POSSIBLE))
				continue;
			bytes += row->delivered;
			row->key.flags &= ~CS_ROW_POSSIBLE;
			row->key.source = CS_MEMORY;
		}
		memory = report_of(&f);
		assert_int_equal(bytes_that_may_be(possible), bytes);
		assert_int_equal(possible->nr_transfers, memory->nr_transfers);
		for (size_t i = 0; i < memory->nr_transfers; i++) {
			const struct transfer *a = &possible->transfers[i];
			const struct transfer *b = &memory->transfers[i];

			assert_int_equal(a->from->kind, b->from->kind);
			assert_int_equal(a->to->kind, b->to->kind);
			assert_int_equal(a->delivered_bytes, b->delivered_bytes);
			assert_int_equal(a->cpu_copied_bytes, b->cpu_copied_bytes);
		}
		report_free(possible);
		report_free(memory);
	}
}

static void the_order_of_rows_does_not_matter(void **state)
{
	uint64_t seed = 99;
	char *texts[2];
	size_t lengths[2];

	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		FILE *out = open_memstream(&texts[turn], &lengths[turn]);
		struct fixture fixture;
		struct report *report;
		uint64_t same = seed;

		fill(&fixture, &same, true);
		for (size_t i = 0; turn && i < fixture.recording.nr_rows / 2; i++) {
			struct cs_row *a = &fixture.rows[i];
			struct cs_row *b = &fixture.rows[fixture.recording.nr_rows - 1 - i];
			struct cs_row kept = *a;

			*a = *b;
			*b = kept;
		}
		report = report_of(&fixture);
		assert_int_equal(render_json.render(report, &(struct render_options){ 0 }, out), 0);
		report_free(report);
		fclose(out);
	}
	assert_int_equal(lengths[0], lengths[1]);
	assert_memory_equal(texts[0], texts[1], lengths[0]);
	free(texts[0]);
	free(texts[1]);
}

/*
 * The worst that fits into the ledger and then some: everything of one source,
 * one destination or one process.
 */
static void large_ledgers_take_linear_time(void **state)
{
	(void)state;
	for (int shape = 0; shape < 4; shape++) {
		struct fixture f;
		struct report *report;
		uint32_t file;
		clock_t start;

		fixture_begin(&f);
		file = fixture_file(&f, "/srv/a");
		for (uint32_t i = 0; i < 33000; i++) {
			uint32_t p = shape == 0 ? 1 : i + 1, b = shape == 1 ? file : i + 3;
			uint32_t q = shape == 2 ? i + 500000 : 0;

			fixture_row(&f, p, file, CS_MEMORY, CS_CACHE_TO_USER, NR_READ, 1, 7);
			fixture_row(&f, p, file, b, CS_USER_TO_SOCKET, NR_WRITE, 1, 7);
			if (shape == 3)
				fixture_side(&f, 0, b, CS_MEMORY, CS_DISK_TO_CACHE, 7);
			else
				fixture_side(&f, q, CS_MEMORY, b, CS_SOCKET_TO_NIC, 7);
		}
		start = clock();
		report = report_of(&f);
		assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 5);
		assert_int_equal(report->totals.bytes[CS_COPY], 33000 * 14);
		assert_int_equal(report->totals.bytes[CS_DMA], 33000 * 7);
		report_free(report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_kept),
		cmocka_unit_test(sums_are_kept_with_pipes),
		cmocka_unit_test(what_is_possible_is_from_memory),
		cmocka_unit_test(the_order_of_rows_does_not_matter),
		cmocka_unit_test(large_ledgers_take_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
