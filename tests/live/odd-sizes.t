#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Single bytes, and chunks that fit no page.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

my $src = prepare("$dir/src");
my @single = ('--src', $src, '--bytes', 65536, '--chunk', 1);
my @dst = ('--to', 'file', '--dst', "$dir/dst");

check_all(
	['single bytes to a file', 'relay', @single, @dst],
	['single bytes to tcp', 'relay', @single, '--to', 'tcp'],
	['single bytes from a mapping', 'map', @single, '--to', 'tcp'],
	(map { (
		["read and write of $_", 'relay', '--src', $src, '--chunk', $_, @dst],
		["read and write of $_ to tcp", 'relay', '--src', $src, '--chunk', $_, '--to', 'tcp'],
		["mapping in $_", 'map', '--src', $src, '--chunk', $_, '--to', 'tcp'],
		["sendfile of $_", 'sendfile', '--src', $src, '--chunk', $_, '--to', 'tcp'],
		["sendfile of $_ to a file", 'sendfile', '--src', $src, '--chunk', $_, @dst],
		["copy_file_range of $_", 'copy-file-range', '--src', $src, '--chunk', $_, '--dst',
			"$dir/dst"],
	) } 4095, 1000003),
	['splice of 4095', 'splice', '--src', $src, '--chunk', 4095, '--to', 'tcp'],
	['splice of 1000003', 'splice', '--src', $src, '--chunk', 1000003, '--to', 'tcp'],
	['cold reads of 4095', 'relay', '--src', $src, '--chunk', 4095, '--cold'],
	['cold reads of 1000003', 'relay', '--src', $src, '--chunk', 1000003, '--cold'],
);
done_testing();
