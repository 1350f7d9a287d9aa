#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The JSON of util-linux is no JSON where a file's name is not UTF-8.
#
# Seen with util-linux 2.38.1 (Debian 12): fincore -J and lsfd -J print the bytes of a name
# as they are, quotes and line ends escaped. A name with the byte 0xff, which Linux takes as
# any other, so gives text that is not UTF-8, and strict readers refuse all of it, Perl's
# JSON::PP among them. One such name among thousands of open files is enough; who made it
# need not be who reads.
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


# readable FILE: does a strict reader take it?
readable()
{
	perl -MJSON::PP -e 'local $/; JSON::PP->new->utf8->decode(<>)' "$1" 2>"$tmp/said"
}

# Any name of printable characters is well, with quotes in it, too.
plain=$tmp/'a "name"'
bytes=$tmp/$(printf 'caf\351')
echo x | tee "$plain" >"$bytes"
for file in "$plain" "$bytes"; do
	"$tmp/bookworm/usr/bin/fincore" -J "$file" >"$tmp/fincore"
	sh -c "exec sleep 600" <"$file" &
	"$tmp/bookworm/usr/bin/lsfd" -J -o FD,NAME -p $! >"$tmp/lsfd"
	kill $!
	for tool in fincore lsfd; do
		if readable "$tmp/$tool"; then
			echo "$tool -J: its JSON can be read"
		else
			echo "$tool -J: $(sed 's/,.*//' "$tmp/said")"
		fi
	done
done | tee "$tmp/seen"
[ "$(head -n 2 "$tmp/seen" | grep -c 'can be read')" = 2 ] || changed "plain names cannot be read"
[ "$(tail -n 2 "$tmp/seen" | grep -c 'UTF-8')" = 2 ] || changed "a name that is not UTF-8 can be read"
