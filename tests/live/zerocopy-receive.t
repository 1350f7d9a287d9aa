#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# TCP_ZEROCOPY_RECEIVE: whole pages are mapped, the rest is copied; and what the
# kernel cannot map it copies, or leaves to recv().
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'the derived tier does not see what TCP maps' unless measured();
plan skip_all => 'the MTU is set in the virtual machine' unless in_guest();

# Segments of 7 pages, as TCP sends no more than half a window at once; behind 40
# bytes of headers and 12 of time stamps.
system('ip', 'link', 'set', 'lo', 'mtu', 7 * 4096 + 52) == 0 or BAIL_OUT('no MTU');
my $chunk = 2 * 7 * 4096;

my @pinned = ('zerocopy-receive', '--mode', 'pinned');
my @whole = ('--chunk', $chunk, '--bytes', 100 * $chunk);
my @ragged = ('--chunk', $chunk - 1096, '--bytes', 100 * ($chunk - 1096));
my @to = ('--to', 'file', '--dst', "$dir/dst");
my $report = check_all(
	['whole pages', @pinned, @whole],
	['whole pages, to a file', @pinned, @whole, @to],
	['pages and a rest', @pinned, @ragged],
	['pages and a rest, to a file', @pinned, @ragged, @to],
	['pages that are not single', 'zerocopy-receive', @whole],
	['pages that are not single, to a file', 'zerocopy-receive', @whole, @to],
);

# What the kernel must have done, or the test has not seen it.
my @received = grep {
	grep { $_->{name} eq 'getsockopt' } @{$_->{calls}}
} @{$report->{transfers}};
my %of = map { (join(' ', sort map { "$_->{from}>$_->{to} $_->{how}" } @{$_->{hops}}) => $_) }
	@received;
is(scalar @received, 6, 'all have a receiver');
my $whole = $of{'socket_buffer>mapping map'};
is($whole && $whole->{verdict}, 'zero-copy', 'whole pages: none is copied');
unlike(join(' ', map { $_->{code} } @{$whole->{findings}}), qr/receive-not-mapped/,
	'whole pages: so says no finding');
my $ragged = $of{'socket_buffer>mapping map socket_buffer>user_buffer copy'};
is($ragged && hops_of($ragged)->{'socket_buffer>user_buffer copy'}, 100 * 3000,
	'the rest of each is copied');
my $single = $of{'socket_buffer>user_buffer copy'};
is($single && $single->{cpu_copied_bytes}, 100 * $chunk, 'else all is copied');
for my $t ($ragged, $single) {
	like(join(' ', map { $_->{code} } @{$t->{findings}}), qr/receive-not-mapped/,
		'and the finding says so');
}
done_testing();
