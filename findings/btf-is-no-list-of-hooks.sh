#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A function that the kernel's type information (BTF) names need not be one that can be
# hooked: a fifth of those in module tls lacks the call to __fentry__ that hooks replace.
#
# Seen in Debian 12's 6.1.176, by disassembly: tls_make_aad() has a type and code of its
# own and begins at once with its work, since a function that is declared inline is never
# given the call (the kernel marks "inline" as notrace), also where the compiler makes it a
# function after all. The others are those that tracepoints generate. So look for a name in
# available_filter_functions before you rely on it, as BTF promises only the arguments.
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

get bookworm linux-image-6.1.0-50-cloud-amd64=6.1.176-1 bpftool=7.1.0+6.1.176-1 \
	libelf1=0.188-2.1 lz4=1.9.4-1
old=$tmp/bookworm
export LD_LIBRARY_PATH="$old/usr/lib/x86_64-linux-gnu"

# elf IMAGE MAGIC PROGRAM: the ELF file in a kernel's image. PROGRAM complains of what
# follows it there, which is no part of it.
elf()
{
	at=$(LC_ALL=C grep -obUaP "$2" "$1" | head -n 1 | cut -d : -f 1)
	tail -c "+$((at + 1))" "$1" | "$3" -dc 2>/dev/null || :
}

elf "$old"/boot/vmlinuz-* '\x02\x21\x4c\x18' "$old/usr/bin/lz4" >"$tmp/6.1"
tls=$(echo "$old"/lib/modules/*/kernel/net/tls/tls.ko)
"$old/usr/sbin/bpftool" -B "$tmp/6.1" btf dump file "$tls" |
	sed -n "s/.*\] FUNC '\([^']*\)'.*/\1/p" | sort -u >"$tmp/types"
# The relocation of the first five bytes tells that they call __fentry__.
objdump -dr -j .text "$tls" | awk '
	/^[0-9a-f]+ </ { name = substr($2, 2, length($2) - 3); print name >code; first = 1; next }
	first && /__fentry__/ { print name >hookable }
	NF { if (++lines[name] > 1) first = 0 }' code="$tmp/code" hookable="$tmp/hookable"
sort -u "$tmp/code" | comm -12 - "$tmp/types" >"$tmp/typed"
sort -u "$tmp/hookable" | comm -13 - "$tmp/typed" >"$tmp/closed"

echo "$(wc -l <"$tmp/closed") of $(wc -l <"$tmp/typed") functions with types cannot be hooked, but for tracepoints' own:"
grep -vE '^(__bpf_trace|perf_trace|trace_(event_)?raw)_' "$tmp/closed"
grep -qx tls_make_aad "$tmp/closed" || changed "tls_make_aad can be hooked"
grep -qx tls_sw_sendmsg "$tmp/typed" || changed "tls_sw_sendmsg has no type"
! grep -qx tls_sw_sendmsg "$tmp/closed" || changed "tls_sw_sendmsg cannot be hooked"
[ $(($(wc -l <"$tmp/closed") * 7)) -gt "$(wc -l <"$tmp/typed")" ] || changed "they are few"
