#!/bin/sh
# SPDX-License-Identifier: MIT
#
# nginx with "sendfile on" and sub_filter reads each byte of a file into its memory, and
# then sends the same byte from the file all the same.
#
# Seen by strace with nginx 1.22.1 (Debian 12), a file of 4 MiB without the text to replace:
# without sub_filter it goes by sendfile(), and is never read. With it pread64() reads it,
# 128 times 32 KiB, for the search, and sendfile() sends the same 32 KiB each time, but for
# a byte at the end of some, which the filter holds back. So sendfile() does not mean that
# the file is not copied to user space, nor a read that what was read is sent.
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

get bookworm nginx=1.22.1-9+deb12u9 libpcre2-8-0=10.42-1 libssl3=3.0.20-1~deb12u2 \
	strace=6.1-0.1 libunwind8=1.6.2-3
root=$tmp/bookworm
export LD_LIBRARY_PATH="$root/usr/lib/x86_64-linux-gnu"

mkdir "$tmp/site"
head -c 4194304 /dev/zero | tr '\0' x >"$tmp/site/file"
cat >"$tmp/conf" <<END
daemon off; master_process off; pid $tmp/pid;
events {}
http {
	access_log off; sendfile on; default_type text/html;
	client_body_temp_path $tmp/1; proxy_temp_path $tmp/2; fastcgi_temp_path $tmp/3;
	uwsgi_temp_path $tmp/4; scgi_temp_path $tmp/5;
	server {
		listen unix:$tmp/socket;
		location /plain/ { alias $tmp/site/; }
		location /filter/ { alias $tmp/site/; sub_filter absent present; }
	}
}
END

# moved LOCATION: how many bytes of the file nginx reads, and how many it sends from it.
moved()
{
	rm -f "$tmp/socket"
	"$root/usr/bin/strace" -y -o "$tmp/calls" -e trace=read,pread64,sendfile \
		"$root/usr/sbin/nginx" -c "$tmp/conf" -e "$tmp/log" &
	until [ -S "$tmp/socket" ] && [ -s "$tmp/pid" ]; do sleep 0.1; done
	got=$(perl -MIO::Socket::UNIX -e '
		my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "no server: $!";
		print $s "GET /$ARGV[1]/file HTTP/1.0\r\n\r\n"; $s->flush; local $/;
		print length(<$s> =~ s/^.*?\r\n\r\n//sr)' "$tmp/socket" "$1")
	kill "$(cat "$tmp/pid")"
	wait
	[ "$got" = 4194304 ] || changed "$got bytes arrive"
	for call in read sendfile; do
		grep "$tmp/site/file" "$tmp/calls" | grep -E "^p?$call" |
			awk '{ n += $NF } END { printf "%d ", n }'
	done
}

# shellcheck disable=SC2046 # two numbers each
set -- $(moved plain) $(moved filter)
echo "plain: $1 bytes read, $2 by sendfile(); with sub_filter: $3 read, $4 by sendfile()"
[ "$1 $2" = "0 4194304" ] || changed "the plain file goes another way"
[ "$3" = 4194304 ] || changed "the filtered file is not read once"
[ "$4" -gt 4190000 ] || changed "the filtered file goes another way"
