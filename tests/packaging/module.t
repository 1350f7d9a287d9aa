#!/bin/bash
# SPDX-License-Identifier: MIT
# The module is built, installed and signed as docs/copyscope.4 says, for each
# kernel of the virtual machines: by make, and by dkms as distributions do it.
cd "$(dirname "$0")/../.." || exit 1
kernels=(6.1 6.12)
version=$(sed -n 's/^VERSION := //p' Makefile)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

echo "1..$((1 + 7 * ${#kernels[@]}))"
n=0
check()
{
	local name=$1
	shift
	((n++))
	if "$@" >"$tmp/log" 2>&1; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		tail -n 40 "$tmp/log" | sed 's/^/# /'
	fi
}

# is_for VERSION FILE: a module of this kernel, with this source's version.
is_for()
{
	local magic
	magic=$(/sbin/modinfo -F vermagic "$2")
	[[ ${magic%% *} == "$1" && $(/sbin/modinfo -F version "$2") == "$version" ]] && return
	echo "$2: vermagic '$magic', version '$(/sbin/modinfo -F version "$2")'"
	ls -lR "$(dirname "$2")"
	return 1
}

run_dkms()
{
	/usr/sbin/dkms "$1" -m copyscope -v "$version" -k "$kernel" --kernelsourcedir "$headers" \
		--dkmstree "$tmp/dkms" --sourcetree "$tmp/usr/src" --installtree "$tmp/dkms-modules" \
		--no-depmod "${@:2}"
}

by_dkms()
{
	# It installs for kernels that are there only.
	mkdir -p "$tmp/dkms" "$tmp/dkms-modules/$kernel"
	run_dkms install && is_for "$kernel" "$tmp/dkms-modules/$kernel/updates/dkms/copyscope.ko"
}

by_dkms_no_more()
{
	run_dkms remove && [[ ! -e $tmp/dkms-modules/$kernel/updates/dkms/copyscope.ko ]]
}

# by_make VARIABLE [MORE...]: into the folder that the variable names.
by_make()
{
	rm -rf "$tmp/installed"
	make -s module-install KDIR="$headers" MODULE_OUT="$tmp/out" PREFIX=/usr DESTDIR="$tmp/DESTDIR" \
		"$1=$tmp/installed" "${@:2}" || return
	installed=$(find "$tmp/installed/lib/modules/$kernel" -name 'copyscope.ko*')
	is_for "$kernel" "$installed"
}

# As the man page has it, with a key of our own.
signed()
{
	openssl req -new -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=copyscope module/" \
		-outform DER -keyout "$tmp/key.pem" -out "$tmp/certificate.der" &&
		by_make DESTDIR MODULE_KEY="$tmp/key.pem" MODULE_CERTIFICATE="$tmp/certificate.der" &&
		[[ $(/sbin/modinfo -F signer "$installed") == "copyscope module" ]]
}

dkms_source()
{
	make -s dkms-source DESTDIR="$tmp" &&
		grep -Fx "PACKAGE_VERSION=\"$version\"" "$tmp/usr/src/copyscope-$version/dkms.conf" &&
		grep -F "MODULE_VERSION(\"$version\")" "$tmp/usr/src/copyscope-$version/module/main.c"
}

check "the source for dkms, and one version" dkms_source
for series in "${kernels[@]}"; do
	# Its headers are fetched, if need be.
	headers=$(tests/vm/module -k "$series" -p) || { echo "Bail out! no headers of $series"; exit 1; }
	kernel=${headers##*/linux-headers-}
	check "$kernel: dkms builds and installs it" by_dkms
	check "$kernel: dkms removes it" by_dkms_no_more
	check "$kernel: make module-install DESTDIR" by_make DESTDIR
	check "$kernel: make module-install INSTALL_MOD_PATH" by_make INSTALL_MOD_PATH
	check "$kernel: its man page" test -e "$tmp/DESTDIR/usr/share/man/man4/copyscope.4"
	check "$kernel: the header for programs" \
		gcc -fsyntax-only -x c "$tmp/DESTDIR/usr/include/copyscope/residency.h"
	check "$kernel: it can be signed" signed
done
