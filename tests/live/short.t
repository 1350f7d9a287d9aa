#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Operations that move less than was asked for, or nothing: counts are of what moved.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

my $src = prepare("$dir/src");
my $odd = prepare("$dir/odd", 1_000_001);

check_all(
	(map { ["EAGAIN, $_", 'short-eagain', '--to', $_] } qw(pipe unix tcp)),
	# The derived tier leaves out calls that failed, but for EAGAIN.
	(map { ["EINTR, $_", 'short-eintr', '--to', $_] } measured() ? qw(pipe unix tcp) : ()),
	['reads beyond the end', 'short-eof', '--src', $odd],
	['reads beyond the end, cold', 'short-eof', '--src', $odd, '--cold'],
	['RWF_NOWAIT', 'short-nowait', '--src', $src, '--cold'],
	['RWF_DONTCACHE', 'short-dontcache', '--src', prepare("$dir/warm")],
);
check_all_unaudited(
	(map { ["EFAULT half-way, $_", 'short-efault', '--to', $_] } qw(pipe unix tcp)),
	['EFAULT half-way, files', 'short-efault-file', '--src', prepare("$dir/source"), '--dst', "$dir/dst"],
	(map { ["a mapping that was cut, $_", 'short-sigbus', '--src', prepare("$dir/cut-$_"),
		'--to', $_] } qw(pipe unix tcp)),
) if measured();

SKIP: {
	skip 'no place for a small file system', 1 unless in_guest() && measured();
	my $small = "$dir/small";

	mkdir $small or BAIL_OUT("$small: $!");
	system('mount', '-t', 'tmpfs', '-o', 'size=3001k', 'small', $small) == 0
		or BAIL_OUT('cannot mount a tmpfs');
	check_all(['ENOSPC', 'short-enospc', '--dst', "$small/dst"]);
	system('umount', '-l', $small);
}
done_testing();
