#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# TCP on loopback: every call that sends and receives; both processes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

my $src = prepare("$dir/src");
my @send = qw(write send sendto sendmsg sendmmsg writev);
my @receive = qw(read recv recvfrom recvmsg readv recv);

check_all(
	(map {
		["read and $send[$_], $receive[$_]", 'relay', '--src', $src, '--to', 'tcp', '--write',
			$send[$_], '--receive', $receive[$_]]
	} 0 .. $#send),
	['cold read and write', 'relay', '--src', $src, '--to', 'tcp', '--cold'],
	['pread and send', 'relay', '--src', $src, '--to', 'tcp', '--read', 'pread', '--write',
		'send'],
	['preadv and writev', 'relay', '--src', $src, '--to', 'tcp', '--read', 'preadv',
		'--write', 'writev'],
	['over IPv6', 'relay', '--src', $src, '--to', 'tcp6'],
);
check_all(
	(map { ["memory by $_", 'source', '--to', 'tcp', '--write', $_] } @send),
	['a peek before each read', 'source', '--to', 'tcp', '--mode', 'peek'],
	['every other receive truncated', 'source', '--to', 'tcp', '--mode', 'trunc'],
);
done_testing();
