#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# More files than the table of endpoints holds: what does not fit is counted.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

my $files = 22000; # the table holds 20 480
my $many = memory_dir();

for my $i (1 .. $files) {
	open my $f, '>', "$many/$i" or die "$many/$i: $!";
	print $f 'x';
}

# As text, for a guest's sake: it is large. Each transfer is a line.
my $json = "$dir/lost.json";
my $ran = run_tool('path', '--format', 'json', '-o', $json, tier_options(), '--', $^X, '-e',
	'for (1 .. $ARGV[1]) { open F, "<", "$ARGV[0]/$_" or die; sysread(F, $b, 1) == 1 or die }',
	$many, $files);
my $text = read_file($json);
my ($lost) = $text =~ /"lost": \{[^}]*"endpoints": (\d+)/;
my $read = () = $text =~ /^\{"process".*"from": \{"kind": "file", "path": "\Q$many\E/mg;

is($ran->{exit}, 0, 'the command runs to its end');
cmp_ok($lost, '>=', $files - 20480, 'endpoints that did not fit are counted');
cmp_ok($read, '>=', $files - $lost, 'the others are all there');
cmp_ok($read, '<', $files, 'and some are not');
like($text, qr/"code": "losses"/, 'the report says so');
unlike($text, qr/"verdict": "zero-copy"/, 'nothing is called zero-copy');
done_testing();
