#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A FUSE file system: what a process reads from and writes to its file, and what the
# server moves through /dev/fuse.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'only measured: /dev/fuse is a device' unless measured();
plan skip_all => 'it mounts: only in a guest' unless in_guest();

system('modprobe', 'fuse') == 0 or BAIL_OUT('no FUSE in this kernel');
my $n = 0;
my @bytes = ('--bytes', 3_000_001);

sub on { return ('--dst', "$dir/fuse" . $n++) }

check_all(
	['FUSE', 'fuse', on(), @bytes],
	['FUSE, small and large writes', 'fuse', on(), '--bytes', 4 << 20, '--chunk', 2 << 20],
	['FUSE, write-back cache', 'fuse', on(), @bytes, '--mode', 'cached'],
);
done_testing();
