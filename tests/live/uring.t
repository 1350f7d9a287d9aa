#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# io_uring: the operation is the request, whoever runs it: the submitter, a
# worker, or the thread that polls the queue.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'the derived tier does not see requests' unless measured();

my $src = prepare("$dir/src");
my @dst = ('--to', 'file', '--dst', "$dir/dst");

for my $ring (qw(inline async sqpoll)) {
	my @ring = ('--ring', $ring);

	check_all(
		["$ring: read", 'relay', '--src', $src, '--read', 'uring-read', @ring],
		["$ring: readv, cold", 'relay', '--src', $src, '--read', 'uring-readv', '--cold', @ring],
		["$ring: write to a file", 'source', @dst, '--write', 'uring-write', @ring],
		["$ring: read and send, recv", 'relay', '--src', $src, '--to', 'tcp', '--read',
			'uring-read', '--write', 'uring-send', '--receive', 'uring-recv', @ring],
		["$ring: memory by sendmsg, recvmsg", 'source', '--to', 'tcp', '--write',
			'uring-sendmsg', '--receive', 'uring-recvmsg', @ring],
		["$ring: read and write to a pipe, read", 'relay', '--src', $src, '--to', 'pipe',
			'--read', 'uring-read', '--write', 'uring-write', '--receive', 'uring-read', @ring],
	);
}
done_testing();
