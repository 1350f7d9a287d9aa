#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Vectors over registered buffers: the kernel hands pages to its routines, as in a
# splice, and they are memory of the process all the same.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use FileSystem;
use Test::More;

plan skip_all => 'the derived tier does not see requests' unless measured();

my $bytes = 2_000_003;
my $src = prepare("$dir/src", $bytes);
my @src = ('--src', $src, '--bytes', $bytes);
my @file = ('--to', 'file', '--dst', "$dir/dst");
my @tcp = ('--to', 'tcp', '--receive', 'uring-recv');
my @blocks = ('--bytes', 30 << 16);

# sendmsg_zc is older, its registered buffers are not.
check_all(['sendmsg_zc', 'zerocopy', '--bytes', $bytes, @tcp, '--write', 'uring-sendmsg-zc'])
	if kernel_version() >= 6001;

if (kernel_version() < 6015) {
	my $said = `$workload relay @src --read uring-readv-fixed 2>&1`;

	like($said, qr/Invalid argument/, 'older kernels refuse readv_fixed');
	done_testing();
	exit;
}

my @vectors = ('--read', 'uring-readv-fixed', '--write', 'uring-writev-fixed');
my %paths = (
	'file to file' => ['relay', @src, @file, @vectors],
	'file to file, cold' => ['relay', @src, @file, @vectors, '--cold'],
	'file to tcp' => ['relay', @src, '--to', 'tcp', @vectors, '--receive', 'uring-readv-fixed'],
	'file to a pipe' => ['relay', @src, '--to', 'pipe', @vectors, '--receive',
		'uring-readv-fixed'],
	'read, and send' => ['relay', @src, @tcp, '--read', 'uring-readv-fixed', '--write',
		'uring-send'],
	'sendmsg_zc' => ['zerocopy', '--bytes', $bytes, @tcp, '--write', 'uring-sendmsg-zc-fixed'],
);

check_all(
	(map { ["inline: $_", @{$paths{$_}}, '--ring', 'inline'] } sort keys %paths),
	(map { ["async: $_", @{$paths{$_}}, '--ring', 'async'] } 'file to file', 'sendmsg_zc'),
);

# By O_DIRECT, and by buffers with gaps: all is counted, and whose bytes a write carries is
# not known.
sub unresolved
{
	my ($what, $hop, @workload) = @_;
	my ($report, @truth) = trace([@workload]);
	my ($to) = map { $_->{to} } grep { ($_->{to}{path_hex} // '') =~ /647374$/ }
		@{$truth[0]{flows}};
	my @found = grep { ($_->{to}{ino} // 0) == $to->{ino} && $_->{delivered_bytes} }
		@{$report->{transfers}};

	check_lost($report);
	check_audit($report);
	is(scalar @found, 1, "$what: one transfer to the file") or return;
	my ($t) = @found;
	my ($moved) = map { $_->{delivered_bytes} } grep { $_->{to}{kind} eq 'file' }
		@{$truth[0]{flows}};
	my $hops = hops_of($t);

	delete $hops->{'page_cache>disk dma'};
	is($t->{from}{kind}, 'memory', "$what: from memory");
	ok(exists $t->{from}{resolved} && !$t->{from}{resolved}, "$what: nobody knows whose");
	same($hops, { $hop => $moved }, "$what: how it was written");
	is($t->{delivered_bytes}, $moved, "$what: how much");
	ok(scalar(grep { $_->{code} eq 'unresolved-source' } @{$t->{findings}}),
		"$what: the finding");
	my ($read) = grep { ($_->{from}{path} // '') eq $src } @{$report->{transfers}};
	is($read->{delivered_bytes}, $moved, "$what: what was read") if $read;
}

unresolved('with gaps', 'user_buffer>page_cache copy', 'relay', @src, @file, '--read',
	'uring-readv-scattered', '--write', 'uring-writev-scattered');
unresolved('O_DIRECT', 'user_buffer>disk dma', 'direct-copy', @src, @blocks, @file, @vectors);
done_testing();
