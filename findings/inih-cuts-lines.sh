#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Debian's libinih cuts a line of an INI file at 200 bytes, and takes its end for another
# line, which may become a setting that nobody made.
#
# Seen with libinih 55 (Debian 12): a line "url = ..." of 206 bytes that ends in "&limit=5"
# gives the program a url that ends before "limit", and a setting limit = 5 as well;
# ini_parse() returns 0, which is no error. The length is fixed when the library is built
# (INI_MAX_LINE, without INI_ALLOW_REALLOC), so that a program cannot raise it. Paths, URLs
# and keys may well be longer.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# get SUITE PACKAGE=VERSION...: unpack Debian's packages into $tmp/SUITE, from the archive
# that this machine's apt is set up for. Nothing is installed.
get()
{
	dir=$tmp/$1
	mkdir -p "$dir/lists/partial"
	# shellcheck disable=SC2016 # apt expands it
	address=$(apt-get indextargets --format '$(REPO_URI)' | grep -m 1 '/debian/*$') || :
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
		"$address $1 main" >"$dir/list"
	echo "APT::Sandbox::User \"root\"; Acquire::Languages \"none\"; Dir::Cache \"$dir\";
		Dir::State \"$dir\"; Dir::State::Status \"/dev/null\";
		Dir::Etc::SourceList \"$dir/list\"; Dir::Etc::SourceParts \"/dev/null\";" >"$dir/conf"
	shift
	(cd "$dir" && export APT_CONFIG="$dir/conf" &&
		apt-get -qq update && apt-get -qq download "$@") >&2 ||
		{ echo "skipped: apt cannot get $*" >&2; exit 77; }
	for deb in "$dir"/*.deb; do dpkg -x "$deb" "$dir"; done
}

changed() { echo "CHANGED: $*" >&2; exit 1; }

get bookworm libinih1=55-1 libinih-dev=55-1
root=$tmp/bookworm/usr

cat >"$tmp/show.c" <<'END'
#include <ini.h>
#include <stdio.h>
#include <string.h>

static int show(void *user, const char *section, const char *name, const char *value)
{
	(void)user, (void)section;
	printf("%s %zu\n", name, strlen(value));
	return 1;
}

int main(int argc, char **argv)
{
	printf("status %d\n", ini_parse(argv[argc - 1], show, NULL));
	return 0;
}
END
cc -I"$root/include" -o "$tmp/show" "$tmp/show.c" "$root/lib/x86_64-linux-gnu/libinih.so.1"

{
	echo "[video]"
	printf 'url = http://localhost/%0175d&limit=5\n' 0
	echo "name = film"
} >"$tmp/settings.ini"
echo "settings, and the bytes of their values:"
LD_LIBRARY_PATH="$root/lib/x86_64-linux-gnu" "$tmp/show" "$tmp/settings.ini" | tee "$tmp/seen"
printf '%s\n' "url 193" "limit 1" "name 4" "status 0" | cmp - "$tmp/seen" || changed "other settings"
