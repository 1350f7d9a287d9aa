#!/bin/sh
# SPDX-License-Identifier: MIT
#
# zstd 1.5.7 (Debian 13) writes all zeros of a file out, where 1.5.4 (Debian 12) leaves
# holes, though the manual and -H of 1.5.7 still say that holes are the default for files.
#
# Seen: 16 MiB of zeros, unpacked by -d FILE: 1.5.4 occupies one
# block of 4 KiB, 1.5.7 all 16 MiB; with --sparse 1.5.7 occupies one block, too. So disk
# images and databases grow to their full size on a newer Debian, and whoever counts what
# is written sees 16 MiB where there were some bytes.
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

get bookworm zstd=1.5.4+dfsg2-5
get trixie zstd=1.5.7+dfsg-1

head -c 16M /dev/zero >"$tmp/zeros"
"$tmp/bookworm/usr/bin/zstd" -q "$tmp/zeros"

# occupied SUITE OPTION...: KiB on disk of what that suite's zstd makes of the file.
occupied()
{
	zstd=$tmp/$1/usr/bin/zstd
	shift
	rm -f "$tmp/zeros"
	"$zstd" -qd "$@" "$tmp/zeros.zst"
	[ "$(wc -c <"$tmp/zeros")" = 16777216 ] || changed "the file is not 16 MiB long"
	du -k "$tmp/zeros" | cut -f 1
}

old=$(occupied bookworm)
new=$(occupied trixie)
sparse=$(occupied trixie --sparse)
says=$("$tmp/trixie/usr/bin/zstd" -H 2>&1 | grep -e '--\[no-\]sparse')

echo "16 MiB of zeros occupy: $old KiB by 1.5.4, $new KiB by 1.5.7, $sparse KiB by 1.5.7 --sparse"
echo "1.5.7 says: $says"
[ "$old" -lt 1024 ] || changed "1.5.4 makes no hole"
[ "$new" -ge 16384 ] || changed "1.5.7 makes holes without being told"
[ "$sparse" -lt 1024 ] || changed "1.5.7 --sparse makes no hole"
case $says in
*"Default: Enabled for files"*) ;;
*) changed "the help of 1.5.7 tells the default" ;;
esac
