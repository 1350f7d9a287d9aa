// SPDX-License-Identifier: MIT
/* Recordings whose rows, endpoints and processes are anything. */
#include <stdlib.h>
#include <sys/socket.h>

#include "model/filter.h"
#include "tests/fuzz/input.h"

enum { ROWS_MAX = 64, ENDPOINTS_MAX = 24, PROCESSES_MAX = 6, OTHERS_MAX = 5 };

/* With room for what a recording holds, each array in its own memory for the sanitizer. */
struct arrays {
	struct cs_row *rows;
	struct cs_endpoint *endpoints;
	struct cs_process *processes;
	struct recorded_hooks *hooks;
	struct recorded_audit *audits;
	struct recorded_dirty *dirty;
	struct recorded_zeroed *zeroed;
	struct recorded_kthread *kthreads;
};

static void make_endpoint(struct input *input, struct cs_endpoint *e)
{
	static const uint16_t families[] = { AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX };

	e->kind = input_byte(input) % (CS_KIND_MAX + 2);
	e->flags = input_byte(input);
	e->family = families[input_byte(input) % 4];
	e->local_port = input_byte(input);
	e->peer_port = input_byte(input);
	e->rdev = input_byte(input) << 20 | input_byte(input);
	e->inode.dev = input_byte(input);
	e->inode.ino = input_number(input);
	e->filled_bytes = input_number(input);
	e->local[0] = e->peer[15] = input_byte(input);
	/* The length and the bytes need not fit each other. */
	e->path_bytes = input_index(input, 64);
	input_copy(input, e->path, input_byte(input) % 64);
	e->first_bytes = (uint16_t)(input_byte(input) * 4);
	input_copy(input, e->path + CS_FIRST_PATH, input_byte(input) % 64);
}

static void make_row(struct input *input, struct cs_row *row, const struct recording *r)
{
	uint8_t which = input_byte(input);

	row->key.process = input_index(input, (uint32_t)r->nr_processes);
	row->key.source = input_index(input, (uint32_t)r->nr_endpoints);
	row->key.destination = input_index(input, (uint32_t)r->nr_endpoints);
	row->key.call = input_byte(input);
	if (which & 1)
		row->key.call |= input_byte(input) << 8;
	row->key.hop = input_byte(input);
	if (which & 2)
		row->key.hop %= CS_HOP_MAX;
	if (which & 4)
		row->key.flags = input_byte(input);
	row->ops = input_number(input);
	row->bytes = input_number(input);
	row->delivered = which & 8 ? row->bytes : input_number(input);
	if (!(which & 16))
		return;
	row->mode_switches = input_number(input);
	row->voluntary = input_number(input);
	row->involuntary = input_number(input);
	row->minor = input_number(input);
	row->major = input_number(input);
}

static void make_rest(struct input *input, struct recording *r, struct arrays *a)
{
	static const char *const names[] = { "file reads", "tcp", "devices", "" };

	for (size_t i = 0; i < r->nr_hooks; i++)
		a->hooks[i] = (struct recorded_hooks){ .name = names[input_byte(input) % 4],
						       .provenance = input_byte(input) % 4 };
	for (size_t i = 0; i < r->nr_audits; i++) {
		a->audits[i].pid = input_byte(input);
		for (int p = 0; p < CS_PRIMITIVE_MAX; p++) {
			a->audits[i].audit.copied[p] = input_number(input);
			a->audits[i].audit.own[p] = input_number(input);
		}
	}
	for (size_t i = 0; i < r->nr_dirty; i++)
		a->dirty[i] = (struct recorded_dirty){
			.endpoint = input_index(input, (uint32_t)r->nr_endpoints),
			.source = input_byte(input) % (RESIDENCY_BY_NONE + 1),
			.dirty_bytes = input_number(input),
			.under_writeback_bytes = input_number(input),
		};
	for (size_t i = 0; i < r->nr_zeroed; i++) {
		a->zeroed[i].key.tgid = input_byte(input);
		a->zeroed[i].key.call = (uint16_t)input_u32(input);
		a->zeroed[i].bytes = input_number(input);
	}
	for (size_t i = 0; i < r->nr_kthreads; i++) {
		input_copy(input, a->kthreads[i].key.name,
			   input_byte(input) % (CS_KTHREAD_BYTES + 1));
		for (int how = 0; how < CS_KTHREAD_MOVED_MAX; how++)
			a->kthreads[i].moved.bytes[how] = input_number(input);
	}
}

