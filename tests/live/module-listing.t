#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The module's listing of inodes: each column, each kind of inode, and who may read it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Module;
use Residency;
use Test::More;

use Fcntl qw(:DEFAULT SEEK_SET);
use IPC::SysV qw(IPC_PRIVATE IPC_CREAT IPC_RMID);
use Time::HiRes qw(sleep);

use constant {
	SYS_MMAP => 9, SYS_MADVISE => 28, SYS_SYNC_FILE_RANGE => 277,
	PROT_READ => 1, PROT_WRITE => 2,
	MAP_SHARED => 1, MAP_ANONYMOUS => 0x20, MAP_32BIT => 0x40,
	MADV_PAGEOUT => 21, SYNC_FILE_RANGE_WRITE => 2,
	RESIDENT => 4, DIRTY => 5, WRITEBACK => 6, EVICTED => 7,
};

needs_module();
module_load();
# No page is to be written before a test says so.
write_file('/proc/sys/vm/dirty_writeback_centisecs', "0\n");

sub row_of { return listing()->{key_of($_[0])} // [(0) x 11] }

sub done
{
	my ($command) = @_;

	return system($command) == 0 || fail("it works: $command") && 0;
}

# Memory that is shared, as much as asked, low for perl: its address.
sub map_shared
{
	my ($pages, $file) = @_;
	my $flags = MAP_SHARED | MAP_32BIT | ($file ? 0 : MAP_ANONYMOUS);
	my $at = syscall SYS_MMAP, 0, $pages * PAGE, PROT_READ | PROT_WRITE, $flags,
		$file ? fileno $file : -1, 0;

	die "mmap: $!" if $at == -1;
	return $at;
}

# Looks at the memory, so that it is in the page tables.
sub touch
{
	my ($at, $pages) = @_;
	my $copy = unpack 'P' . $pages * PAGE, pack 'J', $at;

	return length $copy;
}

subtest 'files and memory' => sub {
	my $gone = page_file("$dir/gone", 50);
	my $closed = page_file("$dir/closed", 50);
	my $memory = memfd('listed');

	read_pages($gone, 1 .. 7);
	unlink "$dir/gone";
	read_pages($closed, 0 .. 20);
	my $key = key_of($closed);
	close $closed;
	syswrite $memory, 'x' x (5 * PAGE);
	my $found = listing();
	my $row = $found->{key_of($gone)};
	is("@$row[3 .. 6, 8 .. 10]", 50 * PAGE . ' 7 0 0 0 1 ext4', 'an open file without a name');
	is($found->{$key}[RESIDENT], 21, 'an inode that nobody has open');
	is($found->{$key}[9], 0, 'has no opens');
	is("@{$found->{key_of($memory)}}[4, 8 .. 10]", '5 0 1 tmpfs', 'a memfd');
	forget($gone);
	ok(!listing()->{key_of($gone)}, 'what was forgotten is not listed');
};

subtest 'memory without a file' => sub {
	my $before = listing();
	my $at = map_shared(77);
	is(touch($at, 77), 77 * PAGE, 'the mapping can be read');
	my $after = listing();
	my @new = map { $after->{$_} } grep { !$before->{$_} } keys %$after;
	my @shared = grep { $_->[RESIDENT] == 77 && $_->[10] eq 'tmpfs' } @new;
	is(scalar @shared, 1, 'shared anonymous memory');
	is("@{$shared[0]}[3, 8]", 77 * PAGE . ' 0', 'its size; it has no name') if @shared;

	# The inode's number is that of the segment.
	my $id = shmget IPC_PRIVATE, 33 * PAGE, IPC_CREAT | 0600 // return fail("shmget: $!");
	ok(shmwrite($id, 'x' x (33 * PAGE), 0, 33 * PAGE), 'the segment is written');
	my @segment = grep { $_->[1] == $id && $_->[RESIDENT] == 33 && $_->[10] eq 'tmpfs' }
		values %{listing()};
	is(scalar @segment, 1, 'SysV shared memory');
	shmctl $id, IPC_RMID, 0;
	ok(!grep({ $_->[1] == $id && $_->[RESIDENT] == 33 } values %{listing()}), 'and is gone with it');
};

subtest 'a block device' => sub {
	my $number = device_text((stat '/dev/vdb')[6]);

	is(listing()->{"$number 0"}, undef, 'whose cache is empty is not there');
	sysopen my $device, '/dev/vdb', O_RDONLY or return fail("/dev/vdb: $!");
	sysseek $device, 8 << 20, SEEK_SET;
	sysread $device, my $block, 3 * PAGE;
	my $row = listing()->{"$number 0"} // return fail('it is there');
	cmp_ok($row->[RESIDENT], '>=', 3, 'its pages');
	is("@$row[3, 9, 10]", (2 << 30) . ' 1 bdev', 'its size, its openers');
	close $device;
	ok(done('blockdev --flushbufs /dev/vdb'), 'flushed');
	is(listing()->{"$number 0"}, undef, 'and is not there any more');
};

subtest 'dirty' => sub {
	my $file = page_file("$dir/dirty", 60);

	read_pages($file, 0 .. 9);
	write_pages($file, 4 .. 6, 40 .. 49);
	is("@{row_of($file)}[4 .. 6]", '20 13 0', 'what was written and not yet brought to the disk');
	$file->sync;
	is("@{row_of($file)}[4 .. 6]", '20 0 0', 'and when it was');
};

subtest 'evicted' => sub {
	my $file = page_file("$dir/evicted", 64);

	read_pages($file, 0 .. 63);
	my $at = map_shared(64, $file);
	touch($at, 64);
	is("@{row_of($file)}[4, 7]", '64 0', 'all is there');
	# Reclaim gives a page that was just used another turn.
	syscall(SYS_MADVISE, $at, 64 * PAGE, MADV_PAGEOUT) == 0 or fail("madvise: $!") for 1 .. 3;
	my $row = row_of($file);
	my ($sums) = ask_all($file, 100);
	is($sums->{evicted} + $sums->{resident} / PAGE, 64, 'the file: what left has a shadow');
	cmp_ok($sums->{evicted}, '>', 0, 'and some left');
	if ($sums->{resident}) {
		is("@$row[4, 7]", $sums->{resident} / PAGE . " $sums->{evicted}", 'so says the listing');
	} else {
		is_deeply($row, [(0) x 11], 'an inode with shadows alone is not listed');
		read_pages($file, 5);
		is("@{row_of($file)}[4, 7]", '1 63', 'one page, the others evicted');
	}
};

# A loop device stands still while the file system that its file is on is frozen:
# pages on their way to it stay so.
subtest 'writeback' => sub {
	my ($lower, $upper) = ("$dir/lower", "$dir/upper");

	mkdir $_ for $lower, $upper;
	done("modprobe loop && truncate -s 100M $lower.image && mkfs.ext4 -q $lower.image &&" .
		"mount -o loop $lower.image $lower && truncate -s 60M $lower/image &&" .
		"mkfs.ext4 -q $lower/image && mount -o loop $lower/image $upper") or return;
	my $file = page_file("$upper/file", 40);
	read_pages($file, 0 .. 29);
	write_pages($file, 10 .. 21);
	is("@{row_of($file)}[4 .. 6]", '30 12 0', 'dirty');
	done("fsfreeze -f $lower") or return;
	# Beside this process, should the call wait for what cannot go on.
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		syscall SYS_SYNC_FILE_RANGE, fileno $file, 0, 0, SYNC_FILE_RANGE_WRITE;
		POSIX::_exit(0);
	}
	my $row = row_of($file);
	for (1 .. 100) {
		last if $row->[WRITEBACK] == 12;
		sleep 0.1;
		$row = row_of($file);
	}
	is("@$row[4 .. 6]", '30 0 12', 'on their way to the disk');
	my (undef, $extents) = ask_all($file, 100);
	is(pages_in($extents, STATE_WRITEBACK), join(' ', 10 .. 21), 'and so says the file');
	done("fsfreeze -u $lower");
	waitpid $pid, 0;
	$file->sync;
	is("@{row_of($file)}[4 .. 6]", '30 0 0', 'clean');
	close $file;
	is(listing_half_read($upper), 0, 'a listing that is half read holds no file system');
	done("umount $lower");
};

