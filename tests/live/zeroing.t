#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Pages that the kernel clears are told apart from copies, when asked for.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'other kernels may clear less' unless in_guest();
plan skip_all => 'not asked for in this tier' unless measured();

my $src = prepare("$dir/src");
my $bytes = 8 << 20;

sub zeroed
{
	my ($report, $pid) = @_;
	my ($process) = grep { $_->{pid} == $pid } @{$report->{zeroed}{processes}};

	return { map { ($_->{name} => $_->{bytes}) } @{$process->{calls}} };
}

# Page tables, and what else a program needs, are cleared as well.
sub is_about
{
	my ($got, $expected, $what) = @_;

	cmp_ok($got // 0, '>=', $expected, "$what: all of it");
	cmp_ok($got // 0, '<=', $expected + $expected / 64 + (256 << 10), "$what: and little more");
}

my ($report, $ran) = path_json(['--zeroing'], '/bin/sh', '-ec', join "\n",
	map { "'$workload' $_" } 'zero', 'zero --mode populate', 'zero --mode thp',
	"relay --src '$src' --cold");
my @truth = map { Cpanel::JSON::XS->new->decode($_) } split /\n/, $ran->{out};

is($ran->{status}, 0, 'the tool ends well') or diag($ran->{err});
is(scalar @truth, 4, 'each workload ran to its end');
my ($faults, $populate, $thp, $read) = map { zeroed($report, $_->{pid}) } @truth;

# The pattern of the workload and the buffers are memory, too: the same in each.
my $other = $populate->{fault};

cmp_ok($other, '<', 4 << 20, 'a program starts with little');
is_about($faults->{fault} - $other, $bytes, 'by faults');
is_about($populate->{madvise}, $bytes, 'by one call');
# Debian's kernels clear all they allocate, and the fault clears a huge page again.
is_about($thp->{fault} - $other, 2 * $bytes, 'huge pages');
is_about($read->{read}, $bytes, 'pages of the page cache');
is($report->{zeroed}{bytes}, sum(map { $_->{bytes} } @{$report->{zeroed}{processes}}),
	'the sum is that of the processes');
cmp_ok(sum(map { $_->{cpu_copied_bytes} } grep { $_->{process}{pid} == $truth[0]{pid} }
	@{$report->{transfers}}), '<', 1 << 20, 'none of it is a copy');
check_lost($report);

my ($without) = path_json([], $workload, 'zero');

is($without->{zeroed}, undef, 'nobody asked: not known');
done_testing();