static void make_header(struct input *input, struct recording *r)
{
	uint8_t flags = input_byte(input);

	r->version = input_text(input);
	r->kernel = input_text(input);
	r->duration_ns = input_number(input);
	r->followed = flags & 1;
	r->sees_tls = flags & 2;
	r->audited = flags & 4;
	r->zeroing = flags & 8;
	if (flags & 16) {
		r->lost.rows = input_number(input);
		r->lost.endpoints = input_number(input);
		r->lost.buffers = input_number(input);
		r->lost.segments = input_number(input);
		r->lost_events = input_number(input);
	}
	r->nr_rows = input_byte(input) % (ROWS_MAX + 1);
	r->nr_endpoints = input_byte(input) % (ENDPOINTS_MAX + 1);
	r->nr_processes = input_byte(input) % (PROCESSES_MAX + 1);
	r->nr_hooks = input_byte(input) % (OTHERS_MAX + 1);
	r->nr_audits = input_byte(input) % (OTHERS_MAX + 1);
	r->nr_dirty = input_byte(input) % (OTHERS_MAX + 1);
	r->nr_zeroed = input_byte(input) % (OTHERS_MAX + 1);
	if (!(flags & 32))
		return;
	r->all = flags & 64;
	r->kthreads_seen = input_byte(input) % (1 << CS_KTHREAD_MOVED_MAX);
	r->nr_kthreads = input_byte(input) % (OTHERS_MAX + 1);
}

static void make_recording(struct input *input, struct recording *r, struct arrays *a)
{
	make_header(input, r);
	r->rows = a->rows = zalloc(r->nr_rows, sizeof(*a->rows));
	r->endpoints = a->endpoints = zalloc(r->nr_endpoints, sizeof(*a->endpoints));
	r->processes = a->processes = zalloc(r->nr_processes, sizeof(*a->processes));
	r->hooks = a->hooks = zalloc(r->nr_hooks, sizeof(*a->hooks));
	r->audits = a->audits = zalloc(r->nr_audits, sizeof(*a->audits));
	r->dirty = a->dirty = zalloc(r->nr_dirty, sizeof(*a->dirty));
	r->zeroed = a->zeroed = zalloc(r->nr_zeroed, sizeof(*a->zeroed));
	r->kthreads = a->kthreads = zalloc(r->nr_kthreads, sizeof(*a->kthreads));
	for (size_t i = 0; i < r->nr_processes; i++) {
		a->processes[i].pid = input_byte(input);
		input_copy(input, a->processes[i].comm, input_byte(input) % (CS_COMM_BYTES + 1));
	}
	for (size_t i = 0; i < r->nr_endpoints; i++)
		make_endpoint(input, &a->endpoints[i]);
	for (size_t i = 0; i < r->nr_rows; i++)
		make_row(input, &a->rows[i], r);
	make_rest(input, r, a);
}

static void free_arrays(struct arrays *a)
{
	free(a->rows);
	free(a->endpoints);
	free(a->processes);
	free(a->hooks);
	free(a->audits);
	free(a->dirty);
	free(a->zeroed);
	free(a->kthreads);
}

static const struct filter *make_filter(struct input *input, struct filter *filter)
{
	const char *pattern = input_text(input);

	return pattern && !filter_parse(filter, pattern) ? filter : NULL;
}

void fuzz_path(struct input *input)
{
	struct render_options options = input_options(input);
	struct recording recording = { 0 };
	struct arrays arrays = { 0 };
	struct filter from, to;
	struct report_options wanted = {
		.from = make_filter(input, &from),
		.to = make_filter(input, &to),
		.min_bytes = input_number(input),
	};
	struct output output;
	struct report *report;

	make_recording(input, &recording, &arrays);
	report = report_build(&recording, &wanted);
	free_arrays(&arrays); /* the report stands on its own */
	for (size_t i = 0; renderers[i]; i++) {
		output_begin(&output);
		if (renderers[i]->render(report, &options, output.file))
			abort();
		output_end(&output, renderers[i] == &render_text ? &options : NULL);
	}
	report_free(report);
}
