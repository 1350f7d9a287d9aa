#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Kernel TLS in software: what is encrypted and decrypted is transformed, not
# copied, but for what the kernel copies before or after it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'the derived tier does not see kernel TLS' unless measured();
plan skip_all => 'the module is loaded in the virtual machine' unless in_guest();

sub codes { return join ' ', sort map { $_->{code} } @{$_[0]{findings}} }

# Before the module is there, its routines have no hooks: that must be said.
my $src = prepare("$dir/src");
{
	# Another test may have needed it.
	system('rmmod tls 2>/dev/null');
	BAIL_OUT('the module tls cannot be unloaded') if -e '/sys/module/tls';
	my ($report) = path_json(['--from', "file:$src"], $workload, 'tls-sendfile', '--src', $src);
	my ($t) = @{$report->{transfers}};

	is(codes($report), 'kernel-tls-unseen', 'without hooks: the report says so');
	is($t->{delivered_bytes}, 8 << 20, 'without hooks: sendfile is seen');
	is($t->{verdict}, 'unknown', 'without hooks: what it made of the bytes is not');
}

my @bytes = ('--bytes', 2_000_001, '--chunk', 40_000);
my $report = check_all(
	(map { (
		["$_: send", 'tls-send', '--mode', $_],
		["$_: odd sizes", 'tls-send', '--mode', $_, @bytes],
		["$_: read, send", 'tls-send', '--mode', $_, '--src', $src],
		["$_: sendfile", 'tls-sendfile', '--mode', $_, '--src', $src],
		["$_: sendfile, cold", 'tls-sendfile', '--mode', $_, '--src', $src, '--cold'],
		["$_: sendfile, odd sizes", 'tls-sendfile', '--mode', $_, '--src', $src, @bytes],
		["$_: sends of parts of records", 'tls-send', '--mode', "$_ more", @bytes],
		["$_: receives of parts of records", 'tls-send', '--mode', "$_ small", @bytes],
		["$_: peek", 'tls-send', '--mode', "$_ peek", @bytes],
		["$_: received by splice", 'tls-sendfile', '--mode', $_, '--src', $src,
			'--receive', 'splice', @bytes],
	) } '1.2', '1.3'),
	['1.3 without padding', 'tls-send', '--mode', '1.3 nopad', @bytes],
	(map { (
		["$_: io_uring, fixed buffer", 'tls-send', '--mode', $_, '--write', 'uring-write-fixed', @bytes],
		["$_: io_uring, fixed buffer, of a file", 'tls-send', '--mode', $_, '--src', $src,
			'--read', 'uring-read-fixed', '--write', 'uring-write-fixed'],
	) } '1.2', '1.3'),
	['1.2: io_uring', 'tls-send', '--mode', '1.2', '--write', 'uring-send', @bytes],
	['1.2: from a mapping', 'tls-mapped', '--src', $src],
);
# A receive buffer without room for a record: each is copied together, whole.
{
	my $rmem = '/proc/sys/net/ipv4/tcp_rmem';
	my $before = read_file($rmem);

	write_file($rmem, "4096 8192 8192");
	my ($tight, @truth) = trace(map {
		['tls-tight', '--mode', $_, '--bytes', 16384 * 40, '--chunk', 16384 * 4]
	} '1.2', '1.3');
	write_file($rmem, $before);
	check_audit($tight);
	check_lost($tight);
	check_report($tight, $truth[$_], ('1.2', '1.3')[$_] . ': no room for a record') for 0 .. 1;
	for my $truth (@truth) {
		my ($flow) = grep { $_->{from}{kind} eq 'tcp' } @{$truth->{flows}};
		my ($t) = find_transfers($tight, $flow);
		my $name = 'socket_buffer>socket_buffer copy';

		is(hops_of($t)->{$name}, $flow->{hops}{$name}, 'each record is copied once');
		like(codes($t), qr/records-gathered/, 'and the finding says so');
	}
}
for my $t (@{$report->{transfers}}) {
	my @transformed = grep { $_->{how} eq 'transform' } @{$t->{hops}};

	is(!!(codes($t) =~ /\btransformed\b/), !!@transformed, 'the finding says what was transformed')
		or diag(Cpanel::JSON::XS->new->canonical->encode($t));
}
done_testing();
