#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Bytes looked at, asked for and thrown away: copied more often than received.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

my @kinds = qw(tcp tcp6 udp udp6 unix unix-dgram);
my $report = check_all(
	(map { [$_, 'peek', '--to', $_, '--chunk', 30_000, '--bytes', 1_200_000] } @kinds),
	(map { ["$_, small", 'peek', '--to', $_, '--chunk', 101, '--bytes', 8_080] } @kinds),
);

my @peeked = grep {
	grep { $_->{code} eq 'peeked' } @{$_->{findings}}
} @{$report->{transfers}};
is(scalar @peeked, 2 * @kinds, 'the finding says which of them were peeked at');
done_testing();
