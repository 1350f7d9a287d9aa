// SPDX-License-Identifier: MIT
/*
 * A pipe that one process uses only to splice is no endpoint: it is a place on
 * the way.  What came in by it is shared out to what went out: each source went
 * to each destination, in proportion.  tee() leaves the bytes in the pipe, so
 * they go to more than one destination.
 */
#include <stdlib.h>

#include "model/fold.h"
#include "model/names.h"
#include "util/memory.h"

/* Flows that one pipe may turn into. */
enum { JOINED_MAX = 1 << 20 };

enum {
	CALL_READ = 0,
	CALL_READV = 19,
	CALL_SPLICE = 275,
	CALL_VMSPLICE = 278,
	CALL_SPLICE_REQUEST = CS_CALL_REQUEST | 30, /* IORING_OP_SPLICE */
};

/* Of the list of a pipe: index + 1 of the next one, 0 ends it. */
struct link {
	uint32_t flow, next;
};

struct pipe_use {
	uint32_t process;
	uint32_t feeds, drains; /* lists of links */
	uint32_t waiting; /* flows from pipes that are not done with */
	bool used;
	bool shared; /* by processes, or not only spliced */
};

struct pipes {
	struct fold *fold;
	struct pipe_use *uses; /* by endpoint */
	size_t nr;
	struct link *links;
	size_t nr_links, links_capacity;
};

/* The flows at one end of a pipe, each once, and what it moved. */
struct end {
	struct weight *flows;
	size_t count;
	uint64_t bytes; /* in all */
};

static bool is_pipe(const struct pipes *pipes, uint32_t endpoint)
{
	return endpoint < pipes->nr &&
	       endpoint_kind(pipes->fold->recording, endpoint) == CS_KIND_PIPE;
}

static bool has_call(const struct fold *fold, const struct flow *flow, uint16_t call)
{
	for_each_call(fold, flow, node)
		if (node->call == call)
			return true;
	return false;
}

static bool is_splice(uint16_t call)
{
	return call == CALL_SPLICE || call == CALL_TEE || call == CALL_VMSPLICE ||
	       call == CALL_SPLICE_REQUEST || call == CALL_TEE_REQUEST;
}

static bool only_splices(const struct fold *fold, const struct flow *flow)
{
	for_each_call(fold, flow, node)
		if (!is_splice(node->call))
			return false;
	return flow->calls;
}

/* A copy to user memory that vmsplice() made, not read(). */
static bool is_vmspliced(const struct fold *fold, const struct flow *flow)
{
	for_each_call(fold, flow, node)
		if (node->call >= CS_CALL_NO_SYSCALL)
			return false;
	return has_call(fold, flow, CALL_VMSPLICE) && !has_call(fold, flow, CALL_READ) &&
	       !has_call(fold, flow, CALL_READV);
}

/* Did all that the flow moved get into the pipe without a write, or out of it without a read? */
static bool is_spliced(const struct fold *fold, const struct flow *flow, bool feeds)
{
	bool passed = false;

	for_each_hop(fold, flow, node) {
		if (feeds && (node->id == CS_USER_TO_PIPE || node->id == CS_MAPPING_TO_PIPE))
			return false;
		if (!feeds && node->id == CS_PIPE_TO_USER && !is_vmspliced(fold, flow))
			return false;
		passed |= (feeds ? hop_to(node->id) : hop_from(node->id)) == CS_PLACE_PIPE_BUFFER;
	}
	return passed || only_splices(fold, flow);
}

static void list(struct pipes *pipes, uint32_t *head, uint32_t flow)
{
	pipes->links = grow(pipes->links, &pipes->links_capacity, pipes->nr_links + 1,
			    sizeof(*pipes->links));
	pipes->links[pipes->nr_links] = (struct link){ flow, *head };
	*head = (uint32_t)++pipes->nr_links;
}

static void note(struct pipes *pipes, uint32_t index, bool feeds)
{
	const struct flow *flow = &pipes->fold->flows[index];
	struct pipe_use *use = &pipes->uses[feeds ? flow->to : flow->from];

	if ((use->used && use->process != flow->process) || flow->from == flow->to ||
	    !is_spliced(pipes->fold, flow, feeds))
		use->shared = true;
	use->used = true;
	use->process = flow->process;
	list(pipes, feeds ? &use->feeds : &use->drains, index);
	if (feeds && is_pipe(pipes, flow->from))
		use->waiting++;
}

static int compare(const void *left, const void *right)
{
	const struct weight *a = left, *b = right;

	return a->flow < b->flow ? -1 : a->flow > b->flow;
}

static struct end end_of(const struct pipes *pipes, uint32_t head)
{
	const struct fold *fold = pipes->fold;
	struct end end = { 0 };
	size_t capacity = 0, kept = 0;

	for (uint32_t link = head; link; link = pipes->links[link - 1].next) {
		uint32_t flow = pipes->links[link - 1].flow;

		/* Joined to others meanwhile. */
		if (!fold->flows[flow].hops && !fold->flows[flow].calls)
			continue;
		end.flows = grow(end.flows, &capacity, end.count + 1, sizeof(*end.flows));
		end.flows[end.count++] = (struct weight){ flow, fold->flows[flow].delivered };
	}
	if (end.count)
		qsort(end.flows, end.count, sizeof(*end.flows), compare);
	for (size_t i = 0; i < end.count; i++) {
		if (kept && end.flows[kept - 1].flow == end.flows[i].flow)
			continue;
		end.flows[kept++] = end.flows[i];
		end.bytes += end.flows[i].weight;
	}
	end.count = kept;
	return end;
}

