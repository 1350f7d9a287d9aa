// SPDX-License-Identifier: MIT
/*
 * Transfers told as one: those of one program and of one verdict that differ
 * only in which of its processes did them, or in which connection of one address.
 */
#include "model/group.h"

#include <stdlib.h>
#include <string.h>

#include "model/verdict.h"

#define ALWAYS_SHOWN 10

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static bool is_socket(const struct report_endpoint *endpoint)
{
	return endpoint->known && (endpoint->kind == CS_KIND_TCP || endpoint->kind == CS_KIND_UDP ||
				   endpoint->kind == CS_KIND_UNIX);
}

/*
 * Connections of a server have its address in common, those of a client the
 * server's, which is their peer: whichever more sockets share is the name.
 */
static bool named_by_peer(const struct report_endpoint *endpoint)
{
	return endpoint->peer_sharers > endpoint->local_sharers;
}

static int compare_endpoints(const struct report_endpoint *a, const struct report_endpoint *b)
{
	int class_a = is_socket(a) ? (int)a->kind : -1;
	int class_b = is_socket(b) ? (int)b->kind : -1;
	int order;

	if (a == b)
		return 0;
	if (class_a != class_b)
		return class_a < class_b ? -1 : 1;
	if (!is_socket(a))
		return a < b ? -1 : 1;
	if (named_by_peer(a) != named_by_peer(b))
		return named_by_peer(a) ? -1 : 1;
	if (named_by_peer(a))
		return compare_text(a->peer, b->peer);
	order = compare_text(a->local, b->local);
	return order ? order : compare_text(a->path, b->path);
}

/* A transfer that moved nothing: a call that would have had to wait, or work beside a call. */
static bool is_silent(const struct transfer *transfer)
{
	return !transfer->delivered_bytes && !transfer->cpu_copied_bytes;
}

/* Equal ones are told as one, if they have one verdict, too. */
static int compare_groups(const void *left, const void *right)
{
	const struct transfer *a = *(const struct transfer *const *)left;
	const struct transfer *b = *(const struct transfer *const *)right;
	int order;

	if (a->process->known != b->process->known)
		return a->process->known ? -1 : 1;
	order = a->process->known ? strcmp(a->process->comm, b->process->comm) : 0;
	if (!order)
		order = compare_endpoints(a->from, b->from);
	return order ? order : compare_endpoints(a->to, b->to);
}

/* By verdict within a group, those that have none last, then in the order of the report. */
static int compare_members(const void *left, const void *right)
{
	const struct transfer *a = *(const struct transfer *const *)left;
	const struct transfer *b = *(const struct transfer *const *)right;
	int order = compare_groups(left, right);

	if (order)
		return order;
	if (is_silent(a) != is_silent(b))
		return is_silent(a) ? 1 : -1;
	if (a->verdict != b->verdict)
		return a->verdict < b->verdict ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* Members are sorted, so that those that moved nothing join the last that did. */
static bool is_of_group(const struct transfer *const *first, const struct transfer *const *other)
{
	return !compare_groups(first, other) &&
	       ((*first)->verdict == (*other)->verdict || is_silent(*other));
}

static int compare_pointers(const void *left, const void *right)
{
	const char *a = *(const char *const *)left, *b = *(const char *const *)right;

	return a < b ? -1 : a > b;
}

static size_t count_distinct(const void **pointers, size_t count)
{
	size_t distinct = 0;

	qsort(pointers, count, sizeof(*pointers), compare_pointers);
	for (size_t i = 0; i < count; i++)
		if (!i || pointers[i] != pointers[i - 1])
			distinct++;
	return distinct;
}

static void sum_hops(struct arena *arena, struct transfer *sum,
		     const struct transfer *const *members, size_t count)
{
	struct report_hop all[CS_HOP_MAX] = { 0 };
	struct report_hop *hops = arena_alloc(arena, sizeof(all));
	size_t nr_hops = 0;

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < members[i]->nr_hops; j++) {
			const struct report_hop *hop = &members[i]->hops[j];
			struct report_hop *slot = &all[hop->id];

			if (!slot->bytes || hop->provenance < slot->provenance)
				slot->provenance = hop->provenance;
			slot->bytes += hop->bytes;
			slot->id = hop->id;
		}
	}
	for (unsigned int rank = 0; rank <= HOP_RANK_MAX; rank++)
		for (size_t id = 0; id < CS_HOP_MAX; id++)
			if (all[id].bytes && hop_rank(all[id].id) == rank)
				hops[nr_hops++] = all[id];
	sum->hops = hops;
	sum->nr_hops = nr_hops;
}

