// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "collect/loader.h"
#include "collect/table.h"
#include "util/memory.h"

#define LOG_BYTES (4 << 20)

/* A program as libbpf was about to load it. */
struct kept {
	struct bpf_insn *instructions;
	size_t nr_instructions;
	struct bpf_prog_load_opts options;
	void *functions, *lines; /* of its types */
};

struct loader {
	const struct target *targets;
	__u32 nothing_at; /* a tracepoint that a program which does nothing may name */
	struct kept programs[]; /* by row of the table */
};

static struct loader *current;

static void *copy_of(const void *from, size_t bytes)
{
	return bytes ? memcpy(zalloc(1, bytes), from, bytes) : NULL;
}

static int row_of(const char *program)
{
	for (size_t i = 0; i < hook_table_size; i++)
		if (!strcmp(hook_table[i].program, program))
			return i;
	return -1;
}

static const struct bpf_insn nothing[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

/* Has libbpf load a program that the kernel takes for sure. */
static int load_nothing(struct bpf_program *program, struct bpf_prog_load_opts *options)
{
	options->func_info = NULL;
	options->func_info_cnt = 0;
	options->line_info = NULL;
	options->line_info_cnt = 0;
	if (bpf_program__type(program) == BPF_PROG_TYPE_TRACING) {
		options->expected_attach_type = BPF_TRACE_RAW_TP;
		options->attach_btf_id = current->nothing_at;
		options->attach_btf_obj_fd = 0;
	}
	return bpf_program__set_insns(program, (struct bpf_insn *)nothing, 2);
}

static int keep(struct bpf_program *program, struct bpf_prog_load_opts *options, long cookie)
{
	int row = row_of(bpf_program__name(program));
	struct kept *kept;

	(void)cookie;
	if (row < 0)
		return -ENOENT;
	kept = &current->programs[row];
	kept->nr_instructions = bpf_program__insn_cnt(program);
	kept->instructions = copy_of(bpf_program__insns(program),
				     kept->nr_instructions * sizeof(*kept->instructions));
	memcpy(&kept->options, options, sizeof(kept->options));
	kept->options.sz = sizeof(kept->options);
	kept->functions =
		copy_of(options->func_info, options->func_info_cnt * options->func_info_rec_size);
	kept->lines =
		copy_of(options->line_info, options->line_info_cnt * options->line_info_rec_size);
	kept->options.func_info = kept->functions;
	kept->options.line_info = kept->lines;
	kept->options.attach_btf_id = current->targets[row].type;
	kept->options.attach_btf_obj_fd =
		current->targets[row].module > 0 ? current->targets[row].module : 0;
	return load_nothing(program, options);
}

/* For good: when the last handler goes, libbpf frees their array and still uses it, up to 1.2. */
static int register_handlers(void)
{
	static const struct {
		const char *section;
		enum bpf_prog_type program;
		enum bpf_attach_type type;
	} kinds[] = {
		{ "fexit+", BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT },
		{ "fentry+", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY },
		{ "tp_btf+", BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP },
		{ "perf_event", BPF_PROG_TYPE_PERF_EVENT, 0 },
	};
	LIBBPF_OPTS(libbpf_prog_handler_opts, options, .prog_prepare_load_fn = keep);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int id = libbpf_register_prog_handler(kinds[i].section, kinds[i].program,
						      kinds[i].type, &options);

		if (id < 0)
			return id;
	}
	return 0;
}

int loader_new(const struct target *targets, struct loader **ret)
{
	static bool registered;
	struct loader *loader =
		zalloc(1, sizeof(*loader) + hook_table_size * sizeof(*loader->programs));
	int error = registered ? 0 : register_handlers();

	registered = !error;
	loader->targets = targets;
	for (size_t i = 0; i < hook_table_size; i++)
		if (hook_table[i].kind == HOOK_TRACEPOINT && targets[i].type)
			loader->nothing_at = targets[i].type;
	if (!error && !loader->nothing_at)
		error = -EOPNOTSUPP; /* no kernel with tracepoints lacks all of them */
	current = loader;
	if (error)
		loader_free(loader);
	else
		*ret = loader;
	return error;
}

void loader_free(struct loader *loader)
{
	for (size_t i = 0; loader && i < hook_table_size; i++) {
		free(loader->programs[i].instructions);
		free(loader->programs[i].functions);
		free(loader->programs[i].lines);
	}
	if (current == loader)
		current = NULL;
	free(loader);
}

/* Lines of the log that are no reason: instructions, state, source and figures. */
static bool is_reason(const char *line)
{
	static const char *const not [] = {
		"processed ", "verification time", "stack depth",  "from ", "func#",
		"; ",	      "Validating",	   "mark_precise", "arg#"
	};

	if (!*line || isspace((unsigned char)*line) || isdigit((unsigned char)*line))
		return false;
	if (*line == 'R' && isdigit((unsigned char)line[1]) && strchr(line, '='))
		return false; /* registers */
	for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++)
		if (!strncmp(line, not [i], strlen(not [i])))
			return false;
	return true;
}

/* The first of the reasons behind the last instruction; @log is cut into lines. */
static char *reason_of(char *log)
{
	const char *reason = NULL;

	for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
		if (isdigit((unsigned char)*line))
			reason = NULL;
		else if (!reason && is_reason(line))
			reason = line;
	}
	return reason ? strdup(reason) : NULL;
}

/* Once more, for what the verifier has to say. */
static char *ask_why(const struct kept *kept, size_t row, enum bpf_prog_type type, bool verbose)
{
	struct bpf_prog_load_opts options = kept->options;
	char *reason, *log = zalloc(1, LOG_BYTES);
	int fd;

	options.log_buf = log;
	options.log_size = LOG_BYTES;
	options.log_level = 1;
	fd = bpf_prog_load(type, hook_table[row].program, "GPL", kept->instructions,
			   kept->nr_instructions, &options);
	if (fd >= 0)
		close(fd);
	if (verbose)
		fprintf(stderr, "%s, refused:\n%s\n", hook_table[row].program, log);
	reason = reason_of(log);
	free(log);
	return reason;
}

int loader_load(struct loader *loader, size_t row, struct bpf_program *program, bool verbose,
		char **reason)
{
	struct kept *kept = &loader->programs[row];
	enum bpf_prog_type type = bpf_program__type(program);
	int fd, error = 0;

	*reason = NULL;
	if (!kept->instructions)
		return -ENOENT;
	fd = bpf_prog_load(type, hook_table[row].program, "GPL", kept->instructions,
			   kept->nr_instructions, &kept->options);
	if (fd < 0) {
		error = -errno;
		*reason = ask_why(kept, row, type, verbose);
		return error;
	}
	if (dup3(fd, bpf_program__fd(program), O_CLOEXEC) < 0)
		error = -errno;
	close(fd);
	return error;
}
