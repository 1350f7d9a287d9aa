#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# libaio: requests by io_submit(), past the page cache and through it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'the derived tier does not see requests' unless measured();

my $src = prepare("$dir/src");
my $odd = prepare("$dir/odd", 1_000_001);
my @to = ('--to', 'file', '--dst', "$dir/dst");

check_all(
	(map { ["$_, direct, to tcp", 'direct-read', '--src', $src, '--read', $_, '--to', 'tcp'] }
		qw(aio-pread aio-preadv)),
	['aio-pread, direct, not of whole blocks', 'direct-read', '--src', $odd, '--bytes', 1_000_001,
		'--read', 'aio-pread'],
	(map { ["$_, direct", 'direct-write', @to, '--write', $_] } qw(aio-pwrite aio-pwritev)),
	['read, direct aio-pwrite', 'direct-write', '--src', $src, @to, '--write', 'aio-pwrite'],
	['direct read, direct write', 'direct-copy', '--src', $src, @to, '--read', 'aio-preadv',
		'--write', 'aio-pwrite'],
	['large requests', 'direct-copy', '--src', $src, @to, '--read', 'aio-pread',
		'--write', 'aio-pwrite', '--chunk', 4 << 20],
	['many requests at a time', 'aio-many', '--src', $src, '--dst', "$dir/dst"],
	['through the page cache', 'relay', '--src', $src, @to, '--read', 'aio-pread',
		'--write', 'aio-pwrite'],
);
done_testing();
