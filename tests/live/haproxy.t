#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# HAProxy between several clients and two back ends. Its log tells which client
# got how many bytes from which connection to a back end; the bytes of two
# connections that the log does not pair never met, whatever memory they shared.
# What nobody can tell from outside is that HAProxy built a header or a record over
# bytes that it read and has not sent: they pass for those that it read, so far as
# one of its buffers goes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

use Servers;

my $haproxy = find_program('haproxy');
my %port = map { ($_ => free_port()) } qw(one two web spliced secure);
my %size = (big => (3 << 20) + 13, small => 700);
my $buffer = 16384; # HAProxy's tune.bufsize
my @fronts = qw(web secure spliced);
my $origin = origin_start(@port{qw(one two)});

for my $end (qw(one two)) {
	prepare("$dir/$port{$end}/$end$_", $size{$_}) for keys %size;
}

sub haproxy_start
{
	certificate();
	write_file("$dir/both.pem", read_file("$dir/cert.pem") . read_file("$dir/key.pem"));
	my $config = write_file("$dir/haproxy.cfg", <<"END");
global
	log stdout format raw local0
	nbthread 2
	tune.bufsize $buffer
defaults
	mode http
	log global
	log-format "truth %ft %ci:%cp %bi:%bp %si:%sp %B %U"
	timeout connect 60s
	timeout client 120s
	timeout server 120s
frontend web
	bind 127.0.0.1:$port{web}
	use_backend two if { path_beg /two }
	default_backend one
frontend secure
	bind 127.0.0.1:$port{secure} ssl crt $dir/both.pem alpn http/1.1
	use_backend two if { path_beg /two }
	default_backend one
frontend spliced
	mode tcp
	option splice-response
	bind 127.0.0.1:$port{spliced}
	default_backend passed
backend one
	server one 127.0.0.1:$port{one}
backend two
	server two 127.0.0.1:$port{two}
backend passed
	mode tcp
	server two 127.0.0.1:$port{two}
END
	my $p = start($haproxy, '-db', '-f', $config);

	listening('haproxy', $port{$_}) for qw(web spliced secure);
	return $p;
}

sub urls
{
	my ($front, @paths) = @_;
	my $scheme = $front eq 'secure' ? 'https' : 'http';

	return [map { ('-o', '/dev/null', "$scheme://127.0.0.1:$port{$front}/$_") } @paths];
}

# The lines of the log on those who got something; whoever asked whether HAProxy listens did not.
sub answers
{
	my ($log) = @_;

	return grep { @$_ == 7 && $_->[0] eq 'truth' && $_->[5] > 0 } lines_of($log);
}

# What the log says: { client => { back end's connection => [bytes, requests] } },
# and the front end of each client.
sub pairs_of
{
	my ($log) = @_;
	my (%pairs, %front);

	for (answers($log)) {
		my (undef, $front, $client, $near, $far, $sent) = @$_;

		$pairs{$client}{"$near $far"}[0] += $sent;
		$pairs{$client}{"$near $far"}[1]++;
		$front{$client} = $front =~ s/~$//r;
	}
	return (\%pairs, \%front);
}

