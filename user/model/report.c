// SPDX-License-Identifier: MIT
#include "model/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/fold.h"
#include "model/kthreads.h"
#include "model/names.h"
#include "model/trust.h"
#include "model/verdict.h"
#include "model/writeback.h"
#include "model/zeroed.h"
#include "util/memory.h"

/* A report and what it stands on. */
struct building {
	struct report report; /* first: freed by its address */
	struct arena arena;
	struct report_endpoint *endpoints; /* by index; unused ones are not named */
	bool *named;
	size_t nr_endpoints;
	struct report_process *processes; /* one more than recorded: the lost ones */
	size_t nr_processes;
	struct transfer *transfers;
	size_t nr_transfers;
};

static const struct report_endpoint *endpoint_of(struct building *building,
						 const struct recording *recording, uint32_t index)
{
	if (index >= building->nr_endpoints)
		index = CS_LOST_ENDPOINT;
	if (!building->named[index]) {
		building->named[index] = true;
		building->endpoints[index] = name_endpoint(recording, index, &building->arena);
	}
	return &building->endpoints[index];
}

static void name_all_processes(struct building *building, const struct recording *recording)
{
	size_t count = recording->nr_processes ? recording->nr_processes : 1;

	building->nr_processes = count;
	building->processes = zalloc(count + 1, sizeof(*building->processes));
	for (size_t i = 0; i <= count; i++)
		building->processes[i] = name_process(recording, (uint32_t)i, &building->arena);
}

static int compare_hops(const void *left, const void *right)
{
	const struct report_hop *a = left, *b = right;

	if (hop_rank(a->id) != hop_rank(b->id))
		return hop_rank(a->id) < hop_rank(b->id) ? -1 : 1;
	return (int)a->id - (int)b->id;
}

/* Of the runs of hooks that were skipped only those count that may have told of @transfer. */
static enum verdict judge_by(const struct transfer *transfer, const struct recording *recording)
{
	if (transfer->failed)
		return VERDICT_UNKNOWN;
	return judge(transfer, recording->skipped_from[transfer->from->kind] +
				       recording->skipped_to[transfer->to->kind]);
}

static void list_hops(struct building *building, const struct fold *fold, const struct flow *flow,
		      struct transfer *transfer)
{
	struct report_hop *hops;
	size_t count = 0;

	for_each_hop(fold, flow, node)
		count++;
	hops = arena_alloc(&building->arena, count * sizeof(*hops));
	transfer->hops = hops;
	transfer->nr_hops = count;
	for_each_hop(fold, flow, node) {
		hops->id = node->id;
		hops->bytes = node->bytes;
		hops->provenance = node->derived ? PROVENANCE_DERIVED : PROVENANCE_MEASURED;
		if (hop_failed(fold->recording, transfer, node->id)) {
			hops->provenance = PROVENANCE_UNKNOWN;
			transfer->failed = true;
		}
		if (hop_how(node->id) == CS_COPY)
			transfer->cpu_copied_bytes += node->bytes;
		/* What devices do is seen apart from how the bytes were moved. */
		if ((hop_how(node->id) != CS_DMA || hop_is_direct(node->id)) &&
		    (!transfer->provenance || hops->provenance < transfer->provenance))
			transfer->provenance = hops->provenance;
		hops++;
	}
	if (transfer->failed)
		transfer->provenance = PROVENANCE_UNKNOWN;
	qsort((void *)transfer->hops, count, sizeof(*hops), compare_hops);
}

