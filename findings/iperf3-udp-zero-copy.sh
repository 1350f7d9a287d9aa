#!/bin/sh
# SPDX-License-Identifier: MIT
#
# iperf3 3.12 (Debian 12) takes -Z, --zerocopy, for UDP, too, and copies as without it.
#
# Seen by strace, 4 MiB over loopback: with TCP the client sends all of it by sendfile()
# from a file. With -u it sends by write(), as without -Z, warns of nothing and ends with
# status 0. The manual tells of no such limit. So a comparison of UDP with and without -Z
# compares the same with the same.
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

get bookworm iperf3=3.12-1+deb12u2 libiperf0=3.12-1+deb12u2 libsctp1=1.0.19+dfsg-2 \
	libssl3=3.0.20-1~deb12u2 strace=6.1-0.1 libunwind8=1.6.2-3
export LD_LIBRARY_PATH="$tmp/bookworm/usr/lib/x86_64-linux-gnu"
iperf=$tmp/bookworm/usr/bin/iperf3

# send OPTION...: bytes that the client sends from a file, and bytes by write().
send()
{
	port=$((20000 + $$ % 10000))
	timeout 60 "$iperf" -s -1 -B 127.0.0.1 -p "$port" >"$tmp/server" 2>&1 &
	for try in $(seq 100); do # until the server listens
		timeout 60 "$tmp/bookworm/usr/bin/strace" -o "$tmp/calls" -e trace=sendfile,write \
			"$iperf" -c 127.0.0.1 -p "$port" -n 4M "$@" >"$tmp/client" 2>"$tmp/warnings" && break
		[ "$try" != 100 ] || changed "iperf3 fails: $(cat "$tmp/warnings")"
		sleep 0.1
	done
	wait
	for call in sendfile write; do
		sed -n "s/^$call(.* = \([1-9][0-9]*\)\$/\1/p" "$tmp/calls" |
			awk '{ n += $1 } END { printf "%d ", n }'
	done
}

# shellcheck disable=SC2046 # two numbers
set -- $(send -Z) $(send -u -b 0 -Z)
echo "TCP: $1 bytes by sendfile(), $2 by write(); UDP: $3 by sendfile(), $4 by write()"
[ "$1" -ge 4194304 ] || changed "TCP does not use sendfile()"
[ "$3" = 0 ] || changed "UDP uses sendfile()"
[ "$4" -ge 4194304 ] || changed "UDP does not use write()"
[ ! -s "$tmp/warnings" ] || changed "there is a warning: $(cat "$tmp/warnings")"
