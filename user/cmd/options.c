// SPDX-License-Identifier: MIT
#include <errno.h>
#include <langinfo.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/options.h"
#include "util/strbuf.h"
#include "util/utf8.h"

enum {
	OPT_FORMAT = 256,
	OPT_FROM,
	OPT_TO,
	OPT_MIN_BYTES,
	OPT_NO_FOLLOW,
	OPT_COLOR,
	OPT_TIER,
	OPT_AUDIT,
	OPT_ZEROING,
};

static const struct option long_options[] = {
	{ "pid", required_argument, NULL, 'p' },
	{ "comm", required_argument, NULL, 'n' },
	{ "cgroup", required_argument, NULL, 'G' },
	{ "all", no_argument, NULL, 'a' },
	{ "no-follow", no_argument, NULL, OPT_NO_FOLLOW },
	{ "duration", required_argument, NULL, 'd' },
	{ "interval", required_argument, NULL, 'i' },
	{ "output", required_argument, NULL, 'o' },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "from", required_argument, NULL, OPT_FROM },
	{ "to", required_argument, NULL, OPT_TO },
	{ "min-bytes", required_argument, NULL, OPT_MIN_BYTES },
	{ "color", required_argument, NULL, OPT_COLOR },
	{ "tier", required_argument, NULL, OPT_TIER },
	{ "audit", no_argument, NULL, OPT_AUDIT },
	{ "zeroing", no_argument, NULL, OPT_ZEROING },
	{ "quiet", no_argument, NULL, 'q' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

void complain(const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* What the user typed may hold anything. */
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
	fprintf(stderr, "copyscope: %s\n", line);
}

int options_seconds(const char *text, double *seconds)
{
	char *end;

	errno = 0;
	*seconds = strtod(text, &end);
	if (errno || end == text || *end || !isfinite(*seconds) || *seconds <= 0 ||
	    *seconds > 1e9) {
		complain("'%s' is not a number of seconds", text);
		return -EINVAL;
	}
	return 0;
}

/* Bytes with an optional K, M, G or T for powers of 1024. */
static int parse_bytes(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	unsigned long long n;
	const char *unit;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || end == text || text[0] == '-')
		goto bad;
	if (*end) {
		unit = strchr(units, *end);
		if (!unit || end[1])
			goto bad;
		for (; unit >= units; unit--) {
			if (n > UINT64_MAX / 1024)
				goto bad;
			n *= 1024;
		}
	}
	*bytes = n;
	return 0;
bad:
	complain("'%s' is not a number of bytes (K, M, G, T may follow it)", text);
	return -EINVAL;
}

