#!/bin/sh
# SPDX-License-Identifier: MIT
#
# cp --sparse=never lets the kernel copy in coreutils 9.1 (Debian 12), and copies by itself
# in 9.7 (Debian 13).
#
# Seen by strace, a file of 4 MiB of random bytes, both in one folder: 9.1 asks for
# copy_file_range() with and without the option. 9.7 does so without it only; with it, cp
# reads and writes 256 KiB at a time, through its own memory. NEWS of 9.4 has it, the manual
# page has not: there the option only tells how holes are written. The copy is the same: the
# file has no holes.
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

get bookworm coreutils=9.1-1 strace=6.1-0.1 libunwind8=1.6.2-3
get trixie coreutils=9.7-3
export LD_LIBRARY_PATH="$tmp/bookworm/usr/lib/x86_64-linux-gnu"

head -c 4194304 /dev/urandom >"$tmp/from"

# moved CP OPTION: the calls that the data moves by, and how many they are.
moved()
{
	"$tmp/bookworm/usr/bin/strace" -o "$tmp/calls" -e trace=copy_file_range,write \
		"$@" "$tmp/from" "$tmp/to"
	cmp "$tmp/from" "$tmp/to" || changed "the copy differs"
	sed -n 's/^\([a-z_]*\)(.* = [1-9].*/\1/p' "$tmp/calls" | sort | uniq -c |
		awk '{ print $2, $1 }'
	rm "$tmp/to"
}

for option in auto never; do
	echo "9.1 --sparse=$option: $(moved "$tmp/bookworm/bin/cp" --sparse=$option)"
	echo "9.7 --sparse=$option: $(moved "$tmp/trixie/usr/bin/cp" --sparse=$option)"
done | tee "$tmp/seen"
cat >"$tmp/known" <<-END
	9.1 --sparse=auto: copy_file_range
	9.7 --sparse=auto: copy_file_range
	9.1 --sparse=never: copy_file_range
	9.7 --sparse=never: write
END
sed 's/ [0-9]*$//' "$tmp/seen" | cmp - "$tmp/known" || changed "other calls"
