#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fuse_perform_write() of Linux 6.1 and of 6.12 has the same name, and other arguments.
#
# Seen in the kernels' own type information (BTF), Debian 12's 6.1.176 and Debian 13's
# 6.12.117: (iocb, mapping, ii, pos) and (iocb, ii). Who hooks it and takes the second
# argument for the iterator reads a struct address_space on 6.1. The first argument is
# right on both, so that half of such a hook's output looks well. Ask BTF for the place of
# "ii", not the kernel's version; in 6.1 the routine is in the module fuse, whose types
# need the kernel's as their base, and in the 6.12 of this flavour it is built in.
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
	libelf1=0.188-2.1 lz4=1.9.4-1 zstd=1.5.4+dfsg2-5
get trixie linux-image-6.12.117+deb13-cloud-amd64=6.12.117-1
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
elf "$tmp"/trixie/boot/vmlinuz-* '\x28\xb5\x2f\xfd' "$old/usr/bin/zstd" >"$tmp/6.12"
"$old/usr/sbin/bpftool" -B "$tmp/6.1" btf dump file \
	"$old"/lib/modules/*/kernel/fs/fuse/fuse.ko >"$tmp/a"
"$old/usr/sbin/bpftool" btf dump file "$tmp/6.12" >"$tmp/b"
before=$(arguments "$tmp/a" fuse_perform_write)
after=$(arguments "$tmp/b" fuse_perform_write)

echo "fuse_perform_write($before) in 6.1.176, ($after) in 6.12.117"
[ "$before" = "iocb mapping ii pos" ] || changed "6.1 has other arguments"
[ "$after" = "iocb ii" ] || changed "6.12 has other arguments"
