#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Pipes; both processes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

my $src = prepare("$dir/src");

check_all(
	['write, read', 'relay', '--src', $src, '--to', 'pipe'],
	['writev, readv', 'relay', '--src', $src, '--to', 'pipe', '--write', 'writev',
		'--receive', 'readv'],
	['cold', 'relay', '--src', $src, '--to', 'pipe', '--cold'],
	['memory', 'source', '--to', 'pipe'],
	['pieces of 1000', 'source', '--to', 'pipe', '--chunk', 1000, '--bytes', 1000000],
);
done_testing();
