// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the settings, the rows and what is lost.  What is here runs once for each
 * row; then hooks find it in the thread's own cache.  So it is with endpoints
 * (endpoint.bpf.c), threads and processes (thread.bpf.c).
 */
#include "bpf/row.bpf.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct cs_settings settings;
__u64 traced[CS_MAX_PIDS / 64];
struct cs_lost lost;
volatile __u32 none;
volatile __u32 derived;
__u32 nr_rows;

struct cs_row rows[CS_MAX_ROWS];
struct cs_endpoint endpoints[CS_MAX_ENDPOINTS];

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CS_MAX_ROWS);
	__type(key, struct cs_row_key);
	__type(value, u32);
} row_index SEC(".maps");

/* By thread group; the tool makes it small without an audit. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CS_MAX_PROCESSES);
	__type(key, u32);
	__type(value, struct cs_audit);
} audits SEC(".maps");

static __always_inline int row_slot(const struct cs_row_key *wanted)
{
	/* Up to v6.1 helpers take keys from the stack or a map only. */
	struct cs_row_key key = *wanted;
	u32 slot, *known = bpf_map_lookup_elem(&row_index, &key);
	struct cs_row *row;

	if (known)
		return *known;
	slot = nr_rows < CS_MAX_ROWS ? __sync_fetch_and_add(&nr_rows, 1) : CS_MAX_ROWS;
	row = row_at(slot);
	if (row) {
		/* Before others can find it. */
		row->key = key;
		if (!bpf_map_update_elem(&row_index, &key, &slot, BPF_NOEXIST))
			return slot;
	}
	known = bpf_map_lookup_elem(&row_index, &key);
	if (known)
		return *known;
	add(lost.rows, 1);
	process_loses(key.process);
	return -1;
}

/* The slot of a row, made if it is new; -1 when the ledger is full. */
__noinline int row_find(struct thread *t, u64 who, u64 what)
{
	struct cs_row_key key = key_of(who, what);
	struct row_cache *c;
	int slot;

	if (!t)
		return -1;
	if (t->request)
		key.call = t->request;
	slot = row_slot(&key);
	if (slot >= 0) {
		c = &t->rows[row_cache_index(key.hop)];
		c->who = who;
		c->what = what;
		c->slot = slot;
		c->ops = ops_of(t, key.call);
	}
	return slot;
}

/* fold() of the current task, of which @t is the state. */
__noinline int fold_row(struct thread *t, u64 who, u64 what, u64 bytes, u64 delivered)
{
	struct cs_row_key key = key_of(who, what);

	if (!t)
		return -1;
	fold(t, bpf_get_current_task_btf(), &key, bytes, delivered);
	return 0;
}

/* Counts @bytes in a row that no operation of the thread at hand makes. */
__noinline int add_side(struct cs_row_key *key, u64 bytes)
{
	struct cs_row *row;
	int slot;

	if (!key)
		return -1;
	slot = row_slot(key);
	if (slot < 0)
		return -1;
	row = row_at(slot);
	if (row)
		add(row->bytes, bytes);
	return 0;
}

/* Counts what a primitive copied, or that the kernel's @own bytes were among it. */
__noinline int add_audit(u32 tgid, u32 primitive, u64 copied, u64 own)
{
	struct cs_audit none = {}, *audit;
	u32 key = tgid;

	if (!settings.audit || primitive >= CS_PRIMITIVE_MAX)
		return 0;
	audit = bpf_map_lookup_elem(&audits, &key);
	if (!audit) {
		bpf_map_update_elem(&audits, &key, &none, BPF_NOEXIST);
		audit = bpf_map_lookup_elem(&audits, &key);
	}
	if (!audit) {
		add(lost.processes, 1);
		return 0;
	}
	add(audit->copied[primitive], copied);
	add(audit->own[primitive], own);
	return 0;
}
