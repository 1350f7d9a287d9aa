// SPDX-License-Identifier: MIT
/* Chooses, loads and attaches the hooks of the table. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "collect/hooks_private.h"
#include "collect/loader.h"
#include "collect/privilege.h"
#include "collect/table.h"
#include "collect/targets.h"
#include "util/cleanup.h"
#include "util/hash.h"

#define SYSCALLS "syscalls" /* the fact of the hook that derives */

static bool libbpf_talks;

static int on_libbpf_message(enum libbpf_print_level level, const char *format, va_list args)
{
	return libbpf_talks && level != LIBBPF_DEBUG ? vfprintf(stderr, format, args) : 0;
}

/* A kernel may refuse all fexit programs: one that does nothing tells. */
static int fexit_error(const struct target *targets)
{
	struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FEXIT);
	int fd;

	for (size_t i = 0; i < hook_table_size && !options.attach_btf_id; i++)
		if (hook_table[i].kind == HOOK_FEXIT && !targets[i].module)
			options.attach_btf_id = targets[i].type;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "probe", "GPL", nothing, 2, &options);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static bool wanted(const struct hooks *hooks, const struct hook *hook)
{
	const struct cs_settings *s = &hooks->options.settings;

	if (!strcmp(hook->fact, "names"))
		return s->by_comm;
	if (!strcmp(hook->fact, "cgroups") || !strcmp(hook->fact, "births in cgroups"))
		return s->by_cgroup;
	if (!strcmp(hook->fact, "zeroed pages") || !strcmp(hook->fact, "zeroed huge pages"))
		return hooks->options.zeroing;
	if (hook->kind == HOOK_BREAKPOINT || !strcmp(hook->fact, "random bytes"))
		return hooks->options.audit;
	return true;
}

/* Is a hook of @fact attached? */
static bool fact_served(const struct hooks *hooks, const char *fact)
{
	for (size_t i = 0; i < hook_table_size; i++)
		if (!strcmp(hook_table[i].fact, fact) && hooks->states[i].state == HOOK_ATTACHED)
			return true;
	return false;
}

bool hooks_follow(const struct hooks *hooks)
{
	return fact_served(hooks, "pinned pages") && fact_served(hooks, "pinned pages copied") &&
	       fact_served(hooks, "segments copied") && fact_served(hooks, "packets copied") &&
	       fact_served(hooks, "UDP segments copied");
}

bool hooks_see_zeroing(const struct hooks *hooks)
{
	return fact_served(hooks, "zeroed pages") && fact_served(hooks, "zeroed huge pages");
}

bool hooks_see_sent_pages(const struct hooks *hooks)
{
	return fact_served(hooks, "page references by sockets");
}

bool hooks_see_tls(const struct hooks *hooks)
{
	return fact_served(hooks, "tls sends") && fact_served(hooks, "tls receives") &&
	       fact_served(hooks, "tls pages of the sender") &&
	       fact_served(hooks, "tls records sent") &&
	       fact_served(hooks, "tls records gathered") &&
	       fact_served(hooks, "tls records received");
}

/* Tests take hooks away by the names of programs, to see what becomes of the numbers. */
static bool is_taken_away(const char *program)
{
	const char *names = getenv("COPYSCOPE_TEST_WITHOUT");
	size_t length = strlen(program);

	for (const char *at = names; at && *at; at += strspn(at, ",")) {
		size_t found = strcspn(at, ",");

		if (found == length && !strncmp(at, program, length))
			return true;
		at += found;
	}
	return false;
}

/* Is there a row for the arguments that the routine has here? */
static bool another_fits(const struct target *targets, size_t row)
{
	for (size_t i = 0; i < hook_table_size; i++)
		if (!strcmp(hook_table[i].fact, hook_table[row].fact) &&
		    !strcmp(hook_table[i].target, hook_table[row].target) && targets[i].type &&
		    !targets[i].changed)
			return true;
	return false;
}

/* What can be said before anything is loaded. */
static void choose(struct hooks *hooks, const struct target *targets)
{
	int refused = hooks->options.tier == TIER_DERIVED ? ECANCELED : fexit_error(targets);

	for (size_t i = 0; i < hook_table_size; i++) {
		const struct hook *hook = &hook_table[i];
		struct hook_status *s = &hooks->states[i];
		bool traces = hook->kind == HOOK_FEXIT || hook->kind == HOOK_FENTRY;

		s->state = HOOK_REFUSED;
		if (hook->kind != HOOK_BREAKPOINT &&
		    (!targets[i].type || (hook->where && !targets[i].where)))
			s->state = HOOK_ABSENT;
		else if (targets[i].changed)
			s->state = another_fits(targets, i) ? HOOK_ABSENT : HOOK_CHANGED;
		else if (is_taken_away(hook->program))
			s->error = EOWNERDEAD; /* see doctor */
		else if (traces && refused)
			s->error = refused;
		else if (targets[i].module < 0)
			s->error = ENOKEY; /* no types of the module: see doctor */
		else
			s->state = HOOK_UNNEEDED; /* until it is wanted */
	}
}

