#!/bin/bash
# SPDX-License-Identifier: MIT
# Renderings of fixed recordings, compared with what was looked at once.
echo 1..3
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
check "renderings" build/check/golden tests/golden
check "renderings, with sanitizers" build/check-asan/golden tests/golden
check "JSON fits its schema" tests/golden/validate docs/report.schema.json tests/golden/*.json
