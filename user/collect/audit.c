// SPDX-License-Identifier: MIT
/*
 * The audit: hardware breakpoints on the copy primitives, which neither fentry
 * nor kprobes of eBPF reach (lib/ is built without ftrace).
 */
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collect/hooks_private.h"

/* The address of a kernel function, or 0 if it is hidden or not there. */
static uint64_t symbol(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long long at;
	char line[256], found[200], type;
	uint64_t ret = 0;

	if (!f)
		return 0;
	while (!ret && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx %c %199s", &at, &type, found) == 3 && !strcmp(found, name))
			ret = at;
	fclose(f);
	return ret;
}

static int breakpoint(uint64_t at, pid_t pid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_X,
		.bp_addr = at,
		.bp_len = sizeof(long),
		.sample_period = 1,
		.inherit = 1,
	};

	return syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

int hooks_audit(struct hooks *hooks, pid_t pid, char *why, size_t why_size)
{
	static const char *const names[AUDIT_PRIMITIVES][2] = {
		{ "_copy_to_iter" },
		{ "_copy_from_iter" },
		/* The second is its name between v6.12 and v6.18. */
		{ "copy_page_from_iter_atomic", "copy_folio_from_iter_atomic" },
	};
	struct bpf_program *programs[AUDIT_PRIMITIVES] = {
		hooks->bpf->progs.on_bp_copy_to_iter,
		hooks->bpf->progs.on_bp_copy_from_iter,
		hooks->bpf->progs.on_bp_copy_page_from_iter_atomic,
	};

	for (int i = 0; i < AUDIT_PRIMITIVES; i++) {
		uint64_t at = symbol(names[i][0]);
		int fd;

		if (!at && names[i][1])
			at = symbol(names[i][1]);
		if (!at) {
			snprintf(why, why_size, "no address of %s in /proc/kallsyms", names[i][0]);
			return -ENOENT;
		}
		fd = breakpoint(at, pid);
		if (fd < 0) {
			int error = -errno;

			snprintf(why, why_size, "no hardware breakpoint on %s: %s", names[i][0],
				 strerror(-error));
			return error;
		}
		hooks->audit[i] = bpf_program__attach_perf_event(programs[i], fd);
		if (!hooks->audit[i]) {
			int error = -errno;

			close(fd);
			snprintf(why, why_size, "cannot attach to the breakpoint on %s: %s",
				 names[i][0], strerror(-error));
			return error;
		}
	}
	return 0;
}

void hooks_audited(struct hooks *hooks, uint64_t bytes[AUDIT_PRIMITIVES])
{
	memcpy(bytes, hooks->bpf->bss->audited, AUDIT_PRIMITIVES * sizeof(*bytes));
}

void audit_close(struct hooks *hooks)
{
	for (int i = 0; i < AUDIT_PRIMITIVES; i++)
		bpf_link__destroy(hooks->audit[i]);
}
