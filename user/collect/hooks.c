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
#include "collect/privilege.h"
#include "collect/table.h"
#include "collect/targets.h"
#include "util/cleanup.h"

static bool libbpf_talks;
static char failed_program[64]; /* the one that the last load stopped at */

/* libbpf says only here which program the kernel refused. */
static int on_libbpf_message(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[512], name[64];
	va_list copy;
	int error;

	if (level == LIBBPF_DEBUG)
		return 0;
	va_copy(copy, args);
	vsnprintf(line, sizeof(line), format, copy);
	va_end(copy);
	if (sscanf(line, "libbpf: prog '%63[^']': failed to load: %d", name, &error) == 2)
		snprintf(failed_program, sizeof(failed_program), "%s", name);
	return libbpf_talks ? vfprintf(stderr, format, args) : 0;
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
	if (!strcmp(hook->fact, "cgroups"))
		return s->by_cgroup;
	if (!strcmp(hook->fact, "zeroed pages") || !strcmp(hook->fact, "zeroed huge pages"))
		return hooks->options.zeroing;
	if (!strcmp(hook->fact, "syscalls"))
		return s->derived;
	if (hook->family == CS_FAMILY_DEVICE)
		return !s->derived;
	return true;
}

/* Is the fact of @hook served by an alternative before it, or by itself? */
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

bool hooks_see_tls(const struct hooks *hooks)
{
	return fact_served(hooks, "tls sends") && fact_served(hooks, "tls receives") &&
	       fact_served(hooks, "tls pages of the sender") &&
	       fact_served(hooks, "tls records sent") &&
	       fact_served(hooks, "tls records gathered") &&
	       fact_served(hooks, "tls records received");
}

static void choose(struct hooks *hooks, const struct target *targets)
{
	int error = fexit_error(targets);
	int refused = hooks->options.tier == TIER_DERIVED ? ECANCELED : error;

	hooks->fexit_works = !error;
	for (size_t i = 0; i < hook_table_size; i++) {
		const struct hook *hook = &hook_table[i];
		struct hook_status *s = &hooks->states[i];

		s->state = HOOK_ABSENT;
		if (!targets[i].type)
			continue;
		if (fact_served(hooks, hook->fact)) {
			s->state = HOOK_UNNEEDED;
			continue;
		}
		if (hook->kind != HOOK_TRACEPOINT && refused) {
			s->state = HOOK_REFUSED;
			s->error = refused;
			continue;
		}
		if (targets[i].module < 0) {
			s->state = HOOK_REFUSED;
			s->error = ENOKEY; /* no types of the module: see doctor */
			continue;
		}
		s->state = HOOK_ATTACHED; /* until proven otherwise */
	}
}

/* Families with a fact that is not served are derived. */
static void settle_families(struct hooks *hooks)
{
	struct cs_settings *settings = &hooks->options.settings;

	settings->derived = 0;
	for (size_t i = 0; i < hook_table_size; i++) {
		const struct hook *hook = &hook_table[i];
		enum hook_state state = hooks->states[i].state;
		bool absent_is_fine = hook->need == NEED_IF_PRESENT && state == HOOK_ABSENT;

		if (hook->family < 0 || hook->need == NEED_SELDOM || absent_is_fine)
			continue;
		if (!fact_served(hooks, hook->fact))
			settings->derived |= 1u << hook->family;
	}
	/* Devices have no routine of their own: they come with the syscall hook. */
	if (settings->derived)
		settings->derived |= 1u << CS_FAMILY_DEVICE;
	for (size_t i = 0; i < hook_table_size; i++)
		if (!wanted(hooks, &hook_table[i]) && hooks->states[i].state == HOOK_ATTACHED)
			hooks->states[i].state = HOOK_UNNEEDED;
		else if (wanted(hooks, &hook_table[i]) && hooks->states[i].state == HOOK_UNNEEDED &&
			 !fact_served(hooks, hook_table[i].fact))
			hooks->states[i].state = HOOK_ATTACHED;
	for (int f = 0; f < CS_FAMILY_MAX; f++) {
		hooks->families[f].name = family_names[f];
		hooks->families[f].provenance = settings->derived >> f & 1 ? PROVENANCE_DERIVED :
									     PROVENANCE_MEASURED;
	}
	if (!settings->derived)
		hooks->families[CS_FAMILY_DEVICE].provenance = PROVENANCE_UNKNOWN;
}

static struct bpf_program *program_of(struct hooks *hooks, size_t i)
{
	return bpf_object__find_program_by_name(hooks->bpf->obj, hook_table[i].program);
}

