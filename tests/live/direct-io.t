#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Files read and written past the page cache, by O_DIRECT.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'the derived tier does not see O_DIRECT' unless measured();

my $src = prepare("$dir/src");
my $odd = prepare("$dir/odd", 1_000_001);
my @to = ('--to', 'file', '--dst', "$dir/dst");

check_all(
	(map { ["$_, direct", 'direct-read', '--src', $src, '--read', $_] }
		qw(read pread readv)),
	['direct read, to tcp', 'direct-read', '--src', $src, '--to', 'tcp', '--write', 'send'],
	['direct read, to a pipe', 'direct-read', '--src', $src, '--to', 'pipe'],
	['direct read, to a file', 'direct-read', '--src', $src, @to],
	['direct read, not of whole blocks', 'direct-read', '--src', $odd, '--bytes', 1_000_001,
		'--to', 'tcp'],
	(map { ["$_, direct", 'direct-write', @to, '--write', $_] } qw(write pwrite pwritev)),
	['direct read, to tcp, by shared memory', 'direct-read', '--src', $src, '--to', 'tcp',
		'--mode', 'shared'],
	['direct write, from shared memory', 'direct-write', @to, '--mode', 'shared'],
	['read, direct write', 'direct-write', '--src', $src, @to],
	['direct read, direct write', 'direct-copy', '--src', $src, @to],
);
done_testing();
