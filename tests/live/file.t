#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Files read and written through a buffer: every call, cold and warm, on a disk and in memory.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

my $memory = memory_dir();
my $src = prepare("$dir/src");
my $small = prepare("$memory/src");
my @readers = qw(read pread readv preadv preadv2);
my @writers = qw(write pwrite writev pwritev pwritev2);

check_all(
	(map { ["$_ warm", 'relay', '--src', $src, '--read', $_] } @readers),
	(map { ["$_ cold", 'relay', '--src', $src, '--read', $_, '--cold'] } @readers),
	(map { ["$_ in memory", 'relay', '--src', $small, '--read', $_] } @readers),
);
check_all(
	(map { ["$_", 'source', '--to', 'file', '--dst', "$dir/dst", '--write', $_] } @writers),
	(map { ["$_ in memory", 'source', '--to', 'file', '--dst', "$memory/dst", '--write', $_] }
		@writers),
	['write and fsync', 'source-synced', '--to', 'file', '--dst', "$dir/synced"],
);
check_all(
	['read and write', 'relay', '--src', $src, '--to', 'file', '--dst', "$dir/dst"],
	['cold read and write', 'relay', '--src', $src, '--cold', '--to', 'file', '--dst',
		"$dir/dst"],
	['pread and pwrite', 'relay', '--src', $src, '--to', 'file', '--dst', "$dir/dst",
		'--read', 'pread', '--write', 'pwrite'],
	['preadv2 and pwritev2', 'relay', '--src', $src, '--to', 'file', '--dst', "$dir/dst",
		'--read', 'preadv2', '--write', 'pwritev2'],
	['from disk to memory', 'relay', '--src', $src, '--to', 'file', '--dst', "$memory/dst"],
	['from memory to disk', 'relay', '--src', $small, '--to', 'file', '--dst', "$dir/dst"],
);
done_testing();
