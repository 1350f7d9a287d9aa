#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Threads of the kernel that move payload are in no transfer of path -a, and it says so:
# a loop device, whose statistics tell what its worker had to move, and an NFS server of
# the kernel, which counts what it reads and writes itself.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

use Servers;

plan skip_all => 'loop devices and an NFS server are set up in tests/vm/run only' unless in_guest();

my $bytes = (4 << 20) + 4096;
my @undo;

sub run
{
	my (@command) = @_;

	return system(@command) == 0 || BAIL_OUT("@command failed");
}

# Bytes that a block device was read and written: sectors are the 3rd and the 7th number.
sub device_moved
{
	my @numbers = split ' ', read_file("/sys/block/$_[0]/stat");

	return map { 512 * $_ } @numbers[2, 6];
}

# Bytes that the NFS server read and wrote.
sub server_moved
{
	return read_file('/proc/net/rpc/nfsd') =~ /^io (\d+) (\d+)/m;
}

sub mount_for_now
{
	my ($type, $what, $where, @options) = @_;

	run('mount', '-t', $type, @options, $what, $where);
	push @undo, ['umount', $where];
}

# The name of a new loop device on a file.
sub make_loop
{
	my ($file) = @_;
	my ($name) = `losetup --find --show $file` =~ m{^/dev/(loop\d+)$};

	BAIL_OUT('no loop device') unless $name;
	push @undo, ['losetup', '--detach', "/dev/$name"];
	return $name;
}

# An NFS server of this kernel for $dir/exported, mounted here: the folder. Of version 4
# only, and on a port of its own, it needs no rpcbind.
sub make_nfs
{
	my ($exported, $mounted, $port) = ("$dir/exported", "$dir/mounted", free_port());

	find_program($_) for qw(exportfs rpc.nfsd mount.nfs);
	mkdir $_ for $exported, $mounted, '/run/rpc_pipefs', '/var/lib/nfs/v4recovery';
	prepare("$exported/read", $bytes);
	prepare("$exported/sent");
	run('modprobe', 'nfsd');
	mount_for_now('nfsd', 'nfsd', '/proc/fs/nfsd');
	mount_for_now('rpc_pipefs', 'rpc_pipefs', '/run/rpc_pipefs');
	# Without leases the client asks the server for the state of a file again and again.
	write_file('/proc/sys/fs/leases-enable', '0');
	push @undo, ['sh', '-c', 'echo 1 >/proc/sys/fs/leases-enable'];
	write_file('/var/lib/nfs/etab', '');
	run('exportfs', '-o', 'rw,no_root_squash,insecure,fsid=0', "127.0.0.1:$exported");
	write_file("/proc/fs/nfsd/nfsv4${_}time", 10) for qw(lease grace);
	run('rpc.nfsd', '-N', 3, '-H', '127.0.0.1', '--tcp', '--no-udp', '--port', $port, 2);
	push @undo, ['rpc.nfsd', 0];
	start(find_program('rpc.mountd'), '--foreground', '-N', 2, '-N', 3, '--no-udp');
	# Nobody comes back from before: new clients need not wait for them. Where nothing keeps
	# track of clients, 6.18.15 refuses to end that early: then it is ten seconds.
	system('sh', '-c', 'echo Y 2>/dev/null >/proc/fs/nfsd/v4_end_grace');
	mount_for_now('nfs4', '127.0.0.1:/', $mounted, '-o', "vers=4.2,port=$port,sec=sys,actimeo=0");
	return $mounted;
}

sub thread_of
{
	my ($report, $name) = @_;

	return (grep { ($_->{name} // '') eq $name } @{$report->{kernel_threads} // []})[0] // {};
}

prepare("$dir/pattern", $bytes);
run('modprobe', 'loop');
my $loop = make_loop(prepare("$dir/image", 2 * $bytes));
my $mounted = make_nfs();

my $path = start_tool('-a');
my @before = (device_moved($loop), server_moved());
run('dd', 'status=none', "if=/dev/$loop", 'of=/dev/null', 'bs=64k');
run('dd', 'status=none', "if=$dir/pattern", "of=/dev/$loop", 'bs=64k', 'conv=notrunc,fsync');
run('dd', 'status=none', "if=$mounted/read", 'of=/dev/null', 'bs=64k');
run('dd', 'status=none', "if=$dir/pattern", "of=$mounted/written", 'bs=64k', 'conv=fsync');
my @moved = (device_moved($loop), server_moved());
stop($path, 'INT');
my $report = slurp_json($path->{json});

check_schema($report, 'report.schema.json', 'the report');
$moved[$_] -= $before[$_] for 0 .. $#before;
is("@moved[2, 3]", "$bytes $bytes", 'the server says that it read one file and wrote one');
cmp_ok($moved[1], '>=', $bytes, 'the loop device was written');
is(scalar(grep { ($_->{process}{comm} // '') =~ /^(nfsd|kworker)/ } @{$report->{transfers}}), 0,
	'no transfer is that of a thread of the kernel');
if (measured()) {
	my ($worker, $server, $client) = map { thread_of($report, $_) } $loop, 'nfsd', 'xprtiod';

	is($worker->{read_bytes}, $moved[0], 'what the loop device was asked to read its worker read');
	is($worker->{written_bytes}, $moved[1], 'and wrote');
	is($worker->{received_bytes}, 0, 'it has no socket');
	is($server->{read_bytes}, $moved[2], 'the server of files is told of, with what it read');
	is($server->{written_bytes}, $moved[3], 'and wrote');
	cmp_ok($server->{received_bytes}, '>', $bytes, 'and received');
	cmp_ok($client->{received_bytes}, '>', $bytes, 'so is its client');
	# Up to 6.4 sockets take pages by routines without a hook.
	if (kernel_version() >= 6005) {
		cmp_ok($server->{sent_bytes}, '>', $bytes, 'and sent');
	} else {
		is($server->{sent_bytes}, undef, 'what it sent is not known');
	}
} else {
	is($report->{kernel_threads}, undef, 'the derived tier sees no thread of the kernel');
	is(scalar(grep { $_->{code} eq 'kernel-threads-unseen' } @{$report->{findings}}), 1,
		'and says so');
}

# A file of such a server goes to a socket by reference, as any other does.
check_all_unaudited(['sendfile from the server', 'sendfile', '--src', "$mounted/sent", '--to', 'tcp'])
	if measured();

# A line of the text tells the same, and nothing of a target without a thread of the kernel.
my $text = start($tool, 'path', '-o', "$dir/text", tier_options(), '-a');
wait_for_line($text, 'err', qr/tracing/);
run('dd', 'status=none', "if=$dir/pattern", "of=/dev/$loop", 'bs=64k', 'conv=notrunc,fsync');
stop($text, 'INT');
my ($note) = read_file("$dir/text") =~ /^(note: .*threads of the kernel.*(?:\n  .*)*)/mi;
like($note // '', measured() ? qr{ \Q$loop\E\s+wrote\s+[\d.]+\s+MiB} : qr/not\s+seen/, 'one note in the text');
my ($small, $ran) = path_json([], 'cat', "$dir/pattern");
is_deeply([measured() ? $small->{kernel_threads} : (), map { $_->{code} } @{$small->{findings}}],
	[measured() ? [] : (), measured() ? () : 'derived-hooks'], 'a command is no thread of the kernel');
done_testing();

END {
	local $?;

	system @$_ for reverse @undo;
}
