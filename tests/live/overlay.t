#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# overlayfs, which containers stand on: the page cache is that of the file below, the path the process's own.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use FileSystem;
use Test::More;

plan skip_all => 'the overlay is mounted in tests/vm/run' unless measured() && in_guest();

my ($overlay, $lower, $upper) = make_overlay(qw(src old));
my $src = "$overlay/src";
my @to = ('--to', 'file', '--dst', "$overlay/dst");

check_all(
	['read and send', 'relay', '--src', $src, '--to', 'tcp', '--write', 'send'],
	['read, cold, and write', 'relay', '--src', $src, @to, '--cold'],
	['mapping, cold, to tcp', 'map', '--src', $src, '--to', 'tcp', '--cold'],
	['sendfile to tcp', 'sendfile', '--src', $src, '--to', 'tcp'],
	['sendfile, cold, to tcp', 'sendfile', '--src', $src, '--to', 'tcp', '--cold'],
	['sendfile to a file', 'sendfile', '--src', $src, @to],
	['splice to tcp', 'splice', '--src', $src, '--to', 'tcp'],
	['splice to a file', 'splice', '--src', $src, @to],
	['copy_file_range', 'copy-file-range', '--src', $src, '--dst', "$overlay/dst"],
	['direct read, to tcp', 'direct-read', '--src', $src, '--to', 'tcp'],
	['direct sendfile to tcp', 'sendfile', '--src', $src, '--to', 'tcp', '--mode', 'direct'],
	['write and fsync', 'source-synced', '--to', 'file', '--dst', "$overlay/synced"],
);
my $report = check_all(['a file below, written to', 'copy-up', '--src', "$lower/old", '--src2',
	"$upper/old", '--dst', "$overlay/old"]);
is(told_of($report, 'overlay-copy-up'), 8 << 20, 'a finding tells of the copy');
done_testing();
