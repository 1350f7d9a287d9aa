#!/bin/bash
# SPDX-License-Identifier: MIT
# Renderings of fixed recordings, compared with what was looked at once.
echo 1..9
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
shopt -s extglob
check "JSON fits its schema" tests/golden/validate docs/report.schema.json \
	tests/golden/!(pages-*|fds-*).json
check "pages" build/check/golden_pages tests/golden
check "pages, with sanitizers" build/check-asan/golden_pages tests/golden
check "pages: JSON fits its schema" tests/golden/validate docs/pages.schema.json \
	tests/golden/pages-*.json
check "fds" build/check/golden_fds tests/golden
check "fds, with sanitizers" build/check-asan/golden_fds tests/golden
check "fds: JSON fits its schema" tests/golden/validate docs/fds.schema.json \
	tests/golden/fds-*.json
