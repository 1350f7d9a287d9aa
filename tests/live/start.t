#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What a program copies is not buried under what its loader reads and maps.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

my $bytes = (8 << 20) + 123;
my $file = prepare("$dir/file", $bytes);
my @copy = ('cp', $file, "$dir/copy");

$ENV{COLUMNS} = 80;
my $ran = run_tool('path', '-o', "$dir/text", tier_options(), '--', @copy);
is($ran->{status}, 0, 'cp ended well') or diag($ran->{err});
my $text = read_file("$dir/text");
cmp_ok(scalar(split /\n/, $text), '<=', 30, 'the text is short') or diag($text);
like($text, qr/^program start: \d+ files?, .* mapped, .* copied: -v shows (it|them)$/m,
	'it has a line about the loader');
unlike($text, qr/libc\.so/, 'and not a drawing of each library');
my @high = grep { $_ > 2 } $text =~ /([0-9.]+) per byte delivered/g;
is("@high", '', 'no head of a library is copied ten times for each byte');

run_tool('path', '-v', '-o', "$dir/all", tier_options(), '--', @copy);
like(read_file("$dir/all"), qr/libc\.so/, '-v shows them');

# A program that reads and sends on what a loader reads: its own work.
my ($report) = path_json([], 'sh', '-c', "cat /etc/ld.so.cache >$dir/cache");
my ($libc) = grep { ($_->{from}{path} // '') =~ m{/libc\.so} } @{$report->{transfers}};
my ($cache) = grep { ($_->{from}{path} // '') eq '/etc/ld.so.cache' &&
	$_->{to}{kind} eq 'file' } @{$report->{transfers}};
ok($libc && $libc->{program_start}, 'the loader read the C library');
ok($cache && !$cache->{program_start}, 'cat read the cache');
is($cache->{delivered_bytes}, -s '/etc/ld.so.cache', 'all of it');
done_testing();
