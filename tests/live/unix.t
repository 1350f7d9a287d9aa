#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Unix sockets, streams and datagrams; both processes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

my $src = prepare("$dir/src");
my @stream = ('relay', '--src', $src, '--to', 'unix');
my @datagram = ('source', '--to', 'unix-dgram', '--chunk', 32768);

check_all(
	['stream: write, read', @stream],
	['stream: send, recv', @stream, '--write', 'send', '--receive', 'recv'],
	['stream: sendmsg, recvmsg', @stream, '--write', 'sendmsg', '--receive', 'recvmsg'],
	['stream: writev, readv', @stream, '--write', 'writev', '--receive', 'readv'],
	['stream: sendmmsg', @stream, '--write', 'sendmmsg'],
	['stream: cold', @stream, '--cold'],
	['stream: a peek before each read', 'source', '--to', 'unix', '--mode', 'peek'],
	['datagrams: write, read', @datagram, '--receive', 'read'],
	['datagrams: sendmsg, recvmsg', @datagram, '--write', 'sendmsg', '--receive', 'recvmsg'],
	['datagrams: sendmmsg, recvmmsg', @datagram, '--write', 'sendmmsg', '--receive',
		'recvmmsg'],
	['datagrams that are cut', @datagram, '--mode', 'cut'],
	['datagrams in their order', 'source', '--to', 'unix-seqpacket', '--chunk', 32768],
);
# Without a user buffer; the derived tier does not know what the kernel made of these.
check_all(
	['sendfile as datagrams', 'sendfile', '--src', $src, '--to', 'unix-dgram', '--chunk',
		32768],
	['a stream spliced to a file', 'splice-from', '--dst', "$dir/dst", '--mode', 'unix'],
	['datagrams spliced to a file', 'splice-from', '--dst', "$dir/dst", '--mode',
		'unix-dgram'],
) if measured();
check_all(
	['a file that another process opened', 'passed-fd', '--src', $src, '--to', 'tcp'],
);
done_testing();
