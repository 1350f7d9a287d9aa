// SPDX-License-Identifier: MIT
/* docs/report.schema.json describes what is written here. */
#include "util/json.h"

#include <stdlib.h>
#include <string.h>

#include "render/renderer.h"
#include "util/utf8.h"

static bool is_utf8(const char *text)
{
	size_t left = strlen(text), bytes;
	uint32_t character;

	for (; left; text += bytes, left -= bytes) {
		bytes = utf8_decode(text, left, &character);
		if (!bytes)
			return false;
	}
	return true;
}

/* A path that is no UTF-8, as bytes: as a string it may be that of another file, too. */
static void write_bytes(struct json *json, const char *path)
{
	_cleanup_strbuf_ struct strbuf hex = { 0 };

	if (!path || is_utf8(path))
		return;
	for (; *path; path++)
		strbuf_printf(&hex, "%02x", (unsigned char)*path);
	json_string(json, "path_hex", hex.text);
}

static void write_path(struct json *json, const struct report_endpoint *endpoint)
{
	_cleanup_strbuf_ struct strbuf cut = { 0 };

	write_bytes(json, endpoint->path);
	if (endpoint->first_path)
		json_string(json, "first_path", endpoint->first_path);
	if (!endpoint->path_cut) {
		json_string(json, "path", endpoint->path);
		return;
	}
	strbuf_printf(&cut, "…%s", endpoint->path);
	json_string(json, "path", cut.text);
	json_bool(json, "path_cut", true);
}

static void write_inode(struct json *json, const struct report_endpoint *endpoint)
{
	if (!endpoint->has_inode)
		return;
	json_device(json, "dev", endpoint->dev_major, endpoint->dev_minor);
	json_number(json, "ino", endpoint->ino);
}

/* All but the braces. */
static void write_endpoint_keys(struct json *json, const struct report_endpoint *endpoint)
{
	json_string(json, "kind", endpoint->known ? kind_word(endpoint->kind) : NULL);
	if (endpoint->known) {
		switch (endpoint->kind) {
		case CS_KIND_MEMORY:
			if (!endpoint->resolved)
				json_bool(json, "resolved", false);
			if (endpoint->has_process) {
				json_number(json, "pid", endpoint->pid);
				json_string(json, "comm", endpoint->comm);
			}
			break;
		case CS_KIND_TCP:
		case CS_KIND_UDP:
			json_string(json, "local", endpoint->local);
			json_string(json, "peer", endpoint->peer);
			break;
		default:
			write_path(json, endpoint);
		}
		if (endpoint->kind == CS_KIND_DEVICE)
			json_device(json, "rdev", endpoint->rdev_major, endpoint->rdev_minor);
	}
	write_inode(json, endpoint);
	if (endpoint->deleted)
		json_bool(json, "deleted", true);
	if (endpoint->known && endpoint->kind == CS_KIND_FILE)
		json_number(json, "page_cache_filled_bytes", endpoint->filled_bytes);
	if (endpoint->uncached && endpoint->resident_source != RESIDENCY_BY_NONE)
		json_number(json, "resident_bytes", endpoint->resident_bytes);
	else if (endpoint->uncached)
		json_null(json, "resident_bytes");
}

static void write_endpoint(struct json *json, const char *key,
			   const struct report_endpoint *endpoint)
{
	json_open(json, key, '{');
	write_endpoint_keys(json, endpoint);
	json_close(json, '}');
}

static void write_from(struct json *json, const struct transfer *transfer)
{
	json_open(json, "from", '{');
	write_endpoint_keys(json, transfer->from);
	if (transfer->nr_may_be_from) {
		json_open(json, "may_be_from", '[');
		for (size_t i = 0; i < transfer->nr_may_be_from; i++) {
			json_open(json, NULL, '{');
			write_endpoint_keys(json, transfer->may_be_from[i].endpoint);
			json_number(json, "bytes", transfer->may_be_from[i].bytes);
			json_close(json, '}');
		}
		json_close(json, ']');
	}
	json_close(json, '}');
}

static void write_process(struct json *json, const struct report_process *process)
{
	json_open(json, "process", '{');
	if (process->known)
		json_number(json, "pid", process->pid);
	else
		json_null(json, "pid");
	json_string(json, "comm", process->known ? process->comm : NULL);
	if (process->lost)
		json_bool(json, "lost", true);
	if (process->audit.known)
		json_number(json, "unattributed_bytes", process->audit.unattributed);
	json_close(json, '}');
}

