#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# A server's connections, one after the other: the kernel gives a new one the memory of one
# that is gone, and all have the listener's port. What is copied after the call, in packets
# for a device without scatter-gather, belongs to the connection that it was sent by.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'the device is one of tests/vm/run, its hooks are of the measured tier'
	unless measured() && in_guest();

my ($connections, $least, $step) = (64, 1000, 100);
my $later = 'socket_buffer>socket_buffer copy';

# Sends to each client a number of bytes of its own, all at once; when it has them the
# connection is reset: its struct sock is free at once. Says the client's port and the number.
my $server = <<'END';
use IO::Socket::INET;
use Socket qw(:all);
my ($address, $connections, $least, $step) = @ARGV;
my $l = IO::Socket::INET->new(LocalAddr => "$address:7100", Listen => 5, ReuseAddr => 1) or die "$!";
my $said = '';
for my $i (0 .. $connections - 1) {
	my $s = $l->accept or die "accept: $!";
	my $n = $least + $i * $step;
	setsockopt $s, IPPROTO_TCP, TCP_NODELAY, 1;
	syswrite($s, 'x' x $n) == $n or die "send: $!";
	sysread($s, my $byte, 1) == 1 or die "receive: $!";
	$said .= $s->peerport . " $n\n";
	setsockopt $s, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
	close $s;
}
print $said;
END
my $clients = <<'END';
use IO::Socket::INET;
my ($address, $connections, $least, $step) = @ARGV;
for my $i (0 .. $connections - 1) {
	my ($s, $got, $tries) = (undef, 0, 0);
	until ($s = IO::Socket::INET->new(PeerAddr => "$address:7100")) {
		die "no server: $!" if ++$tries > 3000;
		select undef, undef, undef, 0.1;
	}
	while ($got < $least + $i * $step) {
		my $n = sysread $s, my $part, 65536 or die "receive: $!";
		$got += $n;
	}
	syswrite $s, 'x';
	sysread $s, my $end, 1;
}
END
veth_up('near4', 4);
switch_off('near4', 'scatter-gather');

my @numbers = ('10.4.0.1', $connections, $least, $step);
my $far = start('ip', 'netns', 'exec', 'near4far', $^X, '-e', $clients, @numbers);
my ($report, $ran) = path_json(['--to', 'tcp'], $^X, '-e', $server, @numbers);

is($ran->{status}, 0, 'the server ended well') or diag($ran->{err});
is(stop($far), 0, 'and so did its clients') or diag(read_file($far->{err}));
check_lost($report);
my %want = map { split } split /\n/, $ran->{out};
my (%sent, @less);

is(scalar keys %want, $connections, 'each connection had a port of its own');
for my $transfer (@{$report->{transfers}}) {
	my ($port) = $transfer->{to}{peer} =~ /:(\d+)$/;
	my $copied = hops_of($transfer)->{$later} // 0;

	$sent{$port} += $transfer->{delivered_bytes};
	push @less, "$copied of $transfer->{delivered_bytes}" if $copied < $transfer->{delivered_bytes};
}
same(\%sent, \%want, 'each connection was sent its bytes');
is(join(', ', @less), '', 'and all of them were copied into packets of its own');
done_testing();