# Unmounts @where between two reads of one listing: the status of umount.
sub listing_half_read
{
	my ($where) = @_;

	open my $list, '<', '/proc/copyscope/inodes' or die $!;
	sysread $list, my $some, 10;
	my $status = system 'umount', $where;
	my $more = '';
	1 while sysread $list, $more, 65536, length $more;
	like("$some$more", qr/^# copyscope\/inodes\/1 .* type\n(\d.*\n)+\z/, 'and can be read on');
	return $status;
}

subtest 'one opening, one snapshot' => sub {
	my $file = page_file("$dir/snapshot", 30);

	read_pages($file, 0 .. 3);
	open my $twice, '<', '/proc/copyscope/inodes' or die $!;
	my @first = <$twice>;
	forget($file);
	seek $twice, 0, SEEK_SET;
	is(join('', <$twice>), join('', @first), 'which does not change');
	like($first[0], qr/^# copyscope\/inodes\/1 device inode generation size resident dirty writeback evicted links opens type\n/,
		'the columns are named');
	is(scalar(grep { (split) != 11 } @first[1 .. $#first]), 0, 'each row has them');
};

subtest 'more inodes than there is room for' => sub {
	module_unload();
	module_load('inodes_max=3');
	my @lines = split /\n/, read_file('/proc/copyscope/inodes');
	is(scalar @lines, 5, 'no more than there is room for');
	like($lines[4], qr/^# left out \d+ inodes with less than \d+ pages each, \d+ pages$/, 'and says so');
	my $least = (sort { $a <=> $b } map { (split)[RESIDENT] } @lines[1 .. 3])[0];
	my ($most) = $lines[4] =~ /less than (\d+)/;
	cmp_ok($least, '>=', $most - 1, 'the largest are kept');
};

module_unload();
done_testing();
