#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# UDP on loopback, one call at a time so that no datagram is lost; both processes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

my $src = prepare("$dir/src");
my @common = ('relay', '--src', $src, '--to', 'udp', '--chunk', 32768);

check_all(
	['write, read', @common, '--write', 'write', '--receive', 'read'],
	['send, recv', @common, '--write', 'send', '--receive', 'recv'],
	['sendmsg, recvmsg', @common, '--write', 'sendmsg', '--receive', 'recvmsg'],
	['sendmmsg, recvmmsg', @common, '--write', 'sendmmsg', '--receive', 'recvmmsg'],
	['writev, readv', @common, '--write', 'writev', '--receive', 'readv'],
	['cold', @common, '--cold'],
	['the longest datagrams', 'source', '--to', 'udp', '--chunk', 65507],
	['datagrams that are cut', 'source', '--to', 'udp', '--chunk', 32768, '--mode', 'cut'],
	['a peek before each receive', 'source', '--to', 'udp', '--chunk', 32768, '--mode',
		'peek'],
	['over IPv6', 'source', '--to', 'udp6', '--chunk', 32768],
);
done_testing();
