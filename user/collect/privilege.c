// SPDX-License-Identifier: MIT
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collect/privilege.h"

static uint64_t effective(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};

	if (syscall(SYS_capget, &header, data))
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

static bool has(uint64_t caps, int cap)
{
	return caps >> cap & 1;
}

bool privilege_suffices(void)
{
	uint64_t caps = effective();

	return has(caps, CAP_SYS_ADMIN) || (has(caps, CAP_BPF) && has(caps, CAP_PERFMON));
}

void privilege_explain(char *why, size_t size)
{
	uint64_t caps = effective();
	bool bpf = has(caps, CAP_BPF), perfmon = has(caps, CAP_PERFMON);

	if (privilege_suffices()) {
		snprintf(why, size,
			 "the kernel refuses eBPF although the capabilities are there: a "
			 "container's seccomp filter or a locked-down kernel (see copyscope "
			 "doctor)");
		return;
	}
	snprintf(why, size,
		 "tracing needs the capabilities CAP_BPF and CAP_PERFMON; missing: "
		 "%s%s%s: run it as root, or setcap cap_bpf,cap_perfmon+ep on the program",
		 bpf ? "" : "CAP_BPF", bpf || perfmon ? "" : " and ", perfmon ? "" : "CAP_PERFMON");
}