static int compare_calls(const void *left, const void *right)
{
	const struct report_call *a = left, *b = right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void sum_calls(struct arena *arena, struct transfer *sum,
		      const struct transfer *const *members, size_t count)
{
	struct report_call *calls = NULL;
	size_t capacity = 0, nr_calls = 0;

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < members[i]->nr_calls; j++) {
			const struct report_call *call = &members[i]->calls[j];
			size_t known = 0;

			while (known < nr_calls && strcmp(calls[known].name, call->name))
				known++;
			calls = grow(calls, &capacity, known + 1, sizeof(*calls));
			if (known == nr_calls)
				calls[nr_calls++] = (struct report_call){ call->name, 0, true };
			calls[known].count += call->count;
			calls[known].idle &= call->idle;
		}
	}
	if (nr_calls)
		qsort(calls, nr_calls, sizeof(*calls), compare_calls);
	sum->calls = arena_alloc(arena, nr_calls * sizeof(*calls));
	if (nr_calls)
		memcpy((void *)sum->calls, calls, nr_calls * sizeof(*calls));
	sum->nr_calls = nr_calls;
	free(calls);
}

/* Each code once, in the words of the first that has it. */
static void join_findings(struct arena *arena, struct transfer *sum,
			  const struct transfer *const *members, size_t count)
{
	struct finding *findings;
	size_t most = 0, nr = 0;

	for (size_t i = 0; i < count; i++)
		most += members[i]->nr_findings;
	if (most > FINDINGS_MAX)
		most = FINDINGS_MAX;
	findings = arena_alloc(arena, most * sizeof(*findings));

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < members[i]->nr_findings; j++) {
			const struct finding *finding = &members[i]->findings[j];
			size_t known = 0;

			while (known < nr && strcmp(findings[known].code, finding->code))
				known++;
			if (known == nr && nr < most)
				findings[nr++] = *finding;
		}
	}
	sum->findings = findings;
	sum->nr_findings = nr;
}

/* What the memory of each may be from, once, with the bytes of all. */
static void join_may_be_from(struct arena *arena, struct transfer *sum,
			     const struct transfer *const *members, size_t count)
{
	struct may_be_from *list;
	size_t most = 0, nr = 0;

	for (size_t i = 0; i < count; i++)
		most += members[i]->nr_may_be_from;
	if (!most)
		return;
	list = arena_alloc(arena, most * sizeof(*list));
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < members[i]->nr_may_be_from; j++) {
			const struct may_be_from *one = &members[i]->may_be_from[j];
			size_t known = 0;

			while (known < nr && list[known].endpoint != one->endpoint)
				known++;
			if (known == nr)
				list[nr++] = (struct may_be_from){ one->endpoint, 0 };
			list[known].bytes += one->bytes;
		}
	}
	sum->may_be_from = list;
	sum->nr_may_be_from = nr;
}

static void sum_numbers(struct transfer *sum, const struct transfer *member)
{
	sum->operations += member->operations;
	sum->delivered_bytes += member->delivered_bytes;
	sum->cpu_copied_bytes += member->cpu_copied_bytes;
	sum->counters.mode_switches += member->counters.mode_switches;
	sum->counters.voluntary += member->counters.voluntary;
	sum->counters.involuntary += member->counters.involuntary;
	sum->counters.minor += member->counters.minor;
	sum->counters.major += member->counters.major;
	if (member->provenance && (!sum->provenance || member->provenance < sum->provenance))
		sum->provenance = member->provenance;
}

static void count_parts(struct group *group, const struct transfer *const *members, size_t count)
{
	const void **pointers = zalloc(count, sizeof(*pointers));

	for (size_t i = 0; i < count; i++)
		pointers[i] = members[i]->process;
	group->processes = count_distinct(pointers, count);
	for (size_t i = 0; i < count; i++)
		pointers[i] = members[i]->from;
	group->from_sockets = count_distinct(pointers, count);
	for (size_t i = 0; i < count; i++)
		pointers[i] = members[i]->to;
	group->to_sockets = count_distinct(pointers, count);
	free(pointers);
}

