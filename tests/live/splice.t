#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# sendfile, splice and copy_file_range: references where the kernel takes them, one copy from file to file.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

my $memory = memory_dir();
my $src = prepare("$dir/src");
my $small = prepare("$memory/src");
my @send = ('sendfile', '--src', $src);
my @splice = ('splice', '--src', $src);
my @dst = ('--dst', "$dir/dst");

check_all(
	['sendfile to tcp', @send, '--to', 'tcp'],
	['sendfile to tcp, one call', @send, '--to', 'tcp', '--chunk', 8 << 20],
	['sendfile to tcp, cold', @send, '--to', 'tcp', '--cold'],
	['sendfile from memory to tcp', 'sendfile', '--src', $small, '--to', 'tcp'],
	['sendfile to a unix socket', @send, '--to', 'unix'],
	['sendfile to a pipe', @send, '--to', 'pipe'],
	['sendfile to a file', @send, '--to', 'file', @dst],
	['sendfile to a file, cold', @send, '--to', 'file', @dst, '--cold'],
	['sendfile to a file in memory', @send, '--to', 'file', '--dst', "$memory/dst"],
);
check_all(
	['splice to tcp', @splice, '--to', 'tcp'],
	['splice to tcp, cold', @splice, '--to', 'tcp', '--cold'],
	['splice to a unix socket', @splice, '--to', 'unix'],
	['splice from tcp to a file', 'splice-from', @dst, '--mode', 'tcp'],
	['splice to a file', @splice, '--to', 'file', @dst],
	['copy_file_range', 'copy-file-range', '--src', $src, @dst],
	['copy_file_range, one call', 'copy-file-range', '--src', $src, @dst, '--chunk', 8 << 20],
	['copy_file_range, cold', 'copy-file-range', '--src', $src, @dst, '--cold'],
	['copy_file_range in memory', 'copy-file-range', '--src', $small, '--dst',
		"$memory/dst"],
);
done_testing();
