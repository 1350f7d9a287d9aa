#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What a NIC fetches by DMA belongs to the socket; a veth pair does no DMA.
# tests/vm/run gives the guest a NIC that gathers, with a sink behind it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'the NIC is one of the virtual machine' unless in_guest();

my $bytes = 8 << 20;
my $src = prepare("$dir/src", $bytes);

# Sends the file to an address and waits until the other end has it all.
my $sender = <<'END';
use IO::Socket::INET;
my ($how, $path, $address) = @ARGV;
my $s = IO::Socket::INET->new(PeerAddr => $address) or die "$address: $!";
open my $f, '<', $path or die;
if ($how eq 'sendfile') {
	1 while syscall(40, fileno $s, fileno $f, 0, 1 << 20) > 0;
} else {
	while (my $n = sysread $f, my $buffer, 65536) {
		my $at = 0;
		$at += syswrite $s, $buffer, $n - $at, $at while $at < $n;
	}
}
shutdown $s, 1;
sysread $s, my $end, 1;
END

sub check
{
	my ($how, $address, $dma) = @_;
	my ($report) = path_json(['--from', "file:$src", '--to', 'tcp'], $^X, '-e', $sender, $how,
		$src, $address);
	my ($t, $more) = @{$report->{transfers}};
	my $name = "$how to $address";
	my %hops = map { ("$_->{from}>$_->{to} $_->{how}" => $_) } @{$t->{hops}};
	my $nic = $hops{'socket_buffer>nic dma'};

	ok($t && !$more, "$name: one transfer") or return;
	is($t->{to}{peer}, $address, "$name: to where it went");
	is($t->{delivered_bytes}, $bytes, "$name: delivered");
	is($t->{cpu_copied_bytes}, $how eq 'sendfile' ? 0 : 2 * $bytes, "$name: copied");
	if (!$dma) {
		is($nic, undef, "$name: no DMA");
		return;
	}
	# TCP may send a few packets again.
	cmp_ok($nic->{bytes} // 0, '>=', $bytes, "$name: DMA of all bytes");
	cmp_ok($nic->{bytes} // 0, '<=', $bytes * 1.05, "$name: and of no headers");
	is($nic->{provenance}, 'measured', "$name: DMA is measured");
}

nic_up();
check($_, '10.0.3.100:7000', 1) for 'read', 'sendfile';

# End to end without a copy, through a pipe, too.
for my $run (['sendfile', '--src', $src], ['splice', '--src', $src], ['vmsplice'],
	['vmsplice', '--mode', 'gift']) {
	my ($how, @more) = @$run;
	my ($report, $truth) = trace([$how, '--to', 'tcp:10.0.3.100:7000', @more]);
	my $name = join ' ', $how, (grep { $_ eq 'gift' } @more), 'by the card';
	my ($flow) = grep { $_->{to}{kind} eq 'tcp' } @{$truth->{flows}};
	my ($t, $other) = find_transfers($report, $flow);

	check_lost($report);
	check_audit($report);
	ok($t && !$other, "$name: one transfer") or next;
	my $hops = hops_of($t);
	is($flow->{delivered_bytes}, $bytes, "$name: all bytes");
	cmp_ok(delete $hops->{'socket_buffer>nic dma'} // 0, '>=', $bytes,
		"$name: the card fetched them");
	same($hops, $flow->{hops}, "$name: and nothing but references led there");
	unlike(join(' ', keys %$hops), qr/ copy/, "$name: no hop is a copy");
	is($t->{cpu_copied_bytes}, 0, "$name: no byte is copied");
	is($t->{verdict}, 'zero-copy', "$name: so says the verdict");
	tell_measured($report, $truth, [$t], $name);
}

# MSG_ZEROCOPY over UDP, to the BOOTP server of QEMU's network, which throws away what is none.
{
	my $bytes = 200 * 1400;
	my ($report, $truth) = trace(['zerocopy', '--to', 'udp:10.0.3.2:67', '--bytes', $bytes,
		'--chunk', 1400]);
	my ($flow) = grep { $_->{to}{kind} eq 'udp' } @{$truth->{flows}};
	my ($t, $other) = find_transfers($report, $flow);

	check_lost($report);
	check_audit($report);
	ok($t && !$other, 'zerocopy over UDP by the card: one transfer');
	is($flow->{hops}{'socket_buffer>socket_buffer copy'}, undef, 'the kernel says that it copied nothing');
	same(hops_of($t), { 'user_buffer>socket_buffer reference' => $bytes,
		'socket_buffer>nic dma' => $bytes }, 'all is pinned, and the card fetched it');
	same(calls_of($t), { sendto => 200 }, 'by as many calls as datagrams');
	is($t->{verdict}, 'zero-copy', 'so says the verdict');
	is(join(' ', map { $_->{code} } @{$t->{findings}}), 'small-operations', 'and that is no fallback');
	tell_measured($report, $truth, [$t], 'zerocopy over UDP by the card');
}

# The other end of a veth pair does no DMA.
my $far = veth_up('here0', 9);
check($_, "$far:7000", 0) for 'read', 'sendfile';
done_testing();
