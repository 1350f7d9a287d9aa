#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Block devices read and written past the page cache, by O_DIRECT.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'the derived tier does not see O_DIRECT' unless measured();
plan skip_all => 'the disks are those of the virtual machine' unless in_guest();

my ($disk, $other) = qw(/dev/vdb /dev/vdc);
-b or BAIL_OUT("the machine has no $_: is this tests/vm/run?") for $disk, $other;
prepare($disk);
my $src = prepare("$dir/src");
my @from = ('--src', $disk);
my @to = ('--to', 'file', '--dst', $other);
my @large = ('--chunk', 4 << 20); # more pages than a bio takes

check_all(
	(map { ["$_, direct", 'direct-read', @from, '--read', $_] }
		qw(read pread readv uring-read uring-read-fixed aio-pread aio-preadv)),
	(map { ["direct $_, to tcp", 'direct-read', @from, '--to', 'tcp', '--read', $_] }
		qw(read uring-read uring-read-fixed aio-pread)),
	(map { ["$_, direct", 'direct-write', @to, '--write', $_] }
		qw(write pwrite pwritev uring-write uring-write-fixed aio-pwrite aio-pwritev)),
	['a file, direct write', 'direct-write', '--src', $src, @to],
	['direct read, to a file', 'direct-read', @from, '--to', 'file', '--dst', "$dir/dst"],
	['device to device', 'direct-copy', @from, @to],
	['device to device, large', 'direct-copy', @from, @to, @large],
	['device to device, io_uring, large', 'direct-copy', @from, @to, @large, '--read', 'uring-read',
		'--write', 'uring-write'],
	['device to device, libaio, large', 'direct-copy', @from, @to, @large, '--read', 'aio-pread',
		'--write', 'aio-pwrite'],
	['device to device, libaio, many', 'aio-many', @from, '--dst', $other],
	['device to tcp, sendfile', 'sendfile', @from, '--to', 'tcp', '--mode', 'direct'],
	['device to tcp, splice', 'splice', @from, '--to', 'tcp', '--mode', 'direct'],
	['file to device, sendfile', 'sendfile', '--src', $src, @to, '--mode', 'direct-write'],
);
done_testing();
