#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# One server sends one file by different ways on one port: each way keeps its own verdict.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

my $bytes = 4 << 20;
my $copied = 16384;
my $file = prepare("$dir/file", $bytes);

# By each connection: all of it copied, all handed on, all but the last 16 KiB handed on.
my @ways = ([0], [$bytes], [$bytes - $copied]);
write_file("$dir/server.py", <<'END');
import os, socket, sys
path, handed = sys.argv[1], [int(n) for n in sys.argv[2:]]
size, file = os.path.getsize(path), os.open(path, os.O_RDONLY)
listener = socket.create_server(("127.0.0.1", 0))
for part in handed * 2:
    child = os.fork()
    if not child:
        client = socket.create_connection(listener.getsockname())
        while client.recv(1 << 16):
            pass
        os._exit(0)
    connection, _ = listener.accept()
    at = 0
    while at < part:
        at += os.sendfile(connection.fileno(), file, at, part - at)
    while at < size:
        at += connection.send(os.pread(file, min(65536, size - at), at))
    connection.close()
    os.waitpid(child, 0)
END
my @command = ('python3', "$dir/server.py", $file, map { $_->[0] } @ways);

my ($report, $ran) = path_json(['--from', "file:$file", '--to', 'tcp'], @command);
is($ran->{status}, 0, 'the server ended well') or diag($ran->{err});
my %count;
for my $transfer (@{$report->{transfers}}) {
	is($transfer->{delivered_bytes}, $bytes, "$transfer->{verdict}: all of the file");
	$count{$transfer->{verdict}}++;
	next unless $transfer->{verdict} eq 'mixed';
	cmp_ok(abs($transfer->{copied_share} - $copied / $bytes), '<', 1e-6, 'the share is exact');
	is($transfer->{cpu_copied_bytes}, 2 * $copied, 'each byte of it was copied twice');
}
is_deeply(\%count, measured() ? { copied => 2, 'zero-copy' => 2, mixed => 2 } :
	{ copied => 2, unknown => 4 }, 'each connection has the verdict of its way');

my $text = run_tool('path', '-o', "$dir/text", '--from', "file:$file", '--to', 'tcp', tier_options(),
	'--', @command);
my @heads = read_file("$dir/text") =~ /^   8\.00 MiB .* {6}(\S.*)$/mg;
is_deeply([sort @heads], measured() ? ['copied', 'mixed, 0.4 % copied', "zero-copy \xe2\x9c\x94"] :
	['copied', 'unknown'], 'the text has a drawing for each of the verdicts') if measured();
like(read_file("$dir/text"), qr/ copied$/m, 'the text tells of the copied ones by themselves');
done_testing();