# What an endpoint of HAProxy is: ('client', its address, the front end), or
# ('back', both addresses), or nothing.
sub side_of
{
	my ($end) = @_;

	return unless ($end->{kind} // '') eq 'tcp';
	for my $front (@fronts) {
		return ('client', $end->{peer}, $front) if $end->{local} =~ /:$port{$front}$/;
	}
	return ('back', "$end->{local} $end->{peer}");
}

# No transfer joins connections that the log does not, or carries on more than went
# over them, but for what was built over unsent bytes. HAProxy counts a little less
# than it passes on: it leaves out of each answer what its own form of the headers
# does not have.
sub check_pairs
{
	my ($transfers, $pairs) = @_;
	my ($joined, %built_over) = (0);

	for my $transfer (@$transfers) {
		my ($from, $source, $front) = side_of($transfer->{from}) or next;
		my ($to, $sink, $other) = side_of($transfer->{to}) or next;
		my ($client, $back) = $from eq 'client' ? ($source, $sink) : ($sink, $source);
		my $pair = $pairs->{$client}{$back};
		my $bytes = $transfer->{delivered_bytes};

		# What is encrypted in between is other bytes.
		if (!$pair || ($front // $other) eq 'secure') {
			$built_over{"$from $source"} += $bytes;
			next;
		}
		my $most = $pair->[0] + 100 * $pair->[1];
		$built_over{"$from $source"} += $bytes - $most if $from eq 'back' && $bytes > $most;
		$joined++;
	}
	cmp_ok($joined, '>=', 7, 'those that were joined are found');
	cmp_ok($built_over{$_}, '<=', $buffer, "$_: met nobody else, and carried no more") for sort keys %built_over;
}

# Each client got what curl says, of it what HAProxy relayed from the back ends
# as good as all: its buffers change hands and are not copied.  HAProxy uses pipes again
# for other connections; of such a pipe nobody can say whose bytes went where.
sub check_clients
{
	my ($transfers, $front, @got) = @_;
	my (%got, %sent, %relayed);

	$got{"127.0.0.1:$_->[0]"} += $_->[1] + $_->[2] for @got;
	for my $transfer (@$transfers) {
		my ($to, $client, $of) = side_of($transfer->{to}) or next;

		$sent{$client} += $transfer->{delivered_bytes} if $to eq 'client';
		$relayed{$client} += $transfer->{delivered_bytes}
			if $to eq 'client' && (((side_of($transfer->{from}))[0] // '') eq 'back' ||
				(($of // '') eq 'spliced' && $transfer->{from}{kind} eq 'pipe'));
	}
	for my $client (sort keys %got) {
		if ($front->{$client} eq 'secure') {
			cmp_ok($sent{$client}, '>', $got{$client}, "$client: got records");
			cmp_ok($sent{$client}, '<', 1.01 * $got{$client} + 8192, "$client: and little else");
			next;
		}
		is($sent{$client}, $got{$client}, "$client: is sent what curl got");
		cmp_ok($relayed{$client} // 0, '>', 0.98 * $got{$client}, "$client: from back ends");
	}
}

# What HAProxy read of each connection is what the origin sent on it.
sub check_origin
{
	my ($transfers, $log) = @_;
	my (%sent, %read);

	$sent{"127.0.0.1:$_->[1] 127.0.0.1:$_->[0]"} += $_->[2] for lines_of($log);
	for my $transfer (@$transfers) {
		my ($from, $back) = side_of($transfer->{from}) or next;
		my $hops = hops_of($transfer);

		next unless $from eq 'back';
		$read{$back} += $hops->{$_} for grep { /^socket_buffer>/ } keys %$hops;
	}
	same(\%read, \%sent, 'HAProxy read what the origin sent');
}

# The connections that were spliced in their kind: nothing was copied.
sub check_spliced
{
	my ($transfers) = @_;
	my @spliced = grep { ((side_of($_->{to}))[2] // '') eq 'spliced' } @$transfers;
	my @by_reference = grep { !grep { $_->{how} eq 'copy' } @{$_->{hops}} } @spliced;

	cmp_ok(sum(map { $_->{delivered_bytes} } @by_reference), '>', 6 << 20, 'splice moved references');
	for my $transfer (grep { $_->{delivered_bytes} > 1 << 20 } @spliced) {
		is($transfer->{verdict}, measured() ? 'zero-copy' : 'unknown', 'splice: verdict');
	}
}

# What was in memory may have come from anywhere: nothing is advised about it.
sub check_words
{
	my ($transfers) = @_;

	for my $transfer (grep { $_->{from}{kind} eq 'memory' } @$transfers) {
		my @advice = grep { /loop|splice|relay|copy-by-cpu/ } map { $_->{code} }
			@{$transfer->{findings}};

		is("@advice", '', "no advice on memory to $transfer->{to}{kind}");
	}
}

my $proxy = haproxy_start();
my $tool = start_tool('-p', $proxy->{pid});
my @got = clients_run(
	urls('web', qw(onebig onesmall)), urls('web', qw(twobig twosmall twobig)),
	urls('web', qw(onesmall onebig)), urls('web', qw(twosmall onebig twobig)),
	urls('spliced', qw(twobig)), urls('spliced', qw(twosmall twobig)),
	urls('secure', qw(onebig)), urls('secure', qw(twosmall twobig)));
wait_until('the log', sub { answers($proxy->{out}) >= 15 });
is(stop($tool, 'INT'), 0, 'the tool ends well') or diag(read_file($tool->{err}));
stop($proxy, 'TERM');
stop($origin, 'QUIT');

my $report = slurp_json($tool->{json});
my ($pairs, $front) = pairs_of($proxy->{out});
my @transfers = grep { $_->{process}{comm} eq 'haproxy' } @{$report->{transfers}};

check_lost($report);
check_schema($report, 'report.schema.json', 'the report');
check_pairs(\@transfers, $pairs);
check_clients(\@transfers, $front, @got);
check_origin(\@transfers, $origin->{log});
check_spliced(\@transfers);
check_words(\@transfers);
diag("HAProxy's log:\n", read_file($proxy->{out})) unless Test::More->builder->is_passing;
done_testing();