static struct bpf_program *program_of(struct hooks *hooks, size_t i)
{
	return bpf_object__find_program_by_name(hooks->bpf->obj, hook_table[i].program);
}

/* Makes the maps; the programs are left to the loader. Returns 0 or a negative errno. */
static int open_object(struct hooks *hooks)
{
	int error;

	hooks->bpf = copyscope_bpf__open();
	if (!hooks->bpf)
		return -errno;
	hooks->bpf->rodata->settings = hooks->options.settings;
	hooks->bpf->rodata->settings.audit = hooks->options.audit;
	hooks->bpf->rodata->cgroup_id = hooks->options.cgroup_id;
	for (size_t i = 0; i < hook_table_size; i++)
		bpf_program__set_autoload(program_of(hooks, i),
					  hooks->states[i].state == HOOK_UNNEEDED &&
						  wanted(hooks, &hook_table[i]));
	if (!hooks->options.audit)
		bpf_map__set_max_entries(hooks->bpf->maps.audits, 1);
	if (hooks->options.zeroing)
		zeroed_prepare(hooks);
	else
		bpf_map__set_max_entries(hooks->bpf->maps.zeroed, 1);
	error = ledger_make(hooks);
	return error ? error : copyscope_bpf__load(hooks->bpf);
}

/* A refusal costs the fact of the row, not the tool, and no other program is loaded again. */
static void load_and_attach(struct hooks *hooks, struct loader *loader, size_t i)
{
	struct hook_status *s = &hooks->states[i];
	struct bpf_program *program = program_of(hooks, i);
	int error = loader_load(loader, i, program, hooks->options.verbose, &s->reason);

	if (!error && hook_table[i].kind != HOOK_BREAKPOINT) {
		s->link = bpf_program__attach_trace(program);
		if (!s->link)
			error = -errno;
	}
	s->state = error ? HOOK_REFUSED : HOOK_ATTACHED;
	s->error = -error;
}

static void drop(struct hooks *hooks, size_t i, enum hook_state state, int error)
{
	struct hook_status *s = &hooks->states[i];

	bpf_link__destroy(s->link);
	s->link = NULL;
	s->state = state;
	s->error = error;
}

static bool program_is_attached(const struct hooks *hooks, const char *program)
{
	for (size_t i = 0; i < hook_table_size; i++)
		if (!strcmp(hook_table[i].program, program))
			return hooks->states[i].state == HOOK_ATTACHED;
	return false;
}

/* Of two hooks that are of no use without each other, one is left. */
static void drop_halves(struct hooks *hooks)
{
	for (size_t i = 0; i < hook_table_size; i++)
		if (hooks->states[i].state == HOOK_ATTACHED && hook_table[i].with &&
		    !program_is_attached(hooks, hook_table[i].with))
			drop(hooks, i, HOOK_DROPPED, ENOLINK);
}

/* What a missing fact makes of its family: bits of derived. */
static __u32 consequence(const struct hooks *hooks, size_t i)
{
	const struct hook *hook = &hook_table[i];
	bool absent_is_fine = hook->need == NEED_IF_PRESENT &&
			      hooks->states[i].state == HOOK_ABSENT;

	if (hook->need >= NEED_TO_TRACE || absent_is_fine || fact_served(hooks, hook->fact))
		return 0;
	if (hook->unsure)
		return hook->unsure;
	return hook->family >= 0 ? 1u << hook->family : 0;
}

#define FAMILIES ((1u << CS_FAMILY_MAX) - 1)

/* A family is measured or derived: of one that is derived all hooks go. */
static void settle_families(struct hooks *hooks)
{
	for (size_t i = 0; i < hook_table_size; i++)
		hooks->derived |= consequence(hooks, i);
	/* Devices have no routine of their own: they come with the syscall hook. */
	if (hooks->derived & FAMILIES)
		hooks->derived |= 1u << CS_FAMILY_DEVICE;
	for (size_t i = 0; i < hook_table_size; i++)
		if (hooks->states[i].state == HOOK_ATTACHED && hook_table[i].family >= 0 &&
		    hooks->derived >> hook_table[i].family & 1)
			drop(hooks, i, HOOK_DROPPED, 0);
	for (int f = 0; f < CS_FAMILY_MAX; f++) {
		hooks->families[f].name = family_names[f];
		hooks->families[f].provenance = hooks->derived >> f & 1 ? PROVENANCE_DERIVED :
									  PROVENANCE_MEASURED;
	}
	if (!(hooks->derived & FAMILIES))
		hooks->families[CS_FAMILY_DEVICE].provenance = PROVENANCE_UNKNOWN;
	hooks->bpf->bss->derived = hooks->derived;
}

