# SPDX-License-Identifier: MIT
# Prints the lines of tests/bench/guest, "COLUMN OPERATION NANOSECONDS", as tables.

function grouped(n,    text)
{
	text = sprintf("%d", n)
	while (match(text, /[0-9][0-9][0-9][0-9]/) && match(text, /[0-9][0-9][0-9]( |$)/))
		text = substr(text, 1, RSTART - 1) " " substr(text, RSTART)
	return text
}

# A number of a peer and how many times the bare one that is.
function cell(column, operation,    n, times)
{
	if (!((column, operation) in ns))
		return sprintf("%17s", "-")
	n = ns[column, operation]
	times = n / ns["bare", operation]
	return sprintf("%9s %6s×", grouped(n), sprintf(times < 10 ? "%.3f" : "%.1f", times))
}

function verdict(met)
{
	missed += !met
	measured++
	return met ? "pass" : "miss"
}

function row(title, operation, goal, kind,    ours, peer, ratio)
{
	ours = kind ? "copyscope/" kind : "copyscope"
	if (!(("bare", operation) in ns) || !((ours, operation) in ns)) {
		print "tests/bench: no number for " title >"/dev/stderr"
		failed = 1
		return
	}
	ratio = ns[ours, operation] / ns["bare", operation]
	printf "%-31s%9s %s", title, grouped(ns["bare", operation]), cell(ours, operation)
	printf "  %-5s %-4s", goal ? "≤" goal : "", goal ? verdict(ratio <= goal) : ""
	printf " %s", cell(kind ? "strace/" kind : "strace", operation)
	printf " %s", cell(kind ? "perf/" kind : "perf", operation)
	printf " %s\n", cell("bpftrace", operation)
}

function cost_row(title, operation,    bare, empty, idle, full)
{
	bare = ns["bare", operation]
	empty = ns["empty", operation]
	idle = ns["copyscope/bystander", operation]
	full = ns["copyscope", operation]
	printf "%-31s%9s %9s %9s %9s\n", title, grouped(bare), grouped(empty - bare), \
		grouped(idle - empty), grouped(full - idle)
}

NF == 3 && $3 ~ /^[0-9]+$/ { ns[$1, $2] = $3 }

END {
	printf "%-31s%9s %17s  %-10s %17s %17s %17s\n", "Guest instructions", "bare", "copyscope", \
		"goal", "strace -c", "perf stat (1)", "bpftrace (2)"
	row("traced getppid", "getppid", "")
	row("traced pread of 1 byte", "pread-1", "1.40")
	row("traced pread of 64 KiB", "pread-64k", "1.01")
	row("traced sendfile of 64 KiB (3)", "sendfile-64k", "1.02")
	row("traced send of 1 byte (3)", "send-1", "1.30")
	row("traced send of 64 KiB (3)", "send-64k", "1.02")
	row("traced write of 64 KiB (3, 4)", "write-mapping-64k", "1.10")
	row("bystander getppid", "getppid", "1.02", "bystander")
	row("bystander pread of 1 byte", "pread-1", "1.15", "bystander")
	row("traced fault, new memory", "fault-anonymous", "")
	row("traced fault, 16 pages mapped", "fault-mapping", "")
	row("traced fault, private copy (6)", "fault-private", "")
	row("traced fault, shared copy (7)", "fault-protected", "")
	row("traced fault, store to mapping", "fault-shared", "")
	row("bystander fault, new memory", "fault-anonymous", "", "bystander")
	row("bystander fault, 16 pages", "fault-mapping", "", "bystander")
	row("bystander fault, private copy", "fault-private", "", "bystander")
	row("bystander fault, shared copy", "fault-protected", "", "bystander")
	row("bystander fault, store to mapping", "fault-shared", "", "bystander")
	printf "%-31s%9s %9.0f ms %5s  %-5s %-4s %17s %17s %14.0f ms\n", "start to tracing", "", \
		ns["copyscope", "start"] / 1e6, "", "<(5)", \
		verdict(ns["copyscope", "start"] < ns["bpftrace", "start"]), "", "", \
		ns["bpftrace", "start"] / 1e6
	print "(1) perf stat -e 'raw_syscalls:*'  (2) bytes read by process, in all processes"
	print "(3) to TCP on loopback: what the sender runs  (4) from a shared read-only file mapping"
	print "(5) a bpftrace script of three probes, guest time until its command runs"
	print "(6) the first store to a page of a private mapping  (7) one to a page that was read before"
	printf "%d of %d goals missed\n", missed, measured
	if (!missed)
		exit failed
	printf "\n%-31s%9s %9s %9s %9s\n", "What they are spent on", "bare", "hooks", "not ours", \
		"the rest"
	cost_row("pread of 1 byte", "pread-1")
	cost_row("pread of 64 KiB", "pread-64k")
	cost_row("sendfile of 64 KiB", "sendfile-64k")
	cost_row("send of 1 byte", "send-1")
	cost_row("send of 64 KiB", "send-64k")
	cost_row("write of 64 KiB from a mapping", "write-mapping-64k")
	print "hooks: getting to an empty program on each routine and back;"
	print "not ours: finding that the task is not traced; the rest: counting"
	exit failed
}
