#!/bin/sh
# SPDX-License-Identifier: MIT
#
# An argument of io_uring's routines is of a type that has no size in Linux 6.18, and of one
# byte in 7.2, so that the same position is not the same register.
#
# Seen in Debian's kernels, in their type information (BTF): io_poll_issue(req, tw) takes
# the io_tw_token_t tw by value, which is struct io_tw_state: size 0, no members in 6.18.15;
# size 1, a bool "cancel", in 7.2.12. GCC's C passes what has no size in no register: so the
# third argument of 6.18's __io_run_local_work(ctx, tw, min_events, max_events) comes in the
# second register, and who takes registers by the arguments' numbers reads the wrong one.
# Ask BTF for the sizes, too, before you count arguments.
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
get trixie-backports linux-image-6.18.15+deb13-cloud-amd64=6.18.15-1~bpo13+1 \
	linux-binary-7.2.12+deb13-cloud-amd64=7.2.12-1~bpo13+1
old=$tmp/bookworm
new=$tmp/trixie-backports
export LD_LIBRARY_PATH="$old/usr/lib/x86_64-linux-gnu"

# elf IMAGE MAGIC PROGRAM: the ELF file in a kernel's image. PROGRAM complains of what
# follows it there, which is no part of it.
elf()
{
	at=$(LC_ALL=C grep -obUaP "$2" "$1" | head -n 1 | cut -d : -f 1)
	tail -c "+$((at + 1))" "$1" | "$3" -dc 2>/dev/null || :
}

# state VERSION IMAGE: the size of struct io_tw_state, and how the second argument of
# io_poll_issue() comes to it.
state()
{
	elf "$2" '\x28\xb5\x2f\xfd' "$old/usr/bin/zstd" >"$tmp/$1"
	"$old/usr/sbin/bpftool" btf dump file "$tmp/$1" | awk '
		$2 == "STRUCT" && $3 == "\047io_tw_state\047" { struct = $1; size = $4 }
		$2 == "TYPEDEF" && $3 == "\047io_tw_token_t\047" { alias = $1; target = "[" substr($4, 9) "]" }
		/^\[/ { proto = $2 == "FUNC_PROTO" ? $1 : "" }
		/^\t/ && proto != "" && $1 == "\047tw\047" { type[proto] = "[" substr($2, 9) "]" }
		$2 == "FUNC" && $3 == "\047io_poll_issue\047" { own = "[" substr($4, 9) "]" }
		END { print size, type[own] == alias && target == struct ? "by value" : "otherwise" }'
}

before=$(state 6.18 "$new"/boot/vmlinuz-6.18*)
after=$(state 7.2 "$new"/usr/lib/modules/7.2*/vmlinuz)
echo "struct io_tw_state in 6.18: $before, in 7.2: $after"
[ "$before" = "size=0 by value" ] || changed "6.18 has another type"
[ "$after" = "size=1 by value" ] || changed "7.2 has another type"
# What the compiler makes of it: the third argument, in the register of the second.
echo 'struct none {}; long f(long *a, struct none b, long c) { return c; }' |
	cc -O2 -S -x c -o "$tmp/f.s" -
grep -q 'movq.*%rsi, %rax' "$tmp/f.s" || changed "the compiler passes what has no size"