/* Opens the object with the chosen programs; returns 0 or a negative errno. */
static int open_chosen(struct hooks *hooks)
{
	hooks->bpf = copyscope_bpf__open();
	if (!hooks->bpf)
		return -errno;
	hooks->bpf->rodata->settings = hooks->options.settings;
	hooks->bpf->rodata->settings.audit = hooks->options.audit;
	hooks->bpf->rodata->cgroup_id = hooks->options.cgroup_id;
	for (size_t i = 0; i < hook_table_size; i++)
		bpf_program__set_autoload(program_of(hooks, i),
					  hooks->states[i].state == HOOK_ATTACHED);
	bpf_program__set_autoload(hooks->bpf->progs.on_bp_copy_to_iter, hooks->options.audit);
	bpf_program__set_autoload(hooks->bpf->progs.on_bp_copy_from_iter, hooks->options.audit);
	bpf_program__set_autoload(hooks->bpf->progs.on_bp_copy_page_from_iter_atomic,
				  hooks->options.audit);
	if (!hooks->options.audit)
		bpf_map__set_max_entries(hooks->bpf->maps.audits, 1);
	if (hooks->options.zeroing)
		zeroed_prepare(hooks);
	else
		bpf_map__set_max_entries(hooks->bpf->maps.zeroed, 1);
	bpf_program__set_autoload(hooks->bpf->progs.on_get_random_bytes_user,
				  hooks->options.audit && hooks->fexit_works);
	return ledger_make(hooks);
}

/* One program that the kernel does not take costs its fact, not the tool. */
static bool drop_failed_program(struct hooks *hooks, int error)
{
	for (size_t i = 0; i < hook_table_size; i++) {
		struct hook_status *s = &hooks->states[i];

		if (strcmp(hook_table[i].program, failed_program) || s->state != HOOK_ATTACHED)
			continue;
		s->state = HOOK_REFUSED;
		s->error = -error;
		return true;
	}
	return false;
}

static int load(struct hooks *hooks)
{
	int error;

	for (;;) {
		settle_families(hooks);
		error = open_chosen(hooks);
		if (error)
			return error;
		failed_program[0] = 0;
		error = copyscope_bpf__load(hooks->bpf);
		if (!error)
			return 0;
		if (!drop_failed_program(hooks, error))
			return error;
		copyscope_bpf__destroy(hooks->bpf);
		hooks->bpf = NULL;
	}
}

/* Attaches one by one: a refusal costs its fact, not the tool. Returns true if all went well. */
static bool attach(struct hooks *hooks)
{
	bool all = true;

	for (size_t i = 0; i < hook_table_size; i++) {
		struct hook_status *s = &hooks->states[i];

		if (s->state != HOOK_ATTACHED)
			continue;
		s->link = bpf_program__attach_trace(program_of(hooks, i));
		if (s->link)
			continue;
		s->state = HOOK_REFUSED;
		s->error = errno;
		all = false;
	}
	return all;
}

static void detach(struct hooks *hooks)
{
	for (size_t i = 0; i < hook_table_size; i++) {
		bpf_link__destroy(hooks->states[i].link);
		hooks->states[i].link = NULL;
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
		if (hooks->options.settings.derived >> f & 1)
			return family_names[f];
	return "nothing";
}

/* What did not attach must be derived: once more, without it. */
static int load_and_attach(struct hooks *hooks, const struct target *targets)
{
	int error = targets_tell(targets);

	if (!error)
		error = load(hooks);
	if (!error && !attach(hooks)) {
		detach(hooks);
		copyscope_bpf__destroy(hooks->bpf);
		error = load(hooks);
		if (!error)
			attach(hooks);
	}
	return error;
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
	targets = targets_find(vmlinux);
	btf__free(vmlinux);
	choose(hooks, targets);
	error = load_and_attach(hooks, targets);
	targets_free(targets);
	if (error) {
		explain(why, why_size, error);
		goto err_bpf;
	}
	if (hooks->options.settings.derived && !fact_served(hooks, "syscalls")) {
		/* Neither a routine's hook nor the syscall's: to go on would show nothing. */
		snprintf(why, why_size,
			 "the kernel refuses the hook on the end of syscalls, from which %s would "
			 "be derived: copyscope doctor -v shows what it says",
			 first_derived(hooks));
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
	};
}

const struct recorded_hooks *hooks_families(const struct hooks *hooks, size_t *nr)
{
	*nr = CS_FAMILY_MAX;
	return hooks->families;
}