int options_pids(struct options *o, char *text)
{
	struct target *t = &o->target;
	char *end, *at = text;

	for (;;) {
		long pid;
		pid_t *more;

		errno = 0;
		pid = strtol(at, &end, 10);
		if (errno || end == at || pid <= 0 || pid >= CS_MAX_PIDS || (*end && *end != ',')) {
			complain("'%s' is not a list of process numbers", text);
			return -EINVAL;
		}
		if (pid == getpid()) {
			complain("process %ld is copyscope itself, which it never traces", pid);
			return -EINVAL;
		}
		more = realloc(o->pids, (t->nr_pids + 1) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		o->pids = more;
		o->pids[t->nr_pids++] = pid;
		t->pids = o->pids;
		if (!*end)
			return 0;
		at = end + 1;
	}
}

static int parse_choice(const char *option, const char *text, const char *const *choices)
{
	for (int i = 0; choices[i]; i++)
		if (!strcmp(text, choices[i]))
			return i;
	complain("%s knows no '%s'", option, text);
	return -EINVAL;
}

static int parse_filter(struct filter *filter, bool *has, const char *text)
{
	const char *wrong = filter_parse(filter, text);

	*has = true;
	if (!wrong)
		return 0;
	complain("pattern '%s': %s", text, wrong);
	return -EINVAL;
}

static int parse_format(struct options *o, const char *text)
{
	o->renderer = renderer_find(text);
	if (o->renderer)
		return 0;
	complain("no format '%s': text or json", text);
	return -EINVAL;
}

int options_color(struct options *o, const char *text)
{
	static const char *const colors[] = { "auto", "always", "never", NULL };
	int choice = parse_choice("--color", text, colors);

	o->color = choice;
	return choice < 0 ? choice : 0;
}

static int parse_one(void *options, int option, char *value)
{
	struct options *o = options;
	static const char *const tiers[] = { "best", "derived", NULL };
	int choice;

	switch (option) {
	case 'p':
		return options_pids(o, value);
	case 'n':
		o->target.comm = value;
		return 0;
	case 'G':
		o->target.cgroup = value;
		return 0;
	case 'a':
		o->target.all = true;
		return 0;
	case OPT_NO_FOLLOW:
		o->target.follow = false;
		return 0;
	case 'd':
		return options_seconds(value, &o->duration);
	case 'i':
		return options_seconds(value, &o->interval);
	case 'o':
		o->output = value;
		return 0;
	case OPT_FORMAT:
		return parse_format(o, value);
	case OPT_FROM:
		return parse_filter(&o->from, &o->has_from, value);
	case OPT_TO:
		return parse_filter(&o->to, &o->has_to, value);
	case OPT_MIN_BYTES:
		return parse_bytes(value, &o->min_bytes);
	case OPT_COLOR:
		return options_color(o, value);
	case OPT_TIER:
		choice = parse_choice("--tier", value, tiers);
		o->tier = choice;
		return choice < 0 ? choice : 0;
	case OPT_AUDIT:
		o->audit = true;
		return 0;
	case OPT_ZEROING:
		o->zeroing = true;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	}
	return -EINVAL;
}

static int check_target(const struct options *o)
{
	const struct target *t = &o->target;
	int ways = !!t->nr_pids + !!t->comm + !!t->cgroup + t->all;

	if (ways > 1) {
		complain("-p, -n, -G and -a exclude each other");
		return -EINVAL;
	}
	if (t->command && ways && !t->all) {
		complain("a command and -p, -n or -G exclude each other");
		return -EINVAL;
	}
	if (!ways && !t->command) {
		complain("nothing to trace: give -p PID, -n COMM, -G CGROUP, -a or -- COMMAND");
		return -EINVAL;
	}
	if (t->comm && !*t->comm) {
		complain("-n needs a name");
		return -EINVAL;
	}
	return 0;
}

/* getopt's own messages do not name the mend. */
static int refuse(int option, char **argv)
{
	const char *given = argv[optind - 1];

	if (option == ':')
		complain("option '%s' needs a value", given);
	else if (optopt && optopt < 256)
		complain("no option '-%c': -h lists them", optopt);
	else
		complain("no option '%s': -h lists them", given);
	return -EINVAL;
}

int options_each(const struct options_syntax *syntax, void *options, int argc, char **argv)
{
	int option, error;

	optind = 1;
	opterr = 0;
	while ((option = getopt_long(argc, argv, syntax->letters, syntax->names, NULL)) != -1) {
		if (option == 'h') {
			fputs(syntax->usage, stdout);
			return 1;
		}
		if (option == 'V') {
			puts("copyscope " VERSION);
			return 1;
		}
		if (option == '?' || option == ':')
			return refuse(option, argv);
		error = syntax->take(options, option, optarg);
		if (error)
			return error;
	}
	return 0;
}

int options_parse(struct options *o, int argc, char **argv, const char *usage)
{
	const struct options_syntax syntax = { usage, "+:p:n:G:ad:i:o:qvVh", long_options,
					       parse_one };
	int status;

	*o = (struct options){ .renderer = renderer_find("text"), .target.follow = true };
	status = options_each(&syntax, o, argc, argv);
	if (status)
		return status;
	if (argv[optind])
		o->target.command = argv + optind;
	return check_target(o);
}

void options_deinit(struct options *o)
{
	target_deinit(&o->target);
	free(o->pids);
}

static unsigned int width_of(FILE *out)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	int n = columns ? atoi(columns) : 0;

	if (n >= 40 && n < 10000)
		return n;
	if (!ioctl(fileno(out), TIOCGWINSZ, &size) && size.ws_col >= 40)
		return size.ws_col;
	return 80;
}

struct render_options options_render(const struct options *o, FILE *out)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
	bool plain = (no_color && *no_color) || (term && !strcmp(term, "dumb"));

	return (struct render_options){
		.width = width_of(out),
		.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"),
		.colour = o->color == COLOR_ALWAYS ||
			  (o->color == COLOR_AUTO && isatty(fileno(out)) && !plain),
		.verbose = o->verbose,
	};
}
