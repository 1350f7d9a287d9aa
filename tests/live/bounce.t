#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# O_DIRECT writes of data that is checksummed, as btrfs does by default: through pages of
# the kernel since Linux 7.0, which the CPU fills, and through the page cache before.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use FileSystem;
use Test::More;

plan skip_all => 'other file systems are on the disks of tests/vm/run'
	unless measured() && in_guest();
plan skip_all => 'this kernel writes what is checksummed as it is' if kernel_version() < 6012;

my $bytes = 8 << 20;
my $bounces = kernel_version() >= 7000;
my $btrfs = make_fs('btrfs');
my $src = prepare("$btrfs/src");
my @to = ('--to', 'file', '--dst', "$btrfs/dst");
my @how = ('--mode', $bounces ? 'bounced' : 'checksummed');
my ($told, $other) = qw(direct-io-bounced direct-io-fallback);

($told, $other) = ($other, $told) unless $bounces;
my $report = check_all(
	(map { ["direct write, checksummed, $_", 'direct-write', @to, @how, '--write', $_] }
		qw(write pwrite pwritev)),
	['read, and direct write', 'direct-write', '--src', $src, @to, @how],
	['direct write by io_uring', 'direct-write', @to, @how, '--write', 'uring-write'],
);
is(told_of($report, $told), 5 * $bytes, "a finding tells of it: $told");
is(told_of($report, $other), 0, "and not $other");

# From page cache to pipe by reference, and from there by a bounce buffer.
SKIP: {
	skip 'the page cache takes it', 4 unless $bounces;
	($report) = path_json(['--from', "file:$src"], $^X, '-MFcntl', '-e', <<'END', $src, "$btrfs/spliced");
		sysopen my $in, $ARGV[0], O_RDONLY or die;
		sysopen my $out, $ARGV[1], O_WRONLY | O_CREAT | O_TRUNC | 040000 or die;
		1 while syscall(40, fileno $out, fileno $in, 0, 1 << 20) > 0;
END
	my ($t) = grep { $_->{to}{kind} eq 'file' } @{$report->{transfers}};
	my $hops = hops_of($t);

	is($t->{delivered_bytes}, $bytes, 'sendfile: all is delivered');
	is($hops->{'pipe_buffer>bounce_buffer copy'}, $bytes, 'sendfile: copied once');
	is($hops->{'bounce_buffer>disk dma'}, $bytes, 'sendfile: and from there by DMA');
	is($t->{verdict}, 'copied', 'sendfile: which is the verdict');
}
done_testing();
