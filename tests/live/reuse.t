#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Memory that is used again: what is certain of it, what is only possible.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

use Cpanel::JSON::XS;

my $src = prepare("$dir/src", 1 << 20);

# Reads and writes with one buffer at one place, which the script must not move.
my $start = 'use strict; my $b = "x" x 262144; my ($n, @out); open my $in, "<:raw", shift or die; ' .
	'for (@ARGV) { open my $o, ">:raw", $_ or die; push @out, $o } ' .
	'sub fill { sysread($in, $b, $_[1], $_[0]) == $_[1] or die } ' .
	'sub give { syswrite($out[$_[0]], $b, $_[2], $_[1]) == $_[2] or die } ' .
	'sub make { substr($b, $_[0], $_[1], "y" x $_[1]) } ';

# What went from the source and from memory to each of @$to: [certain, possible, memory].
sub run_script
{
	my ($script, @to) = @_;
	my ($report, $ran) = path_json([], $^X, '-e', $start . $script, $src, @to);
	my @sent;

	is($ran->{status}, 0, 'it runs to its end') or diag($ran->{err});
	check_schema($report, 'report.schema.json', 'the report');
	check_sources($report);
	is($report->{lost}{buffers}, 0, 'no link is lost');
	for my $to (@to) {
		my ($certain, $possible, $memory) = (0, 0, 0);

		for my $transfer (grep { ($_->{to}{path} // '') eq $to } @{$report->{transfers}}) {
			my ($from, $bytes) = @{$transfer}{qw(from delivered_bytes)};

			$certain += $bytes if ($from->{path} // '') eq $src;
			next unless $from->{kind} eq 'memory';
			$memory += $bytes;
			$possible += $_->{bytes} for grep { $_->{path} eq $src } @{$from->{may_be_from} // []};
		}
		push @sent, "$certain $possible $memory";
	}
	return join ', ', @sent;
}

my ($a, $b) = ("$dir/a", "$dir/b");

is(run_script('fill(0, 65536); for (1 .. 128) { make(0, 65536) if $_ > 1; give(0, 0, 65536) }', $a),
	'65536 8323072 8323072', 'memory that is sent again and again is its own');
is(run_script('fill(0, 65536); give($_, 0, 65536) for 0, 1', $a, $b),
	'65536 0 0, 65536 0 0', 'the very same range to two files is certain for both');
is(run_script('for (1 .. 8) { fill(0, 65536); give($_, 0, 65536) for 0, 1, 0 }', $a, $b),
	'524288 524288 524288, 524288 0 0', 'for each of them once');
is(run_script('fill(0, 65536); give(0, 0, 65536); give(1, 0, 1000)', $a, $b),
	'65536 0 0, 0 1000 1000', 'a part of it is not');
is(run_script('fill(0, 65536); give(0, 0, 16384); give(0, 16384, 49152)', $a),
	'65536 0 0', 'a write in two parts is certain');
is(run_script('fill(0, 65536); give(0, 32768, 32768); give(0, 0, 32768); give(0, 0, 65536)', $a),
	'65536 65536 65536', 'in any order');
is(run_script('fill(0, 65536); fill(0, 1000); make(1000, 64536); give(0, 0, 65536)', $a),
	'1000 64536 64536', 'what another read put new bytes over the head of was given up');
is(run_script('fill(0, 65536); fill(64536, 1000); give(0, 0, 65536)', $a),
	'65536 0 0', 'a head that another read left alone stays certain');
is(run_script('fill(0, 4096); fill(4096, 4096); give(0, 0, 8192)', $a),
	'8192 0 0', 'two reads, one after the other in memory, and one write');
is(run_script('for (0 .. 511) { fill($_ * 128, 100) } give(0, $_ * 128, 100) for 0 .. 511', $a),
	'51200 0 0', 'a slab of small messages');
is(run_script('for (1 .. 4) { fill(0, 100); fill(100, 100); give(0, 100, 100); give(1, 0, 100) }', $a, $b),
	'400 0 0, 400 0 0', 'body and header, to places of their own');

# A client in Python that sends a file once, and then what it makes in the same memory,
# and in memory that Python had for the sources of modules.
write_file("$dir/client.py", <<'END');
import http.client, json, os, random, socket, sys, urllib.parse
size, times = os.path.getsize(sys.argv[1]), 100
listener = socket.create_server(("127.0.0.1", 0))
child = os.fork()
if not child:
    connection, got = listener.accept()[0], 0
    while part := connection.recv(1 << 16):
        got += len(part)
    print(got)
    sys.stdout.flush()
    os._exit(0)
to, memory = socket.create_connection(listener.getsockname()), bytearray(size)
with open(sys.argv[1], "rb", 0) as file:
    file.readinto(memory)
to.sendall(memory)
for i in range(times):
    memory[:] = bytes([i]) * size
    to.sendall(memory)
for i in range(times):
    to.sendall(b"%4d" % i * 1000)
to.close()
os.waitpid(child, 0)
END
my $small = prepare("$dir/small", 45_000);
my ($report, $ran) = path_json([], '/usr/bin/python3', "$dir/client.py", $small);
my ($got) = $ran->{out} =~ /^(\d+)$/;
my @sent = grep { $_->{to}{kind} eq 'tcp' } @{$report->{transfers}};
my @made = grep { $_->{from}{kind} eq 'memory' } @sent;
my %from;

is($ran->{status}, 0, 'Python: it ends well') or diag($ran->{err});
is($got, 45_000 * 101 + 4000 * 100, 'Python: the server got all');
is(sum(map { $_->{delivered_bytes} } @sent), $got, 'Python: as much was sent');
$from{$_->{from}{path} // $_->{from}{kind}} += $_->{delivered_bytes} for @sent;
is($from{$small}, 45_000, 'Python: the file was sent once');
check_sources($report);
my $others = sum(0, map { $from{$_} } grep { $_ ne $small && $_ ne 'memory' } keys %from);
is($from{memory} + $others, 45_000 * 100 + 4000 * 100, 'Python: the rest it made');
cmp_ok($others, '<=', 4000 * 100, 'Python: of the buffer nothing is from another file');
is(sum(0, map { $_->{bytes} } grep { $_->{path} eq $small } map { @{$_->{from}{may_be_from} // []} } @made),
	45_000 * 100, 'Python: what was made where the file had been may be from it');
is(join(' ', grep { $_ ne 'derived' } map { $_->{code} } map { @{$_->{findings}} } @made), '',
	'Python: no advice is drawn from that');

# A slab of buffers, one for each of 64 connections, whose messages go back or to the next.
for my $mode (qw(back next)) {
	my ($slabs, $ran) = path_json([], $workload, 'slab', '--count', 8, '--mode', $mode);
	my $truth = eval { Cpanel::JSON::XS->new->decode($ran->{out}) } or BAIL_OUT("slab: $ran->{err}");
	my @ports = @{$truth->{ports}};
	my (%want, %sent);

	$want{"$ports[$_] to $ports[($_ + $truth->{step}) % @ports]"} = $truth->{bytes} for 0 .. $#ports;
	for my $transfer (grep { $_->{process}{pid} == $truth->{pid} && $_->{to}{kind} eq 'tcp' }
		@{$slabs->{transfers}}) {
		my ($from, $to) = map { ($_->{peer} // $_->{kind}) =~ s/.*://r } @{$transfer}{qw(from to)};

		$sent{"$from to $to"} += $transfer->{delivered_bytes};
	}
	is_deeply(\%sent, \%want, "slab, $mode: each message is from its connection");
	is($slabs->{lost}{buffers}, 0, "slab, $mode: no link is lost");
}
done_testing();
