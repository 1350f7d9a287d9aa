// SPDX-License-Identifier: MIT
/* copyscope doctor: the table of hooks as it is here, and the proof of its numbers. */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <sys/utsname.h>

#include "cmd/commands.h"
#include "cmd/options.h"
#include "cmd/proof.h"
#include "cmd/selfcheck.h"

static const char usage[] =
	"usage: copyscope doctor [OPTION...]\n\n"
	"Shows which hooks this kernel offers, why others are missing and what is not\n"
	"known without them; then moves known bytes along known paths and compares.\n\n"
	"      --check              only the self-check, without the table of hooks\n"
	"      --audit              also count at the copy primitives, by hardware breakpoints\n"
	"      --tier best|derived  derived: use tracepoints only\n"
	"      --markdown           only the table of hooks, for the documentation\n"
	"  -v, --verbose            let libbpf talk      -h, --help\n\n"
	"Exit status: 0 all counts are true, 1 some are not, 125 doctor could not run.\n";

struct doctor {
	enum tier tier;
	bool audit, check, markdown, verbose;
};

static int parse(struct doctor *d, int argc, char **argv)
{
	static const struct option options[] = {
		{ "audit", no_argument, NULL, 'a' },
		{ "check", no_argument, NULL, 'c' },
		{ "tier", required_argument, NULL, 't' },
		{ "markdown", no_argument, NULL, 'm' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	optind = 1;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+vh", options, NULL)) != -1) {
		switch (option) {
		case 'a':
			d->audit = true;
			break;
		case 'c':
			d->check = true;
			break;
		case 'm':
			d->markdown = true;
			break;
		case 'v':
			d->verbose = true;
			break;
		case 't':
			if (strcmp(optarg, "best") && strcmp(optarg, "derived")) {
				complain("--tier knows no '%s': best or derived", optarg);
				return -EINVAL;
			}
			d->tier = optarg[0] == 'd' ? TIER_DERIVED : TIER_BEST;
			break;
		case 'h':
			fputs(usage, stdout);
			return 1;
		default:
			complain("no option '%s': copyscope doctor -h lists them",
				 argv[optind - 1]);
			return -EINVAL;
		}
	}
	if (argv[optind]) {
		complain("doctor takes no '%s'", argv[optind]);
		return -EINVAL;
	}
	return 0;
}

/* Why a program was refused, and the remedy. */
static const char *refusal(const struct hook_report *hook)
{
	switch (hook->error) {
	case ECANCELED:
		return "left out, as --tier derived asks";
	case EOWNERDEAD:
		return "left out, as COPYSCOPE_TEST_WITHOUT asks";
	case ENOKEY:
		return "in a module, whose types the kernel shows to root only: needs "
		       "CAP_SYS_ADMIN";
	case EPERM:
	case EACCES:
		return "refused by policy (lockdown, hypervisor, container): use a kernel that "
		       "permits BPF trampolines";
	case EBUSY:
		return "the routine cannot be traced: inlined, notrace, or the kernel lacks "
		       "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS";
	case 524: /* ENOTSUPP */
		return "the function has more arguments than this kernel's trampolines take";
	default:
		return strerror(hook->error);
	}
}

/* Why a hook is missing, and the remedy. */
static const char *remedy(const struct hook_report *hook)
{
	switch (hook->state) {
	case HOOK_ABSENT:
		return "this kernel has no such function, or its module is not loaded";
	case HOOK_CHANGED:
		return "the function takes other arguments than copyscope knows: a newer "
		       "copyscope may know them";
	case HOOK_DROPPED:
		return hook->error ? "of no use without its other half, which is missing" :
				     "of a family that is derived, as another of its hooks is "
				     "missing";
	default:
		/* What the verifier says is no policy, whatever the error is. */
		return hook->reason ? "refused by the kernel's verifier, which is a fault of "
				      "copyscope: please report it with doctor -v" :
				      refusal(hook);
	}
}

static const char *state_word(const struct hook_report *hook)
{
	static const char *const words[] = {
		[HOOK_ABSENT] = "absent",	[HOOK_ATTACHED] = "attached",
		[HOOK_UNNEEDED] = "not needed", [HOOK_REFUSED] = "refused",
		[HOOK_CHANGED] = "changed",	[HOOK_DROPPED] = "dropped",
	};
	bool left_out = hook->state == HOOK_REFUSED &&
			(hook->error == ECANCELED || hook->error == EOWNERDEAD);

	return left_out ? "left out" : words[hook->state];
}

static void print_markdown(const struct hooks *hooks)
{
	puts("| fact | hook | kind | without it is not known |");
	puts("|---|---|---|---|");
	for (size_t i = 0; i < hooks_count(hooks); i++) {
		struct hook_report h = hooks_report(hooks, i);

		printf("| %s | `%s` | %s | %s |\n", h.group, h.target, h.kind, h.loses);
	}
}

/* Missing is what no alternative serves. */
static bool is_missing(const struct hooks *hooks, const struct hook_report *hook)
{
	if (hook->state == HOOK_ATTACHED || hook->state == HOOK_UNNEEDED)
		return false;
	for (size_t i = 0; i < hooks_count(hooks); i++) {
		struct hook_report other = hooks_report(hooks, i);

		if (other.state == HOOK_ATTACHED && !strcmp(other.group, hook->group))
			return false;
	}
	return true;
}

/* The missing hooks of one reason, under it. */
static void print_missing(const struct hooks *hooks, const char *reason)
{
	printf("  %s:\n", reason);
	for (size_t i = 0; i < hooks_count(hooks); i++) {
		struct hook_report h = hooks_report(hooks, i);

		if (!is_missing(hooks, &h) || remedy(&h) != reason)
			continue;
		printf("    %-28s %s\n", h.target, h.loses);
		if (h.reason)
			printf("    %-28s (%s)\n", "", h.reason);
	}
}

static void print_hooks(const struct hooks *hooks)
{
	const char *reasons[8];
	size_t nr = 0;

	printf("%-26s %-10s %-29s %s\n", "FACT", "KIND", "HOOK", "STATE");
	for (size_t i = 0; i < hooks_count(hooks); i++) {
		struct hook_report h = hooks_report(hooks, i);
		size_t r = 0;

		printf("%-26s %-10s %-29s %s\n", h.group, h.kind, h.target, state_word(&h));
		while (r < nr && reasons[r] != remedy(&h))
			r++;
		if (r == nr && nr < 8 && is_missing(hooks, &h))
			reasons[nr++] = remedy(&h);
	}
	if (nr)
		puts("\nmissing, and what is derived or not known without it:");
	for (size_t r = 0; r < nr; r++)
		print_missing(hooks, reasons[r]);
}

static void print_tier(const struct hooks *hooks)
{
	const struct recorded_hooks *families;
	size_t nr;

	families = hooks_families(hooks, &nr);
	puts("\nhow numbers come about:");
	for (size_t i = 0; i < nr; i++)
		printf("  %-14s %s\n", families[i].name,
		       families[i].provenance == PROVENANCE_UNKNOWN ?
			       "not seen (no routine of their own)" :
			       provenance_word(families[i].provenance));
}

/* Shows the table; the hooks of the self-check are loaded anew. */
static int show_table(const struct doctor *d)
{
	struct hooks_options options = { .tier = d->tier, .verbose = d->verbose };
	struct hooks *hooks;
	char why[512] = "";
	int error = hooks_open(&options, &hooks, why, sizeof(why));

	if (error) {
		complain("%s", *why ? why : strerror(-error));
		return error;
	}
	if (d->markdown) {
		print_markdown(hooks);
	} else {
		print_hooks(hooks);
		print_tier(hooks);
		printf("\nkernel memory for the ledger: %.1f MiB\n",
		       hooks_map_bytes(hooks) / 1048576.0);
	}
	hooks_close(hooks);
	return 0;
}

/* For path, which asks no more then. */
static void keep(const struct doctor *d, const struct selfcheck *found)
{
	char path[768];

	if (proof_keep(d->tier, found) && proof_path(d->tier, path, sizeof(path)))
		printf("\nkept for copyscope path in %s\n", path);
}

int cmd_doctor(int argc, char **argv)
{
	struct doctor d = {};
	struct selfcheck found;
	struct utsname name;
	int status;

	/* The workload of the self-check is this program, too. */
	if (argc == 3 && !strcmp(argv[1], SELFCHECK_WORKLOAD))
		return selfcheck_workload(argv[2]);
	status = parse(&d, argc, argv);
	if (status)
		return status < 0 ? EXIT_OWN_FAILURE : 0;
	uname(&name);
	if (!d.markdown)
		printf("copyscope " VERSION " on kernel %s %s\n\n", name.release, name.machine);
	if (!d.check && show_table(&d))
		return EXIT_OWN_FAILURE;
	if (d.markdown)
		return 0;
	status = selfcheck_run(d.tier, d.audit, true, &found);
	if (status != EXIT_OWN_FAILURE && !found.unsure)
		keep(&d, &found);
	return status;
}
