#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fincore of util-linux 2.38 (Debian 12) and of 2.41 (Debian 13) ask the kernel by other
# calls, and differ about an ext4 file that was cut in the middle of a page.
#
# Seen: 2.38.1 maps the file and calls mincore(). 2.41.5 calls cachestat() where there is
# one (Linux 6.5 and newer). A file of 100000 bytes on ext4, nothing of it cached, is then
# truncated to 50001 bytes: the kernel reads a block to clear its end, so that a page gets
# cached. 2.41 says 1 page, 2.38 says 0. Neither tells whom it asked.
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

get bookworm util-linux-extra=2.38.1-5+deb12u3 libsmartcols1=2.38.1-5+deb12u3 \
	strace=6.1-0.1 libunwind8=1.6.2-3
get trixie util-linux-extra=2.41.5-0+deb13u1 libsmartcols1=2.41.5-0+deb13u1 libc6=2.41-12+deb13u5
old=$tmp/bookworm
new=$tmp/trixie
dd if=/dev/urandom of="$tmp/file" bs=100000 count=1 conv=fsync status=none


# ask FINCORE...: the pages it tells, and the calls it asks by; strace 6.1 knows cachestat
# by its number only.
ask()
{
	"$old/usr/bin/strace" -o "$tmp/calls" "$@" -nbo PAGES "$tmp/file" | tr -d ' ' | tr '\n' ' '
	sed -n 's/^mincore(.*/mincore/p; s/^syscall_0x1c3(.*/cachestat/p; s/^cachestat(.*/cachestat/p' \
		"$tmp/calls" | sort -u
}

export LD_LIBRARY_PATH="$old/usr/lib/x86_64-linux-gnu:$old/lib/x86_64-linux-gnu"
dd if="$tmp/file" iflag=nocache count=0 status=none
truncate -s 50001 "$tmp/file"
before=$(ask "$old/usr/bin/fincore")
# With the glibc it was built for.
after=$(ask "$new/usr/lib64/ld-linux-x86-64.so.2" --library-path "$new/usr/lib/x86_64-linux-gnu" \
	"$new/usr/bin/fincore")
system=$(stat -f -c %T "$tmp/file")
echo "after the cut, on $system, Linux $(uname -r): $before by 2.38.1, $after by 2.41.5"
[ "${before#* }" = mincore ] || changed "2.38 asks by another call"
[ "${after#* }" = cachestat ] || changed "2.41 asks by another call (is this Linux before 6.5?)"
# The name that stat has for ext4.
[ "$system" != ext2/ext3 ] || [ "${before% *}${after% *}" = 01 ] || changed "other numbers on ext4"
