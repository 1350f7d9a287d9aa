#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Which bytes are whose: headers, fan-out, parts, overlaps, threads.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

my $src = prepare("$dir/src");
my $src2 = prepare("$dir/src2");
my @to = ('--src', $src, '--to', 'tcp');

check_all(
	['a header with each chunk', 'header', @to],
	['one read, two writes', 'fan-out', @to],
	['a quarter written on', 'partial', @to],
	['two files in one buffer', 'overlap', @to, '--src2', $src2],
	['a copy in user space', 'user-copy', @to],
	['two threads with one buffer', 'threads', @to],
	['by pread and writev', 'overlap', @to, '--src2', $src2, '--read', 'preadv', '--write',
		'writev'],
);
my ($report, $truth) = trace(['user-copy', @to]);
my ($kept) = grep {
	($_->{from}{path} // '') eq $src && $_->{to}{kind} eq 'memory'
} @{$report->{transfers}};

ok((grep { $_->{code} eq 'user-copy-possible' } @{$kept->{findings}}),
	'a copy in user space is called possible');
done_testing();
