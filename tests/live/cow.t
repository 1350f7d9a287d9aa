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

my ($report, $fork, $read) = trace(['cow-fork'], ['cow', '--src', $src, '--mode', 'read']);
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
my ($little, $few) = transfer($fork->{flows}[0], 'a child that touches little');
my ($much, $many) = transfer($fork->{flows}[1], 'a child that touches much');
is($much->{$hop} - $little->{$hop}, $fork->{flows}[1]{hops}{$hop}, 'copied after a fork');
cmp_ok($little->{$hop}, '<', 1 << 20, 'a child that touches little copies little');
is($few, 0, 'and is not spoken of');
is($many, 1, 'a child that touches much is');

my ($hops, $said) = transfer($read->{flows}[0], 'private mapping, read, then written to');
is($hops->{'page_cache>anon_memory copy'}, $bytes, 'each page is copied once');
is($hops->{'page_cache>mapping map'}, $bytes, 'after it was mapped');
is($said, 1, 'which the finding says');
check_lost($report);
check_audit($report);
done_testing();
