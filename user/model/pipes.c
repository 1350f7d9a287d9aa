// SPDX-License-Identifier: MIT
/*
 * A pipe that one process uses only to splice bytes from one endpoint to one
 * other is no destination: it is a place on the way.
 */
#include <stdlib.h>

#include "model/fold.h"
#include "model/names.h"
#include "util/memory.h"

struct pipe_use {
	uint32_t process, from, to;
	uint64_t in, out;
	bool fed, drained;
	bool shared; /* by processes, sources or destinations, or not spliced */
};

/* By splice, tee or vmsplice, or a request of io_uring for one of the first two. */
static bool is_splice(uint16_t call)
{
	return call == 275 || call == 276 || call == 278 || call == (CS_CALL_REQUEST | 30) ||
	       call == (CS_CALL_REQUEST | 33);
}

static bool only_spliced(const struct fold *fold, const struct flow *flow)
{
	for_each_call(fold, flow, node) {
		if (!is_splice(node->call))
			return false;
	}
	return flow->calls;
}

static void note(struct pipe_use *pipe, const struct fold *fold, const struct flow *flow,
		 bool feeds)
{
	bool *seen = feeds ? &pipe->fed : &pipe->drained;

	if (*seen || ((pipe->fed || pipe->drained) && pipe->process != flow->process) ||
	    !only_spliced(fold, flow))
		pipe->shared = true;
	*seen = true;
	pipe->process = flow->process;
	if (feeds) {
		pipe->from = flow->from;
		pipe->in += flow->delivered;
	} else {
		pipe->to = flow->to;
		pipe->out += flow->delivered;
	}
}

static bool joinable(const struct pipe_use *pipe)
{
	return pipe->fed && pipe->drained && !pipe->shared && pipe->in == pipe->out && pipe->in;
}

static void join(struct fold *fold, struct pipe_use *pipes, uint32_t index)
{
	const struct pipe_use pipe = pipes[index];
	size_t nr = fold->recording->nr_endpoints;
	uint32_t in, out, joined;

	if (pipe.from == index || pipe.to == index)
		return;
	in = fold_flow(fold, pipe.process, pipe.from, index);
	out = fold_flow(fold, pipe.process, index, pipe.to);
	joined = fold_flow(fold, pipe.process, pipe.from, pipe.to);
	fold->flows[joined].delivered += fold->flows[out].delivered;
	fold_merge(fold, joined, in);
	fold_merge(fold, joined, out);
	/* The next pipe of a chain now has the far end beside it. */
	if (pipe.to < nr)
		pipes[pipe.to].from = pipe.from;
	if (pipe.from < nr)
		pipes[pipe.from].to = pipe.to;
}

void fold_pipes(struct fold *fold)
{
	size_t nr = fold->recording->nr_endpoints;
	struct pipe_use *pipes = zalloc(nr, sizeof(*pipes));

	for (size_t i = 0; i < fold->nr_flows; i++) {
		const struct flow *flow = &fold->flows[i];

		if (flow->to < nr && endpoint_kind(fold->recording, flow->to) == CS_KIND_PIPE)
			note(&pipes[flow->to], fold, flow, true);
		if (flow->from < nr && endpoint_kind(fold->recording, flow->from) == CS_KIND_PIPE)
			note(&pipes[flow->from], fold, flow, false);
	}
	for (size_t i = CS_FIRST_ENDPOINT; i < nr; i++)
		if (joinable(&pipes[i]))
			join(fold, pipes, (uint32_t)i);
	free(pipes);
}
