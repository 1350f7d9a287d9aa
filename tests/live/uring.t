#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# io_uring: the operation is the request, whoever runs it: the submitter, a
# worker, or the thread that polls the queue (SQPOLL).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'the derived tier does not see requests' unless measured();

my $bytes = 2_000_003;
my $reads = int(($bytes + 65535) / 65536);
my $src = prepare("$dir/src", $bytes);
my @src = ('--src', $src, '--bytes', $bytes);
my @memory = ('--bytes', $bytes);
my @file = ('--to', 'file', '--dst', "$dir/dst");
my @tcp = ('--to', 'tcp', '--receive', 'uring-recv');

sub codes { return join ' ', map { $_->{code} } @{$_[0]{findings}} }

# The mode switches of calls, not of faults, of the one transfer from the source.
sub switches_of_calls
{
	my ($report, $pid) = @_;
	my ($t, $more) = grep { $_->{process}{pid} == $pid && ($_->{from}{path} // '') eq $src }
		@{$report->{transfers}};

	ok($t && !$more, 'one transfer from the source') or return -1;
	return $t->{mode_switches} - 2 * ($t->{page_faults}{minor} + $t->{page_faults}{major});
}

for my $ring ('inline', 'async', 'sqpoll,files') {
	my @ring = ('--ring', $ring);

	check_all(
		["$ring: read, cold", 'relay', @src, '--read', 'uring-read', '--cold', @ring],
		["$ring: readv, writev to a file", 'relay', @src, @file, '--read', 'uring-readv',
			'--write', 'uring-writev', @ring],
		["$ring: read and send, recv", 'relay', @src, @tcp, '--read', 'uring-read',
			'--write', 'uring-send', @ring],
		["$ring: memory by sendmsg, recvmsg", 'source', @memory, '--to', 'unix', '--write',
			'uring-sendmsg', '--receive', 'uring-recvmsg', @ring],
		["$ring: read and write to a pipe, read", 'relay', @src, '--to', 'pipe', '--read',
			'uring-read', '--write', 'uring-write', '--receive', 'uring-read', @ring],
		["$ring: fixed buffers, file to file", 'relay', @src, @file, '--read',
			'uring-read-fixed', '--write', 'uring-write-fixed', @ring],
		["$ring: fixed buffers, file to tcp", 'relay', @src, '--to', 'tcp', '--read',
			'uring-read-fixed', '--write', 'uring-write-fixed', '--receive',
			'uring-read-fixed', @ring],
		["$ring: splice to tcp", 'splice', @src, @tcp, @ring],
		["$ring: splice to a file", 'splice', @src, @file, @ring],
		["$ring: send_zc", 'zerocopy', @memory, '--to', 'tcp', '--write', 'uring-send-zc', @ring],
		["$ring: send_zc, fixed buffer", 'zerocopy', @memory, '--to', 'tcp', '--write',
			'uring-send-zc-fixed', @ring],
	);
}

# Registered files do not matter to the counts, nor who enters the kernel to the switches.
my ($report, @truth) = trace(
	['relay', @src, '--read', 'uring-read', '--ring', 'inline,files'],
	['relay', @src, '--read', 'uring-read', '--ring', 'async'],
	['relay', @src, '--read', 'uring-read', '--ring', 'sqpoll'],
);
is($truth[$_]{flows}[1]{calls}{'io_uring:read'}, $reads, 'as many requests as pieces') for 0 .. 2;
is(switches_of_calls($report, $truth[$_]{pid}), 2 * $reads, 'a request is entered and left')
	for 0, 1;
cmp_ok(switches_of_calls($report, $truth[2]{pid}), '<', $reads, 'a polled queue is not');

SKIP: {
	skip 'the NIC is one of the virtual machine', 1 unless in_guest();
	nic_up();
	my @to = ('--to', 'tcp:10.0.3.100:7000', @memory);

	($report, @truth) = trace(map { ['zerocopy', @to, '--write', $_] }
		'uring-send-zc', 'uring-send-zc-fixed');
	check_audit($report);
	check_lost($report);
	for my $truth (@truth) {
		my ($flow) = grep { $_->{to}{kind} eq 'tcp' } @{$truth->{flows}};
		my ($t, $more) = find_transfers($report, $flow);
		my $hops = hops_of($t);

		ok($t && !$more, 'by a card: one transfer') or next;
		cmp_ok(delete $hops->{'socket_buffer>nic dma'} // 0, '>=', $bytes,
			'the card fetched it');
		same($hops, $flow->{hops}, 'all is pinned, nothing copied, as the kernel says');
		same(calls_of($t), $flow->{calls}, 'the requests');
		is($t->{verdict}, 'zero-copy', 'so says the verdict');
		is(codes($t), '', 'and no finding');
	}
}

SKIP: {
	my $switch = '/proc/sys/kernel/io_uring_disabled';
	skip 'this kernel cannot turn it off', 1 unless in_guest() && -e $switch;
	write_file($switch, '2');
	my $said = `$workload relay --src $src --read uring-read 2>&1`;
	like($said, qr/io_uring.*io_uring_disabled/, 'the workload says that it is turned off');
	write_file($switch, '0');
}
done_testing();