static int compare_calls(const void *left, const void *right)
{
	const struct report_call *a = left, *b = right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void list_calls(struct building *building, const struct fold *fold, const struct flow *flow,
		       struct transfer *transfer)
{
	struct report_call *calls;
	size_t count = 0;

	for_each_call(fold, flow, node)
		count++;
	calls = arena_alloc(&building->arena, count * sizeof(*calls));
	transfer->calls = calls;
	transfer->nr_calls = count;
	for_each_call(fold, flow, node) {
		calls->name = name_call(node->call, &building->arena);
		calls->count = node->count;
		calls->idle = !node->moved;
		if (node->call != CS_CALL_FAULT && node->call != CS_CALL_KERNEL)
			transfer->operations += node->count;
		calls++;
	}
	qsort((void *)transfer->calls, count, sizeof(*calls), compare_calls);
}

static int compare_may_be(const void *left, const void *right)
{
	const struct may_be_from *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return a->endpoint < b->endpoint ? -1 : a->endpoint > b->endpoint;
}

static void list_may_be(struct building *building, const struct fold *fold, const struct flow *flow,
			struct transfer *transfer)
{
	struct may_be_from *list;
	size_t count = 0;

	for_each_may_be(fold, flow, node) count++;
	if (!count)
		return;
	list = arena_alloc(&building->arena, count * sizeof(*list));
	transfer->may_be_from = list;
	transfer->nr_may_be_from = count;
	for_each_may_be(fold, flow, node)
	{
		list->endpoint = endpoint_of(building, fold->recording, node->endpoint);
		list->bytes = node->bytes;
		list++;
	}
	qsort((void *)transfer->may_be_from, count, sizeof(*list), compare_may_be);
}

/* Merged into another one, or an operation of which nothing came. */
static bool is_empty(const struct flow *flow)
{
	const struct counters *counters = &flow->counters;

	return !flow->hops && !flow->calls && !flow->delivered && !counters->mode_switches &&
	       !counters->voluntary && !counters->involuntary && !counters->minor &&
	       !counters->major;
}

static void list_transfers(struct building *building, const struct fold *fold)
{
	building->transfers = zalloc(fold->nr_flows, sizeof(*building->transfers));
	for (size_t i = 0; i < fold->nr_flows; i++) {
		const struct flow *flow = &fold->flows[i];
		struct transfer *transfer = &building->transfers[building->nr_transfers];
		size_t process = flow->process;

		if (is_empty(flow))
			continue;
		building->nr_transfers++;
		if (process >= building->nr_processes)
			process = building->nr_processes;
		transfer->process = &building->processes[process];
		transfer->from = endpoint_of(building, fold->recording, flow->from);
		transfer->to = endpoint_of(building, fold->recording, flow->to);
		transfer->delivered_bytes = flow->delivered;
		transfer->buffered_bytes = flow->buffered;
		transfer->uncached_bytes = flow->uncached;
		transfer->counters = flow->counters;
		transfer->not_pinned = flow->not_pinned;
		list_hops(building, fold, flow, transfer);
		list_calls(building, fold, flow, transfer);
		list_may_be(building, fold, flow, transfer);
		transfer->followed = fold->recording->followed;
		transfer->unseen_tls = !fold->recording->sees_tls &&
				       (transfer->from->tls || transfer->to->tls);
		transfer->verdict = judge_by(transfer, fold->recording);
		transfer->copied_share = transfer->failed ? NAN : copied_share(transfer);
	}
}

/* What of the files that RWF_DONTCACHE was used on is in the page cache all the same. */
static void list_uncached(struct building *building, const struct recording *recording)
{
	for (size_t i = 0; i < recording->nr_rows; i++) {
		uint32_t index = uncached_endpoint(&recording->rows[i]);

		if (index >= CS_FIRST_ENDPOINT && index < building->nr_endpoints &&
		    building->named[index])
			describe_uncached(recording, index, &building->endpoints[index]);
	}
}

/* An address of an endpoint, to be counted. */
struct sharer {
	const char *address;
	uint32_t *count;
	enum cs_kind kind;
};

static int compare_sharers(const void *left, const void *right)
{
	const struct sharer *a = left, *b = right;

	return a->kind != b->kind ? (int)a->kind - (int)b->kind : strcmp(a->address, b->address);
}

static void count_sharers(struct building *building)
{
	struct sharer *sharers = zalloc(2 * building->nr_endpoints, sizeof(*sharers));
	size_t count = 0, end;

	for (size_t i = 0; i < building->nr_endpoints; i++) {
		struct report_endpoint *endpoint = &building->endpoints[i];

		if (endpoint->local)
			sharers[count++] = (struct sharer){ endpoint->local,
							    &endpoint->local_sharers,
							    endpoint->kind };
		if (endpoint->peer)
			sharers[count++] = (struct sharer){ endpoint->peer, &endpoint->peer_sharers,
							    endpoint->kind };
	}
	qsort(sharers, count, sizeof(*sharers), compare_sharers);
	for (size_t start = 0; start < count; start = end) {
		end = start;
		while (end < count && !compare_sharers(&sharers[start], &sharers[end]))
			end++;
		for (size_t i = start; i < end; i++)
			*sharers[i].count = (uint32_t)(end - start);
	}
	free(sharers);
}

static bool wanted(const struct transfer *transfer, const struct report_options *options)
{
	if (!options)
		return true;
	return transfer->delivered_bytes >= options->min_bytes &&
	       (!options->from || filter_matches(options->from, transfer->from)) &&
	       (!options->to || filter_matches(options->to, transfer->to));
}

static void leave_out(struct building *building, const struct report_options *options)
{
	size_t kept = 0;

	for (size_t i = 0; i < building->nr_transfers; i++)
		if (wanted(&building->transfers[i], options))
			building->transfers[kept++] = building->transfers[i];
	building->report.nr_left_out = building->nr_transfers - kept;
	building->nr_transfers = kept;
}

int transfer_compare(const void *left, const void *right)
{
	const struct transfer *a = left, *b = right;

	if (a->cpu_copied_bytes != b->cpu_copied_bytes)
		return a->cpu_copied_bytes > b->cpu_copied_bytes ? -1 : 1;
	if (a->delivered_bytes != b->delivered_bytes)
		return a->delivered_bytes > b->delivered_bytes ? -1 : 1;
	/* By index, so that equal ones keep their order from run to run. */
	if (a->process != b->process)
		return a->process < b->process ? -1 : 1;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return a->to < b->to ? -1 : a->to > b->to;
}

static void add_up(struct report_totals *totals, const struct transfer *transfer)
{
	totals->delivered_bytes += transfer->delivered_bytes;
	for (size_t i = 0; i < transfer->nr_hops; i++)
		totals->bytes[hop_how(transfer->hops[i].id)] += transfer->hops[i].bytes;
	totals->counters.mode_switches += transfer->counters.mode_switches;
	totals->counters.voluntary += transfer->counters.voluntary;
	totals->counters.involuntary += transfer->counters.involuntary;
	totals->counters.minor += transfer->counters.minor;
	totals->counters.major += transfer->counters.major;
}

static void describe_hooks(struct building *building, const struct recording *recording)
{
	struct report *report = &building->report;
	struct recorded_hooks *hooks;
	bool measured = false, derived = false;

	hooks = arena_alloc(&building->arena, recording->nr_hooks * sizeof(*hooks));
	for (size_t i = 0; i < recording->nr_hooks; i++) {
		const char *name = recording->hooks[i].name;

		hooks[i] = recording->hooks[i];
		hooks[i].name = arena_copy(&building->arena, name, strlen(name));
		if (hooks[i].failed)
			hooks[i].failed = arena_copy(&building->arena, hooks[i].failed,
						     strlen(hooks[i].failed));
		measured |= hooks[i].provenance == PROVENANCE_MEASURED;
		derived |= hooks[i].provenance == PROVENANCE_DERIVED;
	}
	report->hooks = hooks;
	report->nr_hooks = recording->nr_hooks;
	if (measured != derived)
		report->copies = measured ? PROVENANCE_MEASURED : PROVENANCE_DERIVED;
}

/* Programs of one process number have one audit. */
static void list_audited(struct building *building)
{
	struct report_process *audited;
	size_t count = 0;

	audited = arena_alloc(&building->arena, building->nr_processes * sizeof(*audited));
	for (size_t i = 0; i < building->nr_processes; i++)
		if (building->processes[i].audit.last)
			audited[count++] = building->processes[i];
	building->report.audited = audited;
	building->report.nr_audited = count;
}

static void describe(struct building *building, const struct recording *recording)
{
	struct report *report = &building->report;
	const char *version = recording->version ? recording->version : "";
	const char *kernel = recording->kernel ? recording->kernel : "";

	report->version = arena_copy(&building->arena, version, strlen(version));
	report->kernel = arena_copy(&building->arena, kernel, strlen(kernel));
	report->duration_ns = recording->duration_ns;
	report->lost = recording->lost;
	report->lost_events = recording->lost_events;
	for (size_t i = CS_FIRST_ENDPOINT; !recording->sees_tls && i < recording->nr_endpoints; i++)
		report->unseen_tls += !!(recording->endpoints[i].flags & CS_ENDPOINT_TLS);
	report->audit = audit_processes(recording, building->processes);
	list_audited(building);
	describe_hooks(building, recording);
}

/* Those with most dirty bytes first, then those with most written back. */
static int compare_written(const void *left, const void *right)
{
	const struct written_file *a = left, *b = right;

	if (a->dirty_bytes != b->dirty_bytes)
		return a->dirty_bytes > b->dirty_bytes ? -1 : 1;
	if (a->written_back_bytes != b->written_back_bytes)
		return a->written_back_bytes > b->written_back_bytes ? -1 : 1;
	return a->file < b->file ? -1 : a->file > b->file;
}

static void list_written(struct building *building, const struct recording *recording,
			 const struct report_options *options)
{
	struct report *report = &building->report;
	struct written_file *written;
	size_t count, kept = 0;
	uint32_t *indices = written_endpoints(recording, &count);
	struct writeback writeback;

	writeback_begin(&writeback, recording);
	written = arena_alloc(&building->arena, count * sizeof(*written));
	for (size_t i = 0; i < count; i++) {
		const struct report_endpoint *file = endpoint_of(building, recording, indices[i]);

		if (options && options->to && !filter_matches(options->to, file))
			continue;
		written[kept].file = file;
		describe_written(&writeback, indices[i], building->processes, &written[kept++],
				 &building->arena);
	}
	free(indices);
	writeback_end(&writeback);
	if (kept)
		qsort(written, kept, sizeof(*written), compare_written);
	report->written = written;
	report->nr_written = kept;
}

struct report *report_build(const struct recording *recording, const struct report_options *options)
{
	struct building *building = zalloc(1, sizeof(*building));
	struct report *report = &building->report;
	struct fold fold = { .recording = recording };

	building->nr_endpoints = recording->nr_endpoints > CS_FIRST_ENDPOINT ?
					 recording->nr_endpoints :
					 CS_FIRST_ENDPOINT;
	building->endpoints = zalloc(building->nr_endpoints, sizeof(*building->endpoints));
	building->named = zalloc(building->nr_endpoints, sizeof(*building->named));
	name_all_processes(building, recording);
	describe(building, recording);
	fold_link(&fold);
	fold_pipes(&fold);
	fold_sides(&fold);
	list_transfers(building, &fold);
	list_uncached(building, recording);
	fold_free(&fold);
	list_written(building, recording, options);
	list_zeroed(recording, report, &building->arena);
	list_kthreads(recording, report, &building->arena);
	count_sharers(building);
	mark_program_start(building->transfers, building->nr_transfers);
	find_in_transfers(building->transfers, building->nr_transfers, &building->arena);
	leave_out(building, options);
	qsort(building->transfers, building->nr_transfers, sizeof(*building->transfers),
	      transfer_compare);
	report->transfers = building->transfers;
	report->nr_transfers = building->nr_transfers;
	for (size_t i = 0; i < report->nr_transfers; i++)
		add_up(&report->totals, &report->transfers[i]);
	find_in_report(report, &building->arena);
	return report;
}

void report_free(struct report *report)
{
	struct building *building = (struct building *)report;

	if (!building)
		return;
	arena_free(&building->arena);
	free(building->endpoints);
	free(building->named);
	free(building->processes);
	free(building->transfers);
	free(building);
}

bool lost_anything(const struct cs_lost *lost, uint64_t lost_events)
{
	return lost->rows || lost->endpoints || lost->processes || lost->threads ||
	       lost->segments || lost->runs || lost_events;
}

uint64_t transfer_hop_bytes(const struct transfer *transfer, enum cs_hop id)
{
	for (size_t i = 0; i < transfer->nr_hops; i++)
		if (transfer->hops[i].id == id)
			return transfer->hops[i].bytes;
	return 0;
}

uint64_t transfer_transformed(const struct transfer *transfer)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < transfer->nr_hops; i++)
		if (hop_how(transfer->hops[i].id) == CS_TRANSFORM)
			bytes += transfer->hops[i].bytes;
	return bytes;
}

double copies_per_byte(uint64_t cpu_copied_bytes, uint64_t delivered_bytes)
{
	return delivered_bytes ? (double)cpu_copied_bytes / (double)delivered_bytes : NAN;
}
