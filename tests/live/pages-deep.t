#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A chain of folders that fts(3) stops at, which any user can make, hides no file behind it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

use Cwd qw(getcwd);

my ($top, $home) = ("$dir/top", getcwd());
my $name = 'd' x 200;

mkdir $top;
write_file("$top/$_", 'x' x 5000) for qw(a-first z-last);
chdir $top;
for (1 .. 340) {
	mkdir $name or die "a folder: $!";
	chdir $name or die "a folder: $!";
}
write_file('deepest', 'x');
chdir $home;

my $json = "$dir/pages.json";
my $ran = run_tool('pages', '--format', 'json', '-o', $json, $top);
my @files = sort map { $_->{path} =~ s{.*/}{}r } @{slurp_json($json)->{files}};

is("@files", 'a-first z-last', 'the files before and behind it are there');
like($ran->{err}, qr/\A[^\n]{0,300}left out[^\n]*32 KiB[^\n]*\n\z/, 'what is left out is said, in one line');
is($ran->{exit}, 1, 'and the status says that something is missing');
system('rm', '-rf', $top);
done_testing();