static void write_hops(struct json *json, const struct transfer *transfer)
{
	json_open(json, "hops", '[');
	for (size_t i = 0; i < transfer->nr_hops; i++) {
		const struct report_hop *hop = &transfer->hops[i];

		json_open(json, NULL, '{');
		json_string(json, "from", place_word(hop_from(hop->id)));
		json_string(json, "to", place_word(hop_to(hop->id)));
		json_string(json, "how", how_word(hop_how(hop->id)));
		json_number(json, "bytes", hop->bytes);
		json_string(json, "provenance", provenance_word(hop->provenance));
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void write_counters(struct json *json, const struct counters *counters)
{
	json_number(json, "mode_switches", counters->mode_switches);
	json_open(json, "context_switches", '{');
	json_number(json, "voluntary", counters->voluntary);
	json_number(json, "involuntary", counters->involuntary);
	json_close(json, '}');
	json_open(json, "page_faults", '{');
	json_number(json, "minor", counters->minor);
	json_number(json, "major", counters->major);
	json_close(json, '}');
}

static void write_findings(struct json *json, const struct finding *findings, size_t count)
{
	json_open(json, "findings", '[');
	for (size_t i = 0; i < count; i++) {
		json_open(json, NULL, '{');
		json_string(json, "code", findings[i].code);
		json_string(json, "text", findings[i].text);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void write_transfer(struct json *json, const struct transfer *transfer)
{
	json_newline(json);
	json_open(json, NULL, '{');
	write_process(json, transfer->process);
	write_from(json, transfer);
	write_endpoint(json, "to", transfer->to);
	json_open(json, "calls", '[');
	for (size_t i = 0; i < transfer->nr_calls; i++) {
		json_open(json, NULL, '{');
		json_string(json, "name", transfer->calls[i].name);
		json_number(json, "count", transfer->calls[i].count);
		json_close(json, '}');
	}
	json_close(json, ']');
	json_number(json, "delivered_bytes", transfer->delivered_bytes);
	write_hops(json, transfer);
	json_number(json, "cpu_copied_bytes", transfer->cpu_copied_bytes);
	json_real(json, "copies_per_byte",
		  copies_per_byte(transfer->cpu_copied_bytes, transfer->delivered_bytes));
	json_string(json, "provenance", provenance_word(transfer->provenance));
	write_counters(json, &transfer->counters);
	json_string(json, "verdict", verdict_word(transfer->verdict));
	json_bool(json, "program_start", transfer->program_start);
	json_real(json, "copied_share", transfer->copied_share);
	write_findings(json, transfer->findings, transfer->nr_findings);
	json_close(json, '}');
}

static void write_hooks(struct json *json, const struct report *report)
{
	bool mixed = !report->copies && report->nr_hooks;

	json_newline(json);
	json_open(json, "hooks", '{');
	json_string(json, "copies", mixed ? "mixed" : provenance_word(report->copies));
	for (size_t i = 0; i < report->nr_hooks; i++)
		json_string(json, report->hooks[i].name,
			    report->hooks[i].failed ? "failed_self_check" :
						      provenance_word(report->hooks[i].provenance));
	json_close(json, '}');
}

static void write_lost(struct json *json, const struct report *report)
{
	const struct cs_lost *lost = &report->lost;

	json_newline(json);
	json_open(json, "lost", '{');
	json_number(json, "ledger_rows", lost->rows);
	json_number(json, "events", report->lost_events);
	json_number(json, "endpoints", lost->endpoints);
	json_number(json, "processes", lost->processes);
	json_number(json, "threads", lost->threads);
	json_number(json, "buffers", lost->buffers);
	json_number(json, "segments", lost->segments);
	json_number(json, "hook_runs", lost->runs);
	json_close(json, '}');
}

static void write_totals(struct json *json, const struct report *report)
{
	const struct report_totals *totals = &report->totals;

	json_newline(json);
	json_open(json, "totals", '{');
	json_number(json, "transfers", report->nr_transfers);
	json_number(json, "left_out", report->nr_left_out);
	json_number(json, "delivered_bytes", totals->delivered_bytes);
	json_number(json, "cpu_copied_bytes", totals->bytes[CS_COPY]);
	json_number(json, "referenced_bytes", totals->bytes[CS_REFERENCE]);
	json_number(json, "mapped_bytes", totals->bytes[CS_MAP]);
	json_number(json, "dma_bytes", totals->bytes[CS_DMA]);
	json_number(json, "transformed_bytes", totals->bytes[CS_TRANSFORM]);
	json_number(json, "dirtied_bytes", totals->bytes[CS_DIRTY]);
	json_real(json, "copies_per_byte",
		  copies_per_byte(totals->bytes[CS_COPY], totals->delivered_bytes));
	write_counters(json, &totals->counters);
	json_close(json, '}');
}

static void write_audit_numbers(struct json *json, const struct report_audit *audit)
{
	json_number(json, "copied_bytes", audit->copied);
	json_number(json, "seen_bytes", audit->seen);
	json_number(json, "kernel_own_bytes", audit->own);
	json_number(json, "unattributed_bytes", audit->unattributed);
}

static void write_audit(struct json *json, const struct report *report)
{
	const struct report_audit *audit = &report->audit;

	json_newline(json);
	if (!audit->known) {
		json_null(json, "unattributed_bytes");
		return;
	}
	json_number(json, "unattributed_bytes", audit->unattributed);
	json_open(json, "audit", '{');
	write_audit_numbers(json, audit);
	json_open(json, "processes", '[');
	for (size_t i = 0; i < report->nr_audited; i++) {
		json_open(json, NULL, '{');
		json_number(json, "pid", report->audited[i].pid);
		json_string(json, "comm", report->audited[i].comm);
		write_audit_numbers(json, &report->audited[i].audit);
		json_close(json, '}');
	}
	json_close(json, ']');
	json_close(json, '}');
}

static void write_part(struct json *json, const struct written_back *part)
{
	json_open(json, NULL, '{');
	json_string(json, "by", part->by);
	if (part->process)
		write_process(json, part->process);
	else
		json_null(json, "process");
	json_number(json, "bytes", part->bytes);
	json_close(json, '}');
}

static void write_written(struct json *json, const struct written_file *written)
{
	bool known = written->source != RESIDENCY_BY_NONE;

	json_newline(json);
	json_open(json, NULL, '{');
	write_endpoint(json, "file", written->file);
	json_number(json, "written_back_bytes", written->written_back_bytes);
	json_open(json, "written_back", '[');
	for (size_t i = 0; i < written->nr_parts; i++)
		write_part(json, &written->parts[i]);
	json_close(json, ']');
	if (known) {
		json_number(json, "dirty_bytes", written->dirty_bytes);
		json_number(json, "under_writeback_bytes", written->under_writeback_bytes);
	} else {
		json_null(json, "dirty_bytes");
		json_null(json, "under_writeback_bytes");
	}
	json_string(json, "dirty_source", residency_source_word(written->source));
	json_close(json, '}');
}

static void write_written_files(struct json *json, const struct report *report)
{
	json_newline(json);
	json_open(json, "written_files", '[');
	for (size_t i = 0; i < report->nr_written; i++)
		write_written(json, &report->written[i]);
	json_close(json, ']');
}

static void write_zeroed_process(struct json *json, const struct zeroed_process *process)
{
	json_open(json, NULL, '{');
	json_number(json, "pid", process->pid);
	json_string(json, "comm", process->comm);
	json_number(json, "bytes", process->bytes);
	json_open(json, "calls", '[');
	for (size_t i = 0; i < process->nr_calls; i++) {
		json_open(json, NULL, '{');
		json_string(json, "name", process->calls[i].name);
		json_number(json, "bytes", process->calls[i].bytes);
		json_close(json, '}');
	}
	json_close(json, ']');
	json_close(json, '}');
}

static void write_zeroed(struct json *json, const struct report *report)
{
	json_newline(json);
	if (!report->zeroing_known) {
		json_null(json, "zeroed");
		return;
	}
	json_open(json, "zeroed", '{');
	json_number(json, "bytes", report->zeroed_bytes);
	json_open(json, "processes", '[');
	for (size_t i = 0; i < report->nr_zeroed; i++)
		write_zeroed_process(json, &report->zeroed[i]);
	json_close(json, ']');
	json_close(json, '}');
}

static void write_moved(struct json *json, const struct report *report, const uint64_t *bytes,
			enum cs_kthread_moved how, const char *key)
{
	if (report->kthreads_seen >> how & 1)
		json_number(json, key, bytes[how]);
	else
		json_null(json, key);
}

static void write_kthreads(struct json *json, const struct report *report)
{
	json_newline(json);
	if (!report->kthreads_seen) {
		json_null(json, "kernel_threads");
		return;
	}
	json_open(json, "kernel_threads", '[');
	for (size_t i = 0; i < report->nr_kthreads; i++) {
		const uint64_t *bytes = report->kthreads[i].bytes;

		json_open(json, NULL, '{');
		json_string(json, "name", report->kthreads[i].name);
		write_moved(json, report, bytes, CS_KTHREAD_READ, "read_bytes");
		write_moved(json, report, bytes, CS_KTHREAD_WRITTEN, "written_bytes");
		write_moved(json, report, bytes, CS_KTHREAD_SENT, "sent_bytes");
		write_moved(json, report, bytes, CS_KTHREAD_RECEIVED, "received_bytes");
		json_close(json, '}');
	}
	json_close(json, ']');
}

static int render(const struct report *report, const struct render_options *options, FILE *out)
{
	struct json json;

	(void)options;
	json_begin(&json, out);
	json_open(&json, NULL, '{');
	json_string(&json, "schema", "copyscope/report/1");
	json_string(&json, "version", report->version);
	json_string(&json, "kernel", report->kernel);
	json_number(&json, "duration_ns", report->duration_ns);
	write_hooks(&json, report);
	write_lost(&json, report);
	write_audit(&json, report);
	write_totals(&json, report);
	json_newline(&json);
	json_open(&json, "transfers", '[');
	for (size_t i = 0; i < report->nr_transfers; i++)
		write_transfer(&json, &report->transfers[i]);
	json_close(&json, ']');
	write_written_files(&json, report);
	write_zeroed(&json, report);
	write_kthreads(&json, report);
	json_newline(&json);
	write_findings(&json, report->findings, report->nr_findings);
	json_close(&json, '}');
	return json_end(&json);
}

const struct renderer render_json = { "json", render };
