#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The header that bpftool makes of Linux 7.3's types compiles, and has structures that are
# too short and members that are missing, unless the compiler is told -fms-extensions.
#
# Seen with 7.3.4 (Debian 13's backports): "bpftool btf dump ... format c" writes members
# that are a named type without a name, such as "union pipe_index;" in struct
# pipe_inode_info, as the kernel's source has them. GCC and clang take that for a
# declaration of the type, warn "declaration does not declare anything" nine times in
# 135000 lines, and leave it out: the structure gets 216 bytes of 224, and all members
# behind it lie elsewhere. With -fms-extensions it has the size that BTF says. Programs that
# take offsets from BTF (CO-RE) still lack the members; others read the wrong ones.
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

get bookworm bpftool=7.1.0+6.1.176-1 libelf1=0.188-2.1 zstd=1.5.4+dfsg2-5
get trixie-backports linux-binary-7.3.4+deb13-cloud-amd64=7.3.4-1~bpo13+1
old=$tmp/bookworm
export LD_LIBRARY_PATH="$old/usr/lib/x86_64-linux-gnu"

# elf IMAGE MAGIC PROGRAM: the ELF file in a kernel's image. PROGRAM complains of what
# follows it there, which is no part of it.
elf()
{
	at=$(LC_ALL=C grep -obUaP "$2" "$1" | head -n 1 | cut -d : -f 1)
	tail -c "+$((at + 1))" "$1" | "$3" -dc 2>/dev/null || :
}

elf "$tmp"/trixie-backports/usr/lib/modules/*/vmlinuz '\x28\xb5\x2f\xfd' \
	"$old/usr/bin/zstd" >"$tmp/7.3"
"$old/usr/sbin/bpftool" btf dump file "$tmp/7.3" format c >"$tmp/vmlinux.h"
size=$("$old/usr/sbin/bpftool" btf dump file "$tmp/7.3" |
	sed -n "s/.* STRUCT 'pipe_inode_info' size=\([0-9]*\).*/\1/p")

# bytes OPTION...: the size of struct pipe_inode_info by that header.
bytes()
{
	printf '#include "vmlinux.h"\nchar a[sizeof(struct pipe_inode_info)];\n' >"$tmp/size.c"
	cc "$@" -c -o "$tmp/size.o" "$tmp/size.c" 2>"$tmp/warnings"
	echo $((0x$(nm -S "$tmp/size.o" | cut -d ' ' -f 2)))
}

plain=$(bytes)
warned=$(grep -c 'does not declare anything' "$tmp/warnings") || :
with=$(bytes -fms-extensions)
echo "struct pipe_inode_info has $size bytes; by the header $plain ($warned warnings)," \
	"with -fms-extensions $with"
[ "$size $with" = "224 224" ] || changed "the types are others"
[ "$plain" = 216 ] || changed "the header has no short structure"
[ "$warned" -gt 0 ] || changed "the compiler does not warn"
