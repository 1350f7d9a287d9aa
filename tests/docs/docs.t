#!/bin/bash
# SPDX-License-Identifier: MIT
# Documents agree with the code, and parts of the code know only what they may.
echo 1..8
n=0
check()
{
	local name=$1
	shift
	((n++))
	if output=$("$@" 2>&1); then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		echo "$output" | sed 's/^/# /' | head -40
	fi
}

# foreign FOLDER ALLOWED: includes of our own in FOLDER that are not ALLOWED.
foreign()
{
	! grep -rnE '#include "' "$1" | grep -vE "#include \"($2)"
}

# Hooks of the table of the tool that docs/hooks.md lacks, or the reverse.
hooks_are_documented()
{
	# shellcheck disable=SC2016 # backquotes of Markdown
	diff <(sed -n 's/^| [^|]* | `\([a-z_0-9]*\)` | \(fexit\|fentry\|tracepoint\|breakpoint\) .*/\1/p' docs/hooks.md | sort -u) \
		<(grep -oE '"(on_[a-z_0-9]+)",[[:space:]]*"[a-z_0-9]+"' <(tr -d '\n' <user/collect/table.c) |
			sed 's/.*"\([a-z_0-9]*\)"$/\1/' | sort -u)
}

# Every long option of the tool is in the man page.
options_are_documented()
{
	local option bad=0

	# shellcheck disable=SC2013 # an option is one word
	for option in $(sed -n 's/^\t{ "\([a-z-]*\)", .*_argument.*/\1/p' user/cmd/*options.c); do
		grep -qE -- "[-]*${option//-/\\\\?-}" docs/copyscope.1 || {
			echo "no --$option in docs/copyscope.1"
			bad=1
		}
	done
	return $bad
}

# Members and constants of the module's header, columns and words of its text: each is in
# copyscope(4).
module_is_documented()
{
	local word count=0 bad=0

	while read -r word; do
		((++count))
		grep -qw -- "$word" docs/copyscope.4 || {
			echo "no $word in docs/copyscope.4"
			bad=1
		}
	done < <(
		sed -nE -e 's/^\t__[us](32|64) ([a-z_]+);.*/\2/p' -e 's/^\t(CS_[A-Z_]+) = .*/\1/p' \
			-e 's/^#define (CS_[A-Z_]+) .*[0-9)].*/\1/p' abi/residency.h
		sed -n '/header\[\] =/,/;/p' module/inodes.c | sed 's/\\n//' | grep -oE '"[^"]*"' | grep -oE '\<[a-z]+\>'
		sed -n '/char \*const [a-z]*\[\] =/,/;/p' module/file.c | grep -oE '"[a-z-]+"' | tr -d '"'
	)
	((count > 50)) || echo "found only $count words"
	((count > 50 && !bad))
}

check "the README is short" test "$(wc -l <README.md)" -le 150
check "the man pages are clean" mandoc -T lint -W warning docs/copyscope.1 docs/copyscope.4
check "the hooks are documented" hooks_are_documented
check "the options are documented" options_are_documented
check "the module's interfaces are documented" module_is_documented
check "the model knows only the ledger" foreign user/model 'abi/|model/|util/'
check "renderers know only the report" foreign user/render 'abi/|model/|render/|util/'
check "the eBPF programs know only the boundary" foreign bpf 'abi/|bpf/'
