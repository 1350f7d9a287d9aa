#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# More threads at a time than have room for their state: what the others do is counted as lost.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'the same in place, where 17,000 threads do not take a minute' if in_guest();

my $slots = 16384;
my $src = prepare("$dir/src");

my $count = $slots + 616;
my ($report, $ran) = path_json([], $workload, 'crowd', '--src', $src, '--count', $count);
my $read = 0;

is($ran->{status}, 0, 'the command runs to its end') or diag($ran->{err});
$read += $_->{delivered_bytes}
	for grep { ($_->{from}{path} // '') eq $src } @{$report->{transfers}};
cmp_ok($read, '<=', $slots, 'no more threads are counted than there are slots');
cmp_ok($read, '>=', $slots * 0.9, 'and nearly all of these are used');
cmp_ok($report->{lost}{threads}, '>=', $count - $read, 'what the others did is counted as lost');
is(scalar(grep { $_->{code} eq 'losses' } @{$report->{findings}}), 1, 'the report says so');
is(scalar(grep { $_->{verdict} eq 'zero-copy' } @{$report->{transfers}}), 0,
	'nothing is called zero-copy');
done_testing();
