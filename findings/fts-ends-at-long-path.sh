#!/bin/sh
# SPDX-License-Identifier: MIT
#
# glibc's fts(3) ends the whole walk at a path of some 38 KB, and says so only by errno.
#
# Seen with glibc 2.36 (Debian 12): a folder "a" has 200 folders in one another, each with a
# name of 255 bytes. fts_read() visits 147 folders, then returns NULL as at the end, with
# errno ENAMETOOLONG. It has not visited folder "b" either, the next one to walk, which is
# not deep. The tree is valid: mkdirat() makes it, and find(1), whose fts is gnulib's, walks
# it to its end. A plain loop of fts_read() takes a part of a tree for all of it.
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

get bookworm libc6=2.36-9+deb12u14 findutils=4.9.0-4
cat >"$tmp/walk.c" <<'END'
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char name[256], *roots[] = { "a", "b", NULL };
	int level, folder, below, folders = 0, beside = 0;
	FTSENT *entry;
	FTS *fts;

	memset(name, 'd', 255);
	name[255] = '\0';
	if (chdir(argv[argc - 1]) || mkdir("a", 0700) || mkdir("b", 0700))
		return 1;
	for (folder = open("a", O_RDONLY), level = 0; level < 200; level++) {
		if (mkdirat(folder, name, 0700) || (below = openat(folder, name, O_RDONLY)) < 0)
			return 1;
		close(folder);
		folder = below;
	}
	fts = fts_open(roots, FTS_PHYSICAL, NULL);
	while (errno = 0, (entry = fts_read(fts))) {
		folders += entry->fts_info == FTS_D;
		beside |= !strcmp(entry->fts_name, "b");
	}
	printf("%d %d %d\n", folders, beside, errno == ENAMETOOLONG);
	return 0;
}
END
cc -o "$tmp/walk" "$tmp/walk.c"
mkdir "$tmp/tree"
# With that glibc, whatever this machine's is.
"$tmp"/bookworm/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 \
	--library-path "$tmp/bookworm/lib/x86_64-linux-gnu" "$tmp/walk" "$tmp/tree" >"$tmp/seen"
read -r folders beside too_long <"$tmp/seen"
all=$("$tmp/bookworm/usr/bin/find" "$tmp/tree" -mindepth 1 -type d | wc -l)
echo "fts(3) visits $folders folders of $all, folder b: $beside, ENAMETOOLONG: $too_long"
[ "$all" = 202 ] || changed "find sees $all folders"
[ "$too_long" = 1 ] || changed "the walk does not end with ENAMETOOLONG"
[ "$folders$beside" -lt 2000 ] || changed "the walk goes on"
