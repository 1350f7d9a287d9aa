#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The type information (BTF) of Linux 6.1 gives one name to two functions, with different
# arguments, and does not say which of them can be hooked under that name.
#
# Seen in Debian 12's 6.1.176: module tls has tls_push_record(sk, ctx, offload_ctx, record,
# flags), of tls_device.c, before tls_push_record(sk, flags, record_type), of tls_sw.c. The
# machine code has one function of that name, among those of tls_sw.c, so the first that a
# search by name meets is the wrong one: its second argument is a pointer, where the code
# gets a number. The kernel itself has 458 such names. Debian 12's 6.12, whose types the
# same pahole 1.24 made, has none.
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

# arguments DUMP FUNCTION: the arguments' names, one line for each function of that name.
arguments()
{
	awk -v name="'$2'" '
		/^\[/ { id = $2 == "FUNC_PROTO" ? $1 : "" }
		/^\t/ && id != "" { gsub("\047", "", $1); list[id] = list[id] " " $1 }
		$2 == "FUNC" && $3 == name { sub("type_id=", "", $4); found[++n] = "[" $4 "]" }
		END { for (i = 1; i <= n; i++) print substr(list[found[i]], 2) }' "$1"
}

elf "$old"/boot/vmlinuz-* '\x02\x21\x4c\x18' "$old/usr/bin/lz4" >"$tmp/6.1"
tls=$(echo "$old"/lib/modules/*/kernel/net/tls/tls.ko)
"$old/usr/sbin/bpftool" -B "$tmp/6.1" btf dump file "$tls" >"$tmp/module"
twice=$("$old/usr/sbin/bpftool" btf dump file "$tmp/6.1" |
	sed -n "s/.*\] FUNC '\([^']*\)'.*/\1/p" | sort | uniq -d | wc -l)
echo "$twice names in the kernel are of more than one function; in module tls:"
arguments "$tmp/module" tls_push_record >"$tmp/found"
sed 's/.*/tls_push_record(&)/' "$tmp/found"

[ "$(paste -sd ';' "$tmp/found")" = "sk ctx offload_ctx record flags;sk flags record_type" ] ||
	changed "6.1's module tls has other types"
[ "$(nm "$tls" | grep -c ' t tls_push_record$')" = 1 ] || changed "there is not one function"
nm -n "$tls" | grep -A 1 ' t tls_push_record$' | grep -q bpf_exec_tx_verdict ||
	changed "what follows in the code is not of tls_sw.c"
[ "$twice" -gt 400 ] || changed "there are fewer such names"
