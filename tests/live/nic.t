#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What a NIC fetches by DMA belongs to the socket; a veth pair does no DMA.
# tests/vm/run gives the guest a NIC that gathers, with a sink behind it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use IO::Socket::INET;
use Test::More;

plan skip_all => 'the NIC is one of the virtual machine' unless in_guest();

my $bytes = 8 << 20;
my $src = prepare("$dir/src", $bytes);

sub ip { system('ip', @_) == 0 or BAIL_OUT("ip @_ failed") }

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

# The other end of a veth pair, in a namespace of its own.
ip('netns', 'add', 'there');
ip('link', 'add', 'here0', 'type', 'veth', 'peer', 'name', 'there0', 'netns', 'there');
ip('address', 'add', '10.9.0.1/24', 'dev', 'here0');
ip('link', 'set', 'here0', 'up');
ip('-n', 'there', 'address', 'add', '10.9.0.2/24', 'dev', 'there0');
ip('-n', 'there', 'link', 'set', 'there0', 'up');
my $sink = open my $ready, '-|', 'ip', 'netns', 'exec', 'there', $^X, '-MIO::Socket::INET', '-e',
	'$l = IO::Socket::INET->new(Listen => 5, LocalAddr => "10.9.0.2:7000") or die;
	$| = 1; print "ready\n";
	while ($c = $l->accept) { 1 while sysread $c, $b, 65536; close $c }';
is(scalar <$ready>, "ready\n", 'a sink in another namespace');
check($_, '10.9.0.2:7000', 0) for 'read', 'sendfile';
kill 'KILL', $sink;
done_testing();
