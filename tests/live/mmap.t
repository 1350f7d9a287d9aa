#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Writes from a mapping of the file, and from what only looks like one.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

my $src = prepare("$dir/src");
my $small = prepare(memory_dir() . '/src');
my @to_tcp = ('--src', $src, '--to', 'tcp');

check_all(
	['shared mapping to tcp', 'map', @to_tcp],
	['shared mapping to tcp by send', 'map', @to_tcp, '--write', 'send'],
	['shared mapping to tcp by writev', 'map', @to_tcp, '--write', 'writev'],
	['private read-only mapping to tcp', 'map-private', @to_tcp],
	['private writable mapping to tcp', 'map-private-writable', @to_tcp],
	['mapping to a file', 'map', '--src', $src, '--to', 'file', '--dst', "$dir/dst"],
	['mapping to a pipe', 'map', '--src', $src, '--to', 'pipe'],
	['mapping to a unix socket', 'map', '--src', $src, '--to', 'unix'],
	['mapping of a file in memory', 'map', '--src', $small, '--to', 'tcp'],
	['a buffer unmapped and mapped again', 'map-again', @to_tcp],
);
check_all(['cold mapping to tcp', 'map', @to_tcp, '--cold']);
done_testing();
