#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Two Debian kernels of one release, 6.12.117, offer other functions to hooks.
#
# Seen in their type information (BTF): of 47347 functions of Debian 12's build and 47913 of
# Debian 13's 241 are in the first only, 807 in the second only. So with module tls:
# tls_push_record() has its types in Debian 12's alone, though both have the code, and in
# both it starts with the call to __fentry__ that hooks replace. By their configurations,
# the first was built by gcc 12 with pahole 1.24, the second by gcc 14 with pahole 1.30. So
# a test on one distribution's 6.12 tells nothing sure about another's.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# get SUITE PACKAGE=VERSION...: unpack Debian's packages into $tmp/SUITE, from the archive
# that this machine's apt is set up for. Nothing is installed.
get()
{
	dir=$tmp/$1
	case $1 in *-security) archive=debian-security ;; *) archive=debian ;; esac
	mkdir -p "$dir/lists/partial"
	# shellcheck disable=SC2016 # apt expands it
	address=$(apt-get indextargets --format '$(REPO_URI)' | grep -m 1 "/$archive/*\$") || :
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
get trixie linux-image-6.12.117+deb13-cloud-amd64=6.12.117-1
get bookworm-security linux-image-6.12.117+deb12-cloud-amd64=6.12.117-1~deb12u1
old=$tmp/bookworm
export LD_LIBRARY_PATH="$old/usr/lib/x86_64-linux-gnu"

# elf IMAGE MAGIC PROGRAM: the ELF file in a kernel's image. PROGRAM complains of what
# follows it there, which is no part of it.
elf()
{
	at=$(LC_ALL=C grep -obUaP "$2" "$1" | head -n 1 | cut -d : -f 1)
	tail -c "+$((at + 1))" "$1" | "$3" -dc 2>/dev/null || :
}

# functions OPTION...: the names of functions with types.
functions()
{
	"$old/usr/sbin/bpftool" "$@" | sed -n "s/.*\] FUNC '\([^']*\)'.*/\1/p" | sort -u
}

for suite in bookworm-security trixie; do
	elf "$tmp/$suite"/boot/vmlinuz-* '\x28\xb5\x2f\xfd' "$old/usr/bin/zstd" >"$tmp/$suite.elf"
	functions btf dump file "$tmp/$suite.elf" >"$tmp/$suite.kernel"
	find "$tmp/$suite" -name tls.ko.xz -exec xz -dc {} + >"$tmp/$suite.ko"
	functions -B "$tmp/$suite.elf" btf dump file "$tmp/$suite.ko" >"$tmp/$suite.tls"
	objdump -dr --disassemble=tls_push_record "$tmp/$suite.ko" | grep -A 2 '>:$' |
		grep -q __fentry__ || changed "tls_push_record() of $suite cannot be hooked"
	grep -E '^CONFIG_(GCC|PAHOLE)_VERSION' "$tmp/$suite"/boot/config-* | paste -sd ' '
done
first=$(comm -23 "$tmp/bookworm-security.kernel" "$tmp/trixie.kernel" | wc -l)
second=$(comm -13 "$tmp/bookworm-security.kernel" "$tmp/trixie.kernel" | wc -l)
echo "functions with types of Debian 12's kernel only: $first, of Debian 13's only: $second"
[ $((first < second ? first : second)) -gt 100 ] || changed "they differ less"
grep -qx tls_push_record "$tmp/bookworm-security.tls" || changed "Debian 12's tls lacks the type"
! grep -qx tls_push_record "$tmp/trixie.tls" || changed "Debian 13's tls has the type"
