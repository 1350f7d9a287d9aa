#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Pages that are copied when a process writes to them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'the derived tier does not see page faults' unless measured();

my $src = prepare("$dir/src");
my $bytes = 8 << 20;

check_all(
	['private mapping, written to', 'cow', '--src', $src],
	['private mapping of a cold file, written to', 'cow', '--src', $src, '--cold'],
	['private mapping in memory, written to', 'cow', '--src', prepare(memory_dir() . '/src')],
);

# For hugetlbfs: what the parent has, and what its child gets.
my $huge = '/proc/sys/vm/nr_hugepages';
my $has_huge = in_guest() && eval { write_file($huge, 12) } && read_file($huge) >= 12;
my ($report, $fork, $read, $thp, $hugetlb) = trace(
	['cow-fork'],
	['cow', '--src', $src, '--mode', 'read'],
	['cow-fork', '--mode', 'thp'],
	$has_huge ? ['cow-fork', '--mode', 'hugetlb'] : (),
);
my $hop = 'anon_memory>anon_memory copy';

# The transfer of a flow, its hops, and whether it says that there was copy-on-write.
sub transfer
{
	my ($flow, $what) = @_;
	my @found = find_transfers($report, $flow);

	is(scalar @found, 1, "$what: is one transfer");
	is($found[0]{delivered_bytes}, 0, "$what: nothing is delivered");
	is($found[0]{verdict}, 'copied', "$what: verdict");
	return (hops_of($found[0]), scalar grep { $_->{code} eq 'copy-on-write' }
		@{$found[0]{findings}});
}

# What both children do at their start is the same.
sub check_fork
{
	my ($truth, $what) = @_;
	my ($little, $few) = transfer($truth->{flows}[0], "$what: a child that touches little");
	my ($much, $many) = transfer($truth->{flows}[1], "$what: a child that touches much");

	is($much->{$hop} - $little->{$hop}, $truth->{flows}[1]{hops}{$hop},
		"$what: copied after a fork");
	is($many, 1, "$what: a child that touches much is spoken of");
	return ($little->{$hop}, $few);
}

my ($little, $few) = check_fork($fork, 'pages');

cmp_ok($little, '<', 1 << 20, 'a child that touches little copies little');
is($few, 0, 'and is not spoken of');
check_fork($thp, 'transparent huge pages');
SKIP: {
	skip 'no pages of hugetlbfs', 8 unless $has_huge;
	check_fork($hugetlb, 'pages of hugetlbfs');
}

my ($hops, $said) = transfer($read->{flows}[0], 'private mapping, read, then written to');
is($hops->{'page_cache>anon_memory copy'}, $bytes, 'each page is copied once');
is($hops->{'page_cache>mapping map'}, $bytes, 'after it was mapped');
is($said, 1, 'which the finding says');
check_lost($report);
check_audit($report);
done_testing();
