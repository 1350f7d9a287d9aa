#!/bin/sh
# SPDX-License-Identifier: MIT
#
# GNU tar 1.34 (Debian 12) with -S reads the data of a file that has holes 512 bytes at a
# time, and the same data 10 KiB at a time where the file has no holes.
#
# Seen by strace: 1 MiB of data behind a hole of 4 MiB takes 2048 calls of read(), one for
# each record of 512 bytes, with the default blocking factor of 20. A file of 1 MiB without
# a hole takes a few more than 100, with -S, too. The archive is written 10 KiB at a time
# in both cases. So -S makes a small archive at 20 times the calls.
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

get bookworm tar=1.34+dfsg-1.2+deb12u1 strace=6.1-0.1 libunwind8=1.6.2-3
export LD_LIBRARY_PATH="$tmp/bookworm/usr/lib/x86_64-linux-gnu"

head -c 1048576 /dev/urandom >"$tmp/whole"
truncate -s 4M "$tmp/holed"
cat "$tmp/whole" >>"$tmp/holed"
[ "$(du -k "$tmp/holed" | cut -f 1)" -lt 4096 ] || changed "this file system has no holes"

# reads FILE: how many calls read FILE's data, of those that return 512 bytes or more.
reads()
{
	"$tmp/bookworm/usr/bin/strace" -y -o "$tmp/calls" -e trace=read,write \
		"$tmp/bookworm/bin/tar" -C "$tmp" -cSf "$tmp/archive.tar" "$1"
	grep -c "^read([0-9]*<$tmp/$1>.* = [1-9][0-9][0-9]" "$tmp/calls"
}

whole=$(reads whole)
holed=$(reads holed)
echo "1 MiB of data is read by $whole calls without a hole, by $holed behind one"
[ "$whole" -lt 200 ] || changed "many calls without a hole"
[ "$holed" = 2048 ] || changed "not a call for each 512 bytes"
