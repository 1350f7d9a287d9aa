#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A kernel that preempts hooks: it may skip some, which the report says, and is exact otherwise.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'not a PREEMPT_RT kernel' unless preempts();

my $src = prepare("$dir/src");

# Apart from each other: the fewer operations, the fewer that are skipped.
check_all($_) for (
	['read and write to tcp', 'relay', '--src', $src, '--to', 'tcp'],
	['mapping to tcp', 'map', '--src', $src, '--to', 'tcp'],
	['sendfile to tcp', 'sendfile', '--src', $src, '--to', 'tcp'],
	['splice to tcp', 'splice', '--src', $src, '--to', 'tcp'],
	['memory to udp', 'source', '--to', 'udp', '--chunk', 16384,
		'--bytes', 1 << 20],
	['read and write to a file', 'relay', '--src', $src, '--to', 'file', '--dst', "$dir/dst"],
	['sendfile to a file', 'sendfile', '--src', $src, '--to', 'file', '--dst', "$dir/dst"],
);
done_testing();