/* Bytes that went out; what was teed goes out later. */
static uint64_t taken_from(const struct pipes *pipes, const struct end *out)
{
	uint64_t taken = 0;

	for (size_t i = 0; i < out->count; i++)
		taken += out->flows[i].weight - pipes->fold->flows[out->flows[i].flow].teed;
	return taken;
}

/* Is it certain which of the bytes that came in went where? */
static bool joinable(const struct end *in, const struct end *out, uint64_t taken)
{
	bool all = taken == in->bytes;

	if (!in->bytes || !taken || in->count * out->count > JOINED_MAX)
		return false;
	for (size_t i = 0; i < out->count; i++)
		all &= out->flows[i].weight == in->bytes;
	/* More went out than came in: it was there before the tracing. */
	return all || (in->count == 1 && (taken <= in->bytes || out->count == 1));
}

/* The flow of one source to one destination past the pipe. */
static uint32_t joined_flow(const struct pipes *pipes, uint32_t in, uint32_t out)
{
	struct flow from = pipes->fold->flows[in], to = pipes->fold->flows[out];

	return fold_flow(pipes->fold, from.process, from.from, to.to);
}

/* What came in is shared out to what it became; @left bytes are still in the pipe. */
static void join_in(struct pipes *pipes, uint32_t in, const struct end *out, uint64_t left,
		    struct weight *parts)
{
	for (size_t j = 0; j < out->count; j++) {
		parts[j].flow = joined_flow(pipes, in, out->flows[j].flow);
		parts[j].weight = out->flows[j].weight;
	}
	parts[out->count] = (struct weight){ in, left };
	fold_split(pipes->fold, in, parts, out->count + 1, false);
	pipes->fold->flows[in].delivered = left;
}

/* What went out is shared out to where it was from; of @before bytes that is not known. */
static void join_out(struct pipes *pipes, const struct end *in, uint32_t out, uint64_t before,
		     struct weight *parts)
{
	for (size_t i = 0; i < in->count; i++) {
		uint32_t flow = joined_flow(pipes, in->flows[i].flow, out);
		uint32_t to = pipes->fold->flows[flow].to;

		parts[i] = (struct weight){ flow, in->flows[i].weight };
		/* The next pipe of a chain has the far end beside it. */
		if (is_pipe(pipes, to))
			list(pipes, &pipes->uses[to].feeds, flow);
	}
	parts[in->count] = (struct weight){ out, before };
	fold_split(pipes->fold, out, parts, in->count + 1, true);
}

static void join(struct pipes *pipes, const struct end *in, const struct end *out, uint64_t taken)
{
	struct weight *parts = zalloc(in->count + out->count + 1, sizeof(*parts));
	uint64_t left = in->bytes > taken ? in->bytes - taken : 0;
	uint64_t before = taken > in->bytes ? taken - in->bytes : 0;

	for (size_t i = 0; i < in->count; i++)
		join_in(pipes, in->flows[i].flow, out, left, parts);
	for (size_t j = 0; j < out->count; j++)
		join_out(pipes, in, out->flows[j].flow, before, parts);
	free(parts);
}

/* Joins what can be, and appends to the queue the pipes that only waited for this one. */
static size_t pass(struct pipes *pipes, uint32_t index, uint32_t *queue, size_t queued)
{
	const struct pipe_use *use = &pipes->uses[index];
	struct end in = end_of(pipes, use->feeds), out = end_of(pipes, use->drains);
	uint64_t taken = taken_from(pipes, &out);

	if (!use->shared && joinable(&in, &out, taken))
		join(pipes, &in, &out, taken);
	for (uint32_t link = use->drains; link; link = pipes->links[link - 1].next) {
		uint32_t to = pipes->fold->flows[pipes->links[link - 1].flow].to;

		if (is_pipe(pipes, to) && !--pipes->uses[to].waiting)
			queue[queued++] = to;
	}
	free(in.flows);
	free(out.flows);
	return queued;
}

void fold_pipes(struct fold *fold)
{
	struct pipes pipes = { .fold = fold, .nr = fold->recording->nr_endpoints };
	uint32_t *queue = zalloc(pipes.nr, sizeof(*queue));
	size_t nr_flows = fold->nr_flows, queued = 0;

	pipes.uses = zalloc(pipes.nr, sizeof(*pipes.uses));
	for (uint32_t i = 0; i < nr_flows; i++) {
		if (is_pipe(&pipes, fold->flows[i].to))
			note(&pipes, i, true);
		if (is_pipe(&pipes, fold->flows[i].from))
			note(&pipes, i, false);
	}
	/* Pipes behind others come later; those of a ring never do, and stay. */
	for (uint32_t i = CS_FIRST_ENDPOINT; i < pipes.nr; i++)
		if (pipes.uses[i].used && !pipes.uses[i].waiting)
			queue[queued++] = i;
	for (size_t i = 0; i < queued; i++)
		queued = pass(&pipes, queue[i], queue, queued);
	free(queue);
	free(pipes.uses);
	free(pipes.links);
}
