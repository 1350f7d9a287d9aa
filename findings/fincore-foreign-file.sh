#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fincore says of other people's files that all of them is in the page cache, though nothing
# of them is.
#
# Seen with util-linux 2.38.1 (Debian 12): a file of 1 MiB that belongs to another user, who
# has dropped it from the cache; its owner's fincore says 0 pages, that of a user who may
# only read it 256. The kernel answers mincore() so on purpose since Linux 5.2 (commit
# 134fca9063ad), for files that the caller neither owns nor may write: it calls all pages
# resident. fincore gives no warning, and its exit status is 0.
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

get bookworm util-linux-extra=2.38.1-5+deb12u3 libsmartcols1=2.38.1-5+deb12u3
export LD_LIBRARY_PATH="$tmp/bookworm/usr/lib/x86_64-linux-gnu:$tmp/bookworm/lib/x86_64-linux-gnu"
fincore=$tmp/bookworm/usr/bin/fincore

# A file of another user: our own, seen by user 65534, or else one of root's.
chmod 755 "$tmp"
if [ "$(id -u)" = 0 ]; then
	file=$tmp/file
	head -c 1048576 /dev/urandom >"$file"
	chmod 644 "$file"
	sync "$file"
	as="setpriv --reuid=65534 --regid=65534 --clear-groups"
else
	file=$(find /usr/share -type f -size +256k ! -writable -readable | head -n 1)
	as=
fi

# Out of the cache, as far as the kernel lets go.
dd if="$file" iflag=nocache count=0 status=none
all=$((($(stat -c %s "$file") + 4095) / 4096))
[ -z "$as" ] || owner=$("$fincore" -nbo PAGES "$file" | tr -d ' ')
reader=$($as "$fincore" -nbo PAGES "$file" | tr -d ' ') || changed "fincore fails"
echo "of $all pages are cached: ${owner:-?} for the owner, $reader for who may only read"
[ "${owner:-0}" = 0 ] || changed "the owner sees $owner pages"
[ "$reader" = "$all" ] || changed "who may only read is not told that all is cached"
