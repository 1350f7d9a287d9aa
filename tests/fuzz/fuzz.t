#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The pure half against hostile input, with sanitizers: the kept inputs, then new
# ones made of them. The same seed finds the same; what fails is kept in build/.
#
#	tests/fuzz/fuzz.t [SECONDS [CORPUS]]	10 seconds, and nothing new is kept
cd "$(dirname "$0")/../.." || exit 1
seconds=${1:-10}
found=${2:-$(mktemp -d)}
[[ $2 ]] || trap 'rm -rf "$found"' EXIT
echo 1..2
said=$(build/fuzzer -timeout=10 -max_len=6000 -runs=0 tests/fuzz/corpus 2>&1) || {
	echo "not ok 1 - inputs that were kept"
	tail -n 40 <<<"$said" | sed 's/^/# /'
	exit 1
}
echo "ok 1 - inputs that were kept"
said=$(build/fuzzer -seed=1 -max_total_time="$seconds" -timeout=10 -max_len=6000 \
	-artifact_prefix=build/fuzz- "$found" tests/fuzz/corpus 2>&1) || {
	echo "not ok 2 - $seconds seconds of new ones: build/fuzzer build/fuzz-... shows it again"
	tail -n 40 <<<"$said" | sed 's/^/# /'
	exit 1
}
echo "ok 2 - $seconds seconds of new ones: $(grep -a '^Done' <<<"$said")"
