#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# XFS and btrfs: their own ways to write, clones, O_DIRECT and where it falls back.
use strict;
use warnings;
use Fcntl;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use FileSystem;
use Test::More;

plan skip_all => 'other file systems are on the disks of tests/vm/run'
	unless measured() && in_guest();

my $bytes = 8 << 20;
my %fs = map { ($_ => make_fs($_)) } qw(xfs btrfs);
my %src = map { ($_ => prepare("$fs{$_}/src")) } sort keys %fs;

for my $type (sort keys %fs) {
	my @src = ('--src', $src{$type});
	my $odd = prepare("$fs{$type}/odd", 1_000_001);
	my @odd = ('--src', $odd, '--bytes', 1_000_001);
	my @to = ('--to', 'file', '--dst', "$fs{$type}/dst");

	my $report = check_all(
		["$type: read and write", 'relay', @src, @to],
		["$type: preadv and pwritev", 'relay', @src, @to, '--read', 'preadv', '--write', 'pwritev'],
		["$type: read, cold, and send", 'relay', @src, '--to', 'tcp', '--write', 'send', '--cold'],
		["$type: mapping and write", 'map', @src, @to],
		["$type: mapping, cold, and write to tcp", 'map', @src, '--to', 'tcp', '--cold'],
		["$type: private mapping, written to", 'cow', @src],
		["$type: sendfile, cold, to tcp", 'sendfile', @src, '--to', 'tcp', '--cold'],
		["$type: sendfile to a file", 'sendfile', @src, @to],
		["$type: splice to a file", 'splice', @src, @to],
		["$type: write and fsync", 'source-synced', '--to', 'file', '--dst',
			"$fs{$type}/synced"],
		["$type: direct read, to tcp", 'direct-read', @src, '--to', 'tcp'],
		["$type: direct read, not of whole blocks", 'direct-read', @odd, '--to', 'tcp'],
		["$type: direct sendfile to tcp", 'sendfile', @src, '--to', 'tcp', '--mode', 'direct'],
		["$type: direct sendfile to a file", 'sendfile', @src, @to, '--mode', 'direct'],
		["$type: direct splice to tcp", 'splice', @src, '--to', 'tcp', '--mode', 'direct'],
		["$type: copy_file_range", 'copy-file-range', @src, '--dst', "$fs{$type}/range",
			'--mode', 'reflink'],
		["$type: FICLONE", 'clone', @src, '--dst', "$fs{$type}/clone"],
		["$type: FICLONE, not of whole blocks", 'clone', @odd, '--dst', "$fs{$type}/clone2"],
	);
	is(told_of($report, 'extents-shared'), 2 * $bytes + 1_000_001, 'a finding tells of clones');
	is(told_of($report, 'direct-io-fallback'), 0, 'no direct I/O falls back');
}

# Files without checksums, which the folder's attribute makes them.
my $plain = "$fs{btrfs}/plain";
mkdir $plain;
is(system('chattr', '+C', $plain), 0, 'files without checksums');

my @buffered = ('--mode', 'buffered');
my $report = check_all(
	['xfs: direct write', 'direct-write', '--to', 'file', '--dst', "$fs{xfs}/direct"],
	['xfs: direct read, direct write', 'direct-copy', '--src', $src{xfs}, '--to', 'file', '--dst',
		"$fs{xfs}/direct"],
	['xfs: sendfile to a direct file', 'sendfile', '--src', $src{xfs}, '--to', 'file', '--dst',
		"$fs{xfs}/direct", '--mode', 'direct-write'],
	['ext4: sendfile to a direct file', 'sendfile', '--src', prepare("$dir/src"), '--to', 'file',
		'--dst', "$dir/direct", '--mode', 'direct-write'],
	['btrfs: direct write', 'direct-write', '--to', 'file', '--dst', "$plain/direct"],
	['btrfs: direct write, not aligned', 'direct-write', '--to', 'file', '--dst',
		"$plain/buffered", @buffered],
	['btrfs: direct read, not aligned', 'direct-read', '--src', $src{btrfs}, @buffered],
	['copy_file_range between file systems', 'copy-refused', '--src', $src{xfs}, '--dst',
		"$fs{btrfs}/across"],
	['sendfile between file systems', 'sendfile', '--src', $src{xfs}, '--to', 'file', '--dst',
		"$fs{btrfs}/across2"],
);
is(told_of($report, 'direct-io-fallback'), 2 * $bytes, 'a finding tells of what falls back');
is(told_of($report, 'copy-range-refused'), $bytes, 'a finding tells of what is refused');
is(told_of($report, 'file-copy-by-cpu'), $bytes, 'and of what sendfile copies');

# Newer kernels take O_DIRECT for files in memory.
my $memory = prepare(memory_dir() . '/src');
SKIP: {
	sysopen(my $in, $memory, O_RDONLY | O_DIRECT) or skip 'no O_DIRECT in memory', 1;
	check_all(['tmpfs: direct read', 'direct-read', '--src', $memory, @buffered]);
}
done_testing();
