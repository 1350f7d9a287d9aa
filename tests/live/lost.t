#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# More than the ledger looks at: it is counted, and charged to whom it belongs.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

# More files than the table of endpoints holds.
my $files = 22000; # it holds 20 480
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

# One write of more pieces than it looks at (8,192, each of 16 KiB at most) before a sendfile,
# and beside it a process that loses nothing before the same one.
{
	my $bytes = 160 << 20;
	my $sendfile = 'open F, "<", $ARGV[0] or die; socketpair A, B, 1, 1, 0 or die; '
		. 'syscall(40, fileno A, fileno F, 0, 65536) == 65536 or die; ';
	my $write = 'open F, ">", $ARGV[1] or die; '
		. 'syswrite(F, "a" x $ARGV[2]) == $ARGV[2] or die; ';
	my $src = prepare("$dir/src", 65536);
	my ($report, $ran) = path_json([], 'sh', '-c',
		'"$0" -e "$1" "$3" "$4" "$5" && "$0" -e "$2" "$3"',
		$^X, $write . $sendfile, $sendfile, $src, "$many/big", $bytes);
	my ($loses, $keeps) = sort { !!$b->{process}{lost} cmp !!$a->{process}{lost} }
		grep { ($_->{from}{path} // '') eq $src } @{$report->{transfers}};

	is($ran->{exit}, 0, 'pieces: both processes run to their end');
	cmp_ok($report->{lost}{segments}, '>=', $bytes - (8192 << 14), 'pieces: the rest is counted');
	is($_->{delivered_bytes}, 65536, 'pieces: a sendfile') for $loses, $keeps;
	ok($loses->{process}{lost}, 'pieces: a process lost something');
	ok(!$keeps->{process}{lost}, 'pieces: the other did not');
	is($loses->{verdict}, 'unknown', 'pieces: who lost something is not said to be zero-copy');
	is($keeps->{verdict}, measured() ? 'zero-copy' : 'unknown', 'pieces: the other verdict stands');
}
done_testing();
