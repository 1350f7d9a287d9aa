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
my @blocks = ('--bytes', 30 << 16); # whole ones, as O_DIRECT writes them
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

my @relay = ('relay', @src);
my %paths = (
	'read, cold' => [@relay, '--cold', '--read', 'uring-read'],
	'readv, writev to a file' => [@relay, @file, '--read', 'uring-readv', '--write', 'uring-writev'],
	'read and send, recv' => [@relay, @tcp, '--read', 'uring-read', '--write', 'uring-send'],
	'sendmsg, recvmsg' => ['source', @memory, '--to', 'unix', '--write', 'uring-sendmsg',
		'--receive', 'uring-recvmsg'],
	'a pipe' => [@relay, '--to', 'pipe', '--read', 'uring-read', '--write', 'uring-write',
		'--receive', 'uring-read'],
	'fixed buffers, file to file' => [@relay, @file, '--read', 'uring-read-fixed', '--write',
		'uring-write-fixed'],
	'fixed buffers, file to tcp' => [@relay, '--to', 'tcp', '--read', 'uring-read-fixed',
		'--write', 'uring-write-fixed', '--receive', 'uring-read-fixed'],
	'splice to tcp' => ['splice', @src, @tcp],
	'splice to a file' => ['splice', @src, @file],
	'O_DIRECT, file to file' => ['direct-copy', @src, @blocks, @file, '--read', 'uring-read',
		'--write', 'uring-write'],
	'O_DIRECT, fixed buffer, send' => ['direct-read', @src, @tcp, '--read', 'uring-read-fixed',
		'--write', 'uring-send'],
	'O_DIRECT, fixed buffers' => ['direct-copy', @src, @blocks, @file, '--read',
		'uring-read-fixed', '--write', 'uring-write-fixed'],
	'send_zc' => ['zerocopy', @memory, @tcp, '--write', 'uring-send-zc'],
	'send_zc, fixed buffer' => ['zerocopy', @memory, @tcp, '--write', 'uring-send-zc-fixed'],
);

# All of them, then one of each kind: a guest is slow.
my @copies = grep { $paths{$_}[0] eq 'direct-copy' } sort keys %paths;

check_all(
	(map { ["inline: $_", @{$paths{$_}}, '--ring', 'inline'] }
		grep { $paths{$_}[0] ne 'direct-copy' } sort keys %paths),
	(map { ["async: $_", @{$paths{$_}}, '--ring', 'async'] } 'read, cold',
		'read and send, recv', 'a pipe', 'send_zc'),
	(map { ["sqpoll, files: $_", @{$paths{$_}}, '--ring', 'sqpoll,files'] }
		'read and send, recv', 'fixed buffers, file to tcp', 'splice to tcp',
		'O_DIRECT, fixed buffer, send',
		'send_zc, fixed buffer'),
);

# The file system has workers queue what it writes to new blocks.
check_all_overtaking(
	(map { ["inline: $_", @{$paths{$_}}, '--ring', 'inline'] } @copies),
	['async: O_DIRECT, file to file', @{$paths{'O_DIRECT, file to file'}}, '--ring', 'async'],
);

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
	for my $how ('send_zc', 'send_zc, fixed buffer') {
		my $truth = shift @truth;
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
		tell_measured($report, $truth, [$t], "$how by the card");
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
