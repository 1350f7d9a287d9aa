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
#include <sys/ioctl.h>
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
		/* What the kernel reads to exec the command is not the command's. */
		.disabled = 1,
		.enable_on_exec = 1,
	};

	return syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static int attach(struct hooks *hooks, int i, const char *name, uint64_t at, pid_t pid, char *why,
		  size_t why_size)
{
	struct bpf_program *programs[AUDIT_PRIMITIVES] = {
		hooks->bpf->progs.on_bp_copy_to_iter,
		hooks->bpf->progs.on_bp_copy_from_iter,
		hooks->bpf->progs.on_bp_copy_page_from_iter_atomic,
	};
	int error, fd = breakpoint(at, pid);

	if (fd < 0) {
		error = -errno;
		snprintf(why, why_size, "no hardware breakpoint on %s: %s", name, strerror(-error));
		return error;
	}
	hooks->audit[i] = bpf_program__attach_perf_event(programs[i], fd);
	if (!hooks->audit[i]) {
		error = -errno;
		close(fd);
		snprintf(why, why_size, "cannot attach to the breakpoint on %s: %s", name,
			 strerror(-error));
		return error;
	}
	/* libbpf has enabled it; the exec is to do that. */
	ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
	return 0;
}

int hooks_audit(struct hooks *hooks, pid_t pid, char *why, size_t why_size)
{
	static const char *const names[AUDIT_PRIMITIVES][2] = {
		{ "_copy_to_iter" },
		{ "_copy_from_iter" },
		/* The second is its name between v6.12 and v6.18. */
		{ "copy_page_from_iter_atomic", "copy_folio_from_iter_atomic" },
	};

	for (int i = 0; i < AUDIT_PRIMITIVES; i++) {
		uint64_t at = symbol(names[i][0]);
		int error;

		if (!at && names[i][1])
			at = symbol(names[i][1]);
		if (!at) {
			snprintf(why, why_size,
				 "/proc/kallsyms hides the address of %s: the audit needs root and "
				 "kernel.kptr_restrict below 2",
				 names[i][0]);
			return -ENOENT;
		}
		error = attach(hooks, i, names[i][0], at, pid, why, why_size);
		if (error)
			return error;
	}
	if (hooks->fexit_works)
		hooks->audit[AUDIT_PRIMITIVES] =
			bpf_program__attach(hooks->bpf->progs.on_get_random_bytes_user);
	return 0;
}

void hooks_audited(struct hooks *hooks, struct audit *audit)
{
	memcpy(audit->primitives, hooks->bpf->bss->audited, sizeof(audit->primitives));
	audit->random = hooks->bpf->bss->random_bytes;
}

void audit_close(struct hooks *hooks)
{
	for (int i = 0; i <= AUDIT_PRIMITIVES; i++)
		bpf_link__destroy(hooks->audit[i]);
}