/* Nothing is traced yet: hooks that come and go here count nothing. */
static int load(struct hooks *hooks, const struct target *targets)
{
	struct loader *loader;
	int error = loader_new(targets, &loader);

	if (error)
		return error;
	error = open_object(hooks);
	for (size_t i = 0; !error && i < hook_table_size; i++)
		if (hooks->states[i].state == HOOK_UNNEEDED && wanted(hooks, &hook_table[i]) &&
		    !fact_served(hooks, hook_table[i].fact) &&
		    strcmp(hook_table[i].fact, SYSCALLS) != 0)
			load_and_attach(hooks, loader, i);
	if (!error) {
		drop_halves(hooks);
		settle_families(hooks);
	}
	for (size_t i = 0; !error && hooks->derived & FAMILIES && i < hook_table_size; i++)
		if (!strcmp(hook_table[i].fact, SYSCALLS) &&
		    hooks->states[i].state == HOOK_UNNEEDED)
			load_and_attach(hooks, loader, i);
	loader_free(loader);
	return error;
}

static void detach(struct hooks *hooks)
{
	hooks_release(hooks);
	for (size_t i = 0; i < hook_table_size; i++) {
		free(hooks->states[i].reason);
		hooks->states[i].reason = NULL;
	}
}

static int explain(char *why, size_t size, int error)
{
	if (error == -EPERM || error == -EACCES)
		privilege_explain(why, size);
	else
		snprintf(why, size, "cannot load the eBPF programs: %s", strerror(-error));
	return error;
}

static const char *first_derived(const struct hooks *hooks)
{
	for (int f = 0; f < CS_FAMILY_MAX; f++)
		if (hooks->derived >> f & 1)
			return family_names[f];
	return "nothing";
}

int hooks_open(const struct hooks_options *options, struct hooks **ret, char *why, size_t why_size)
{
	struct hooks *hooks = calloc(1, sizeof(*hooks) + hook_table_size * sizeof(*hooks->states));
	struct target *targets;
	struct btf *vmlinux;
	int error;

	if (!hooks)
		return -ENOMEM;
	hooks->options = *options;
	libbpf_talks = options->verbose;
	libbpf_set_print(on_libbpf_message);
	if (!privilege_suffices()) {
		error = explain(why, why_size, -EPERM);
		goto err_free;
	}
	vmlinux = btf__load_vmlinux_btf();
	if (!vmlinux) {
		error = -errno;
		snprintf(why, why_size,
			 "this kernel has no type information (/sys/kernel/btf/vmlinux): "
			 "use one built with CONFIG_DEBUG_INFO_BTF=y");
		goto err_free;
	}
	targets = targets_find(vmlinux, MODULE_TYPES);
	btf__free(vmlinux);
	choose(hooks, targets);
	error = load(hooks, targets);
	targets_free(targets);
	if (error) {
		explain(why, why_size, error);
		goto err_bpf;
	}
	if (hooks->derived & FAMILIES && !fact_served(hooks, SYSCALLS)) {
		/* Neither a routine's hook nor the syscall's: to go on would show nothing. */
		snprintf(why, why_size,
			 "the kernel refuses the hook on the end of syscalls, from which %s would "
			 "be derived: copyscope doctor -v shows what it says",
			 first_derived(hooks));
		error = -EOPNOTSUPP;
		goto err_bpf;
	}
	for (size_t i = 0; i < hook_table_size; i++) {
		if (hook_table[i].need != NEED_TO_TRACE || !wanted(hooks, &hook_table[i]) ||
		    fact_served(hooks, hook_table[i].fact))
			continue;
		snprintf(why, why_size,
			 "the kernel refuses the hook on %s, without which it is not known whom to "
			 "trace: copyscope doctor -v shows what it says",
			 hook_table[i].target);
		error = -EOPNOTSUPP;
		goto err_bpf;
	}
	*ret = hooks;
	return 0;

err_bpf:
	detach(hooks);
	copyscope_bpf__destroy(hooks->bpf);
err_free:
	free(hooks);
	return error;
}

void hooks_close(struct hooks *hooks)
{
	if (!hooks)
		return;
	audit_close(hooks);
	detach(hooks);
	copyscope_bpf__destroy(hooks->bpf);
	free(hooks);
}

size_t hooks_count(const struct hooks *hooks)
{
	(void)hooks;
	return hook_table_size;
}

static const char *const kind_names[] = {
	[HOOK_FEXIT] = "fexit",
	[HOOK_FENTRY] = "fentry",
	[HOOK_TRACEPOINT] = "tracepoint",
	[HOOK_BREAKPOINT] = "breakpoint",
};

struct hook_report hooks_report(const struct hooks *hooks, size_t i)
{
	const struct hook *hook = &hook_table[i];

	return (struct hook_report){
		.group = hook->fact,
		.program = hook->program,
		.target = hook->target,
		.kind = kind_names[hook->kind],
		.loses = hook->loses,
		.state = hooks->states[i].state,
		.error = hooks->states[i].error,
		.reason = hooks->states[i].reason,
	};
}

const struct recorded_hooks *hooks_families(const struct hooks *hooks, size_t *nr)
{
	*nr = CS_FAMILY_MAX;
	return hooks->families;
}

uint64_t hooks_identity(void)
{
	size_t size;
	const void *bytes = copyscope_bpf__elf_bytes(&size);

	return hash_bytes(0, bytes, size);
}

void hooks_distrust(struct hooks *hooks, int family, const char *why)
{
	hooks->families[family].failed = why;
	hooks->families[family].provenance = PROVENANCE_UNKNOWN;
}
