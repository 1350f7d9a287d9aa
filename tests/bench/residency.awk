# SPDX-License-Identifier: MIT
# Prints the lines of tests/bench/guest-residency, "COLUMN NAME NANOSECONDS", as a table.

function grouped(n,    text)
{
	text = sprintf("%.0f", n)
	while (match(text, /[0-9][0-9][0-9][0-9]/) && match(text, /[0-9][0-9][0-9]( |$)/))
		text = substr(text, 1, RSTART - 1) " " substr(text, RSTART)
	return text
}

# Instructions by one way; 64 times those of a 64th, if only that was asked about.
function cell(column, name)
{
	if ((column, name) in ns)
		return sprintf("%15s ", grouped(ns[column, name]))
	if (name == "sparse" && (column, "64th") in ns)
		return sprintf("%15s*", grouped(64 * ns[column, "64th"]))
	return sprintf("%15s ", "-")
}

function row(title, name, goal, goal_text)
{
	if (!(("module", name) in ns)) {
		print "tests/bench: no number for " title >"/dev/stderr"
		failed = 1
		return
	}
	missed += ns["module", name] > goal
	measured++
	printf "%-34s%13s  %-16s %-4s %s%s%s%s%s\n", title, grouped(ns["module", name]), goal_text,
		ns["module", name] <= goal ? "pass" : "miss", cell("cachestat", name),
		cell("mincore", name), cell("pages", name), cell("vmtouch", name), cell("fincore", name)
}

NF == 3 && $3 ~ /^[0-9]+$/ { ns[$1, $2] = $3 }

END {
	printf "\n%-34s%13s  %-21s %15s %15s %15s %15s %15s\n", "Guest instructions", "module", "goal", \
		"cachestat(2)", "mincore(2)", "pages (6)", "vmtouch (6)", "fincore (6)"
	row("1 TiB sparse, 100 pages cached", "sparse", 1000000, "≤ 1 000 000  ")
	row("1 GiB of ext4, all cached", "dense", 1.2 * ns["cachestat", "dense"], "≤ 1.2 cachestat")
	row("1 GiB of tmpfs, 512 huge pages", "huge", 500000, "≤ 500 000    ")
	row("each of 100 000 cached inodes (7)", "list", 2000, "≤ 2 000      ")
	print "module and pages tell extents and states, cachestat(2) sums, the others residency"
	print "(6) the program, its start included  (7) the module's listing as text, which finds them;"
	print "the others are told their names  * 64 times what a 64th of the size takes"
	printf "%d of %d goals missed\n", missed, measured
	exit failed
}
