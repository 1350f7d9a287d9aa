#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Pipes on the way: vmsplice, tee, and pipes in a row carry their source to the
# socket or file at the end.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

my $src = prepare("$dir/src");
my @src = ('--src', $src);
my @dst = ('--dst', "$dir/dst");

my $report = check_all(
	['memory to tcp', 'vmsplice', '--to', 'tcp'],
	['memory to tcp, as a gift', 'vmsplice', '--to', 'tcp', '--mode', 'gift'],
	['memory to a unix socket', 'vmsplice', '--to', 'unix'],
	['memory to a file', 'vmsplice', '--to', 'file', @dst],
	['memory to tcp, odd sizes', 'vmsplice', '--to', 'tcp', '--bytes', 1000001, '--chunk',
		30001],
	['a buffer that was read into', 'vmsplice', @src, '--to', 'tcp', '--mode', 'read'],
	['a mapped file', 'vmsplice', @src, '--to', 'tcp', '--mode', 'map'],
	['out of a pipe', 'vmsplice-out', @src],
	['memory and a file in one pipe', 'two-sources', @src, '--to', 'tcp'],
);
my ($copied) = grep {
	($_->{from}{path} // '') eq $src && $_->{to}{kind} eq 'memory'
} @{$report->{transfers}};

ok((grep { $_->{code} eq 'vmsplice-copies' } @{$copied->{findings}}),
	'out of a pipe, vmsplice is said to copy');

check_all(
	['tee to tcp and to a file', 'tee', @src, '--to', 'tcp', @dst],
	['tee to a unix socket and to a file', 'tee', @src, '--to', 'unix', @dst],
	['three pipes to tcp', 'chain', @src, '--to', 'tcp'],
	['three pipes to a file', 'chain', @src, '--to', 'file', @dst],
);
done_testing();
