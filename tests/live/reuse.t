#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Memory that is used again: what is certain of it, what is only possible.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

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
done_testing();
