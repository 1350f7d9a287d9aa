#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# copyscope pages with the module: how the largest inodes of the machine are named,
# what a watch of them tells, and a module that cannot be used.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Module;
use Residency;
use Test::More;

use IPC::SysV qw(IPC_PRIVATE IPC_CREAT IPC_RMID);
use Cpanel::JSON::XS;

use constant MIB => 1 << 20;

needs_module();
module_load();

# A file of so many bytes, in the page cache, that nobody has open.
sub closed_file
{
	my ($path, $bytes) = @_;

	open my $file, '>', $path or die "$path: $!";
	syswrite $file, 'x' x MIB or die "$path: $!" for 1 .. $bytes / MIB;
	close $file or die "$path: $!";
	return $path;
}

sub largest
{
	my ($answer, $ran) = pages('--top', '40');

	is($ran->{status}, 0, 'exit status') or diag($ran->{err});
	check_schema($answer, 'pages.schema.json', '--top');
	return @{$answer->{files}};
}

# Nobody has any of these open; each is found in another way.
subtest 'ways to a name' => sub {
	my ($xfs, $memory) = ("$dir/xfs", "$dir/memory");
	my $bytes = 48 * MIB;

	mkdir $_ for $xfs, $memory;
	system("modprobe -a loop xfs && truncate -s 400M $xfs.image && mkfs.xfs -q $xfs.image" .
		" && mount -o loop $xfs.image $xfs && mount -t tmpfs m $memory") == 0
		or return fail('file systems');
	closed_file("$xfs/deep", $bytes);
	mkdir "$memory/folder";
	closed_file("$memory/folder/file", $bytes);
	my $shared = shmget(IPC_PRIVATE, $bytes, IPC_CREAT | 0600) // die "shmget: $!";
	shmwrite($shared, 'x' x $bytes, 0, $bytes) or die "shmwrite: $!";
	system("dd if=/dev/vda of=/dev/null bs=1M count=48 status=none") == 0 or fail('dd');

	my @files = largest();
	my ($by_handle) = grep { ($_->{path} // '') eq "$xfs/deep" } @files;
	is($by_handle->{resident_bytes}, $bytes, 'XFS: by its handle');
	is($by_handle->{ino}, (stat "$xfs/deep")[1], 'the inode');
	my ($by_walk) = grep { ($_->{path} // '') eq "$memory/folder/file" } @files;
	is($by_walk->{resident_bytes}, $bytes, 'tmpfs: by a walk over its names');
	my ($device) = grep { ($_->{path} // '') eq '/dev/vda' } @files;
	cmp_ok($device->{resident_bytes} // 0, '>=', $bytes, 'a block device');
	is($device->{dev}, device_text((stat '/dev/vda')[6]), 'by its own number');
	my ($nameless) = grep { !defined $_->{path} && $_->{file_system} eq 'tmpfs' &&
		$_->{resident_bytes} == $bytes } @files;
	is($nameless->{ino}, $shared, 'shared memory that nobody has attached: the inode is its id');
	my $text = run_tool('pages', '--top', '40')->{out};
	like($text, qr/^\Q$nameless->{dev}:$nameless->{ino}\E \(tmpfs\)( \(deleted\))?$/m,
		'so its text is device and inode');
	shmctl($shared, IPC_RMID, 0);
	system("umount $xfs $memory") == 0 or fail('umount');
	unlink "$xfs.image";
};

# What was small, or was not there, did not enter because it is among the largest now.
subtest 'a watch of the largest' => sub {
	my $out = "$dir/top.txt";
	my $first = memfd('first');

	syswrite $first, 'x' x MIB for 1 .. 200;
	my $p = start($tool, 'pages', '--top', '1', '-i', '1', '-o', $out);
	wait_until('the first look', sub { (read_file($out) // '') =~ /^total: 1 file/m });
	like(read_file($out), qr{^/memfd:first \(deleted\)$}m, 'the largest');
	my $second = memfd('second');
	syswrite $second, 'x' x MIB for 1 .. 300;
	my $said = '';
	wait_until('the other one', sub {
		$said = read_file($out);
		$said =~ m{^/memfd:second.*\n +seen first now\W}m;
	});
	unlike($said, qr{^ +(\S+ MiB) entered\W+0 B left\W+\1 resident}m, 'it did not enter as a whole');
	like($said, qr/^1 file not among the largest any more, 200 MiB were resident in it$/m,
		'the first one is still there, but smaller');
	unlike($said, qr/not found/, 'and not lost');
	is(stop($p, 'INT'), 0, 'Ctrl-C ends it well');
};

subtest 'hugetlbfs' => sub {
	my $at = memory_dir();

	write_file('/proc/sys/vm/nr_hugepages', "4\n");
	system("mount -t hugetlbfs h $at && truncate -s 6M $at/file && fallocate -l 4M $at/file") == 0
		or return fail('hugetlbfs');
	my ($answer, $ran) = pages("$at/file");
	my $got = $answer->{files}[0];
	is("$ran->{status} $got->{source} $got->{resident_bytes} $got->{size_bytes}",
		join(' ', 0, 'module', 4 * MIB, 6 * MIB), 'two of three pages');
	is($got->{extents}[0]{folio_bytes}, 2 * MIB, 'huge ones');
	module_unload();
	$ran = run_tool('pages', "$at/file");
	is($ran->{exit}, 125, 'without the module: exit status');
	like($ran->{err}, qr/: huge pages of hugetlbfs: only the module can tell, load it\n\z/, 'says so');
	module_load();
	system("umount $at") == 0 or fail('umount');
	write_file('/proc/sys/vm/nr_hugepages', "0\n");
};

# The tool where the module's files are others: ({exit, out, err}).
sub with_files
{
	my ($file, $inodes, @arguments) = @_;
	my $p = start('unshare', '-m', 'sh', '-c', 'mount --bind "$1" /proc/copyscope/file &&' .
		'mount --bind "$2" /proc/copyscope/inodes && shift 2 && exec "$@"', 'sh', $file,
		$inodes, $tool, @arguments);

	stop($p);
	return { exit => $p->{status} >> 8, out => read_file($p->{out}), err => read_file($p->{err}) };
}

subtest 'a module of another version' => sub {
	my $junk = write_file("$dir/junk", "# something else\n1 2 3\n");
	my $other = page_file("$dir/one", 3);
	my $line = qr/\Acopyscope: the kernel module does not answer in the language of [^\n]*\n\z/;

	read_pages($other, 1);
	my $ran = with_files($junk, $junk, 'pages', '--format', 'json', "$dir/one", "$dir/junk");
	is($ran->{exit}, 0, 'pages: exit status') or diag($ran->{err});
	like($ran->{err}, $line, 'pages: one line says so');
	my $got = Cpanel::JSON::XS->new->utf8->decode($ran->{out});
	isnt($got->{source}, 'module', 'pages: another source was asked');
	is(pages_of($got->{files}[0]), '1', 'pages: and answered');
	$ran = with_files($junk, $junk, 'pages', '-q', "$dir/one");
	is("$ran->{exit} $ran->{err}", '0 ', 'pages -q: no word of it');
	$ran = with_files($junk, $junk, 'pages', '-i', '0.3', '-d', '1', "$dir/one");
	like($ran->{err}, $line, 'a watch says it once');
	$ran = with_files($junk, $junk, 'fds', $$);
	is($ran->{exit}, 0, 'fds: exit status');
	like($ran->{err}, $line, 'fds: one line says so');
	$ran = with_files($junk, $junk, 'pages', '--top', '3');
	is($ran->{exit}, 125, 'pages --top: exit status');
	like($ran->{err}, qr/\Acopyscope: the loaded module is of another version[^\n]*\n\z/,
		'pages --top: one line says so');
	is($ran->{out}, '', 'pages --top: and nothing else');
};

# Who asks meanwhile goes on by another way, and calls it no other version.
subtest 'a module that is unloaded' => sub {
	my $file = page_file("$dir/meanwhile", 5);
	my $out = "$dir/meanwhile.csv";

	read_pages($file, 1, 2);
	my $p = start($tool, 'pages', '-i', '0.5', '--format', 'csv', '-o', $out, "$dir/meanwhile");
	wait_until('a look by the module', sub { (read_file($out) // '') =~ /,module,$/m });
	module_unload();
	wait_until('one by another way', sub { read_file($out) =~ /,(cachestat|mincore),$/m });
	is(stop($p, 'INT'), 0, 'Ctrl-C ends it well');
	is(read_file($p->{err}), '', 'and nothing was to complain of');
	my @rows = grep { /meanwhile/ } split /\n/, read_file($out);
	is(scalar(grep { (split /,/)[4] != 2 * PAGE } @rows), 0, 'each look saw the two pages');
};

done_testing();