static struct group make_group(struct arena *arena, const struct transfer *const *members,
			       size_t count)
{
	struct group group = { *members[0], count, 1, 1, 1 };
	struct transfer *sum = &group.sum;

	if (count == 1)
		return group;
	for (size_t i = 1; i < count; i++)
		sum_numbers(sum, members[i]);
	sum_hops(arena, sum, members, count);
	sum_calls(arena, sum, members, count);
	join_findings(arena, sum, members, count);
	join_may_be_from(arena, sum, members, count);
	count_parts(&group, members, count);
	sum->copied_share = copied_share(sum);
	return group;
}

static int compare_order(const void *left, const void *right)
{
	return transfer_compare(&((const struct group *)left)->sum,
				&((const struct group *)right)->sum);
}

/* What a group stands for, also where only a mapping was filled. */
static uint64_t size_of(const struct group *group)
{
	uint64_t size = group->sum.delivered_bytes;

	for (size_t i = 0; i < group->sum.nr_hops; i++)
		if (group->sum.hops[i].bytes > size)
			size = group->sum.hops[i].bytes;
	return size;
}

static int compare_sizes(const void *left, const void *right)
{
	uint64_t a = size_of(left), b = size_of(right);

	if (a != b)
		return a > b ? -1 : 1;
	return compare_order(left, right);
}

/*
 * Gathers the smallest: as many as make up less than 1 % together, and where
 * there are many small ones, all of less than 1 % but the first few.
 */
static size_t count_shown(struct group *groups, size_t count)
{
	uint64_t total = 0, rest = 0;
	size_t shown = count;

	for (size_t i = 0; i < count; i++)
		total += size_of(&groups[i]);
	qsort(groups, count, sizeof(*groups), compare_sizes);
	while (shown > 1) {
		uint64_t size = size_of(&groups[shown - 1]);

		if (size >= total / 100 || (rest + size >= total / 100 && shown <= ALWAYS_SHOWN))
			break;
		rest += size;
		shown--;
	}
	return shown;
}

static void sum_start(struct program_start *start, const struct transfer *const *members,
		      size_t count)
{
	const void **files = zalloc(count, sizeof(*files));

	for (size_t i = 0; i < count; i++) {
		files[i] = members[i]->from;
		start->delivered_bytes += members[i]->delivered_bytes;
		start->mapped_bytes += transfer_hop_bytes(members[i], CS_CACHE_TO_MAPPING);
		start->copied_bytes += members[i]->cpu_copied_bytes;
	}
	start->transfers = count;
	start->files = count_distinct(files, count);
	free(files);
}

/* Those that are to be in groups come first. Returns how many they are. */
static size_t choose_members(const struct transfer **members, const struct report *report,
			     bool each)
{
	size_t count = 0, others = report->nr_transfers;

	for (size_t i = 0; i < report->nr_transfers; i++)
		if (each || !report->transfers[i].program_start)
			members[count++] = &report->transfers[i];
		else
			members[--others] = &report->transfers[i];
	return count;
}

void groups_make(struct groups *groups, const struct report *report, bool each)
{
	const struct transfer **members = zalloc(report->nr_transfers, sizeof(*members));
	size_t count = choose_members(members, report, each), end;

	*groups = (struct groups){ .groups = zalloc(count, sizeof(*groups->groups)) };
	sum_start(&groups->start, members + count, report->nr_transfers - count);
	if (!each)
		qsort(members, count, sizeof(*members), compare_members);
	for (size_t start = 0; start < count; start = end) {
		end = start + 1;
		while (!each && end < count && is_of_group(&members[start], &members[end]))
			end++;
		groups->groups[groups->count++] =
			make_group(&groups->arena, members + start, end - start);
	}
	free(members);
	groups->shown = each ? groups->count : count_shown(groups->groups, groups->count);
	qsort(groups->groups, groups->shown, sizeof(*groups->groups), compare_order);
}

void groups_free(struct groups *groups)
{
	arena_free(&groups->arena);
	free(groups->groups);
}
