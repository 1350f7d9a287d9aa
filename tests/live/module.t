#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The kernel module agrees with mincore(2), lets nobody see what is not theirs, and
# cannot be hurt. A kernel splat fails the run of the machine (tests/vm/run).
use strict;
use warnings;
no warnings 'portable'; # 64 bits are needed
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Module;
use Residency;
use Test::More;

use Errno;
use Fcntl qw(:DEFAULT SEEK_SET);
use POSIX ();
use Time::HiRes qw(sleep time);

use constant {
	SYS_IOCTL => 16, SYS_MADVISE => 28, SYS_MMAP => 9, SYS_MEMFD_CREATE => 319,
	MFD_HUGETLB => 4, O_PATH => 010000000, MADV_PAGEOUT => 21,
	CHUNK_PAGES => 300,
};

needs_module();

# An error's name, of what was just tried.
sub error_is
{
	my ($got, $name, $what) = @_;
	my $error = $! + 0;

	ok(!defined $got, "$what: is refused");
	is($error, Errno->can($name)->(), "$what: $name");
}

module_load();

sub random_step
{
	my ($file) = @_;
	my $step = int rand 6;
	my @some = map { int rand CHUNK_PAGES } 0 .. rand 30;

	return read_pages($file, @some) if $step < 2;
	return write_pages($file, @some) if $step < 4;
	return forget($file) if $step == 4;
	return truncate $file, int rand CHUNK_PAGES * PAGE;
}

for my $where ($dir, memory_dir()) {
	subtest "as mincore(2): $where" => sub {
		my $file = page_file("$where/random", CHUNK_PAGES);
		my $seen = 0;

		srand 44;
		for my $round (1 .. 60) {
			random_step($file) for 0 .. rand 4;
			my $pages = resident_pages($file);
			my ($sums, $extents) = ask_all($file, 1 + int rand 9);

			is(pages_in($extents), $pages, "round $round: the pages");
			is($sums->{resident}, sum(0, map { $_->[1] } @$extents), "round $round: their sum");
			is($sums->{file_size}, -s $file, "round $round: the size");
			my ($totals) = ask($file, capacity => 0);
			is($totals->{resident}, $sums->{resident}, "round $round: totals alone");
			is($totals->{count} + $totals->{next}, 0, "round $round: have no extents");
			$seen += () = $pages =~ /\d+/g;
		}
		cmp_ok($seen, '>', 60, 'there was something to see');
	};
}

subtest 'states, ranges and text' => sub {
	my $file = page_file("$dir/states", 100);

	read_pages($file, 10 .. 19, 99);
	write_pages($file, 3, 50 .. 52);
	my ($sums, $extents) = ask_all($file, 100);
	is(pages_in($extents, STATE_DIRTY), '3 50 51 52', 'what was written is dirty');
	is($sums->{dirty}, 4 * PAGE, 'and its sum');
	my (undef, $some) = ask($file, offset => 12 * PAGE + 5, length => 2 * PAGE);
	is(pages_in($some), '12 13 14', 'a range is widened to whole pages');
	is((ask($file, offset => 1 << 40))[0]{resident}, 0, 'there is nothing after the end');
	my $text = by_text("path $dir/states\n");
	like($text, qr/^inode \d+:\d+ \d+ 409600 -\n/, 'text: the inode');
	my @text = $text =~ /^extent (\d+ \d+ \d+) /mg;
	is("@text", join(' ', map { "$_->[0] $_->[1] $_->[3]" } @$extents), 'text: the extents');
	like($text, qr/^total $sums->{resident} $sums->{dirty} 0 0 $sums->{evicted} 0\n\z/m, 'text: the sums');
	is(by_text('fd ' . fileno $file), $text, 'by a descriptor');
	$file->sync;
	is((ask_all($file, 100))[0]{dirty}, 0, 'clean after fsync');
	sysopen my $path, "$dir/states", O_PATH or die "O_PATH: $!";
	is((ask_all($path, 100))[0]{resident}, 15 * PAGE, 'by O_PATH');
	like(read_file('/proc/copyscope/file'), qr/^# write/, 'help when nothing was asked');

	# More extents than one walk for text holds.
	my $many = page_file("$dir/many", 3000);
	read_pages($many, map { 2 * $_ } 0 .. 1499);
	my $lines = by_text("path $dir/many");
	is(scalar(() = $lines =~ /^extent/mg), 1500, 'text of 1,500 extents');
	like($lines, qr/^total ${\(1500 * PAGE)} 0 0 0 \d+ 0\n\z/m, 'and their sum');
};

subtest 'huge pages, swap, devices, overlays' => sub {
	write_file('/proc/sys/vm/nr_hugepages', "4\n");
	my $name = "huge\0";
	my $fd = syscall SYS_MEMFD_CREATE, $name, MFD_HUGETLB;
	open my $huge, '+<&=', $fd or return fail("memfd of huge pages: $!");
	truncate $huge, 8 << 20;
	syscall(285, $fd, 0, 2 << 20, 4 << 20) == 0 or fail("fallocate: $!");
	my ($sums, $extents) = ask_all($huge, 10);
	is("@{$extents->[0]}[0, 1, 3]", join(' ', 2 << 20, 4 << 20, 9), 'hugetlbfs: extents in bytes');
	is($sums->{resident}, 4 << 20, 'hugetlbfs: their sum');
	my (undef, $part) = ask($huge, offset => (3 << 20) + PAGE, length => 3 * PAGE);
	is("@{$part->[0]}[0, 1]", join(' ', (3 << 20) + PAGE, 3 * PAGE), 'hugetlbfs: part of a folio');
	is(listing()->{key_of($huge)}[4], 1024, 'hugetlbfs: the listing counts small pages');

	my $memory = memfd('swap');
	syswrite $memory, 'x' x (64 * PAGE);
	system("dd if=/dev/zero of=$dir/swap bs=1M count=16 status=none && chmod 600 $dir/swap &&
		mkswap -q $dir/swap >/dev/null && swapon $dir/swap") == 0 or fail('no swap');
	# Low, as perl may keep no more than 32 bits of what a call returns.
	my $at = syscall SYS_MMAP, 0, 64 * PAGE, 3, 1 | 0x40, fileno $memory, 0;
	my $vector = "\0" x 64;
	syscall 27, $at, 64 * PAGE, $vector;
	# What is not in a page table is not paged out.
	my $copy = unpack 'P262144', pack 'J', $at;
	syscall(SYS_MADVISE, $at, 64 * PAGE, MADV_PAGEOUT) == 0 or fail("madvise: $!");
	($sums) = ask_all($memory, 10);
	ok($sums->{facts} & FACT_SWAP, 'tmpfs: evicted is swap');
	cmp_ok($sums->{evicted}, '>', 0, 'tmpfs: there is some');
	is($sums->{evicted} + $sums->{resident} / PAGE, 64, 'tmpfs: no page is lost');
	system("swapoff $dir/swap");

	my ($disk) = grep { -b } qw(/dev/vda);
	sysopen my $device, $disk, O_RDONLY or return fail("$disk: $!");
	sysread $device, my $block, PAGE;
	($sums) = ask_all($device, 1000);
	ok($sums->{facts} & FACT_DEVICE && !$sums->{ino}, 'a block device is named as one');
	cmp_ok($sums->{resident}, '>', 0, 'and has pages');
	mkdir $_ for "$dir/o", map { "$dir/o/$_" } qw(l u w m);
	read_pages(page_file("$dir/o/l/file", 40), 1, 2, 30);
	system("mount -t overlay o -o lowerdir=$dir/o/l,upperdir=$dir/o/u,workdir=$dir/o/w $dir/o/m") == 0
		or return fail('no overlay');
	sysopen my $over, "$dir/o/m/file", O_RDONLY or die $!;
	($sums, $extents) = ask_all($over, 10);
	is(pages_in($extents), '1 2 30', 'overlayfs: the pages of the file below');
	is($sums->{ino}, (stat "$dir/o/l/file")[1], 'overlayfs: and its inode');
	close $over;
	is(system('umount', "$dir/o/m"), 0, 'nothing holds the overlay');
};

# Run perl code as another user, @by other programs; its output.
sub as_nobody
{
	my ($code, @by) = @_;

	open my $out, '-|', 'setpriv', '--reuid=65534', '--regid=65534', '--clear-groups',
		@by, 'perl', '-MFcntl', '-e', $code or die $!;
	local $/;
	return <$out> // '';
}

subtest 'who may know' => sub {
	my $theirs = page_file("$dir/theirs", 10);
	my $own = page_file("$dir/own", 10);
	my $try = sub {
		my ($path) = @_;
		return 'sysopen F, "/proc/copyscope/file", O_RDWR or print("no ", $!+0), exit;' .
			"print syswrite(F, 'path $path') ? 'ok' : \$!+0; open G, '<', '$path' or die;" .
			'$q = pack "L l Q Q Q L L L L Q10", 128, fileno G, (0) x 16;' .
			'print " ", ioctl(F, ' . CS_RESIDENCY . ', $q) ? "ok" : $!+0';
	};

	chmod 0755, $dir;
	chmod 0644, "$dir/theirs", "$dir/own";
	chown 65534, 65534, "$dir/own";
	is(as_nobody($try->("$dir/own")), 'no ' . Errno::EACCES, 'the file is root\'s');
	is(as_nobody('open F, "<", "/proc/copyscope/inodes" or print $!+0'), Errno::EACCES, 'and so the listing');
	is(qx(setpriv --bounding-set=-sys_admin --inh-caps=-all sh -c 'cat /proc/copyscope/inodes' 2>&1),
		"cat: /proc/copyscope/inodes: Operation not permitted\n", 'root without the capability');
	like(qx(unshare $_ cat /proc/copyscope/inodes 2>&1), qr/^cat:.*(not permitted|denied)\n\z/,
		"root of a namespace: $_") for '-Ur', '-Urpf --mount-proc';
	module_unload();
	module_load('everyone=1');
	is(as_nobody($try->("$dir/theirs")), Errno::EPERM . ' ' . Errno::EPERM, 'a file of root');
	is(as_nobody($try->("$dir/own")), 'ok ok', 'a file of their own');
	chmod 0666, "$dir/theirs";
	is(as_nobody($try->("$dir/theirs")), 'ok ok', 'a file that they may write');
	chmod 0644, "$dir/theirs";
	my $in_namespace = 'setpriv --reuid=65534 --regid=65534 --clear-groups unshare -Ur bash -c ' .
		"'exec 9<>/proc/copyscope/file; id -u; echo path \$0 >&9 && echo told'";
	like(qx($in_namespace $dir/theirs 2>&1), qr/^0\n.*echo: write error: Operation not permitted\n\z/,
		'root of a namespace of nobody: a file of root');
	is(qx($in_namespace $dir/own 2>&1), "0\ntold\n", 'root of a namespace of nobody: their own');
	for my $case (['theirs', Errno::EPERM . ' ' . Errno::EPERM], ['own', 'ok ok']) {
		my ($name, $answer) = @$case;
		my $said = qx(setpriv --reuid=65534 --regid=65534 --clear-groups unshare -Ur $tool pages $dir/$name 2>&1);

		is(as_nobody($try->("$dir/$name"), 'unshare', '-Ur'), $answer,
			"by text and ioctl: root of a namespace of nobody: $name");
		like($said, $name eq 'own' ? qr/ resident / : qr/\Acopyscope: [^\n]*: only its owner[^\n]*\n\z/,
			"by the tool: $name");
	}
	# cachestat(2)'s rule: who was given the file to write to may know.
	for my $case ([O_RDWR, 'ok'], [O_RDONLY, Errno::EPERM]) {
		sysopen my $given, "$dir/theirs", $case->[0] or die $!;
		my $fd = fcntl $given, F_DUPFD, 100; # without FD_CLOEXEC
		is(as_nobody('sysopen F, "/proc/copyscope/file", O_RDWR or die;' .
			"\$q = pack 'L l Q Q Q L L L L Q10', 128, $fd, (0) x 16;" .
			'print ioctl(F, ' . CS_RESIDENCY . ', $q) ? "ok" : $!+0'), $case->[1],
			"a descriptor of root's, opened by $case->[0]");
		POSIX::close($fd);
	}
	# The opener's rights count, not those of who is made to write.
	sysopen my $root, "$dir/theirs", O_RDONLY or die $!;
	my $pid = open my $out, '-|';
	if (!$pid) {
		$) = '65534 65534';
		$> = 65534;
		sysopen my $file, '/proc/copyscope/file', O_RDWR or POSIX::_exit(1);
		$> = 0;
		print syswrite($file, 'fd ' . fileno $root) ? 'ok' : $! + 0;
		POSIX::_exit(0) if close STDOUT;
	}
	is(<$out>, Errno::EPERM, 'who opened counts, not who writes');
	waitpid $pid, 0;
	module_unload();
	module_load();
};

subtest 'garbage' => sub {
	my $file = page_file("$dir/garbage", 3);

	error_is(by_text($_), 'EINVAL', 'text "' . substr($_, 0, 20) =~ s/[^ -~]/?/gr . '"')
		for 'x', "\n", "\0", 'fd', 'fd ', 'fd x', 'fd -1', 'fd 1 2', 'fd 99999999999', 'FD 1', 'path',
		"path /\0x", 'x' x 4000, "\xff" x 5000, 'path ' . 'x' x 100000;
	error_is(by_text('fd 9999'), 'EBADF', 'no descriptor');
	error_is(by_text("path $_"), 'ENOENT', 'no file') for '', "$dir/none";
	error_is(by_text("path $dir/" . 'x' x 300), 'ENAMETOOLONG', 'a long name');
	POSIX::mkfifo("$dir/fifo", 0600);
	error_is(by_text("path $_"), 'EOPNOTSUPP', $_) for "$dir/fifo", '/dev/zero', '/proc/copyscope/file';
	pipe my $reader, my $writer;
	error_is((ask($_))[0], 'EOPNOTSUPP', 'ioctl: no page cache') for $reader, module_file();
	error_is((ask(9999))[0], 'EBADF', 'ioctl: no descriptor');
	error_is((ask($file, %$_))[0], 'EINVAL', "ioctl: @{[%$_]}")
		for { size => 119 }, { size => 0 }, { reserved => 1 }, { capacity => 65537 },
		{ capacity => 0xffffffff }, { offset => 1 << 63 }, { length => 1 << 63 },
		{ offset => (1 << 63) - 1, length => 2 };
	read_pages($file, 0);
	error_is((ask($file, extents => $_))[0], 'EFAULT', sprintf 'ioctl: extents at %#x', $_)
		for 0, 1, 0xffff800000000000, 0xfffffffffffff000, 0x7ffffffff000;
	for my $at (0, 1, 4096, 0xffff800000000000 - 2**64, -4096, -1) {
		my $got = syscall SYS_IOCTL, fileno module_file(), CS_RESIDENCY, $at;
		error_is($got == -1 ? undef : $got, 'EFAULT', "ioctl: the question at $at");
	}
	my $got = syscall SYS_IOCTL, fileno module_file(), 0xc5c5, 0;
	error_is($got == -1 ? undef : $got, 'ENOTTY', 'ioctl: another command');
	ok((ask($file))[0], 'and still it answers');
};

subtest 'what is not loaded' => sub {
	my $text = read_file($ko);

	module_unload();
	$text =~ s/(vermagic=\S+ )SMP /$1UMP / or fail('it names no kernel');
	write_file("$dir/other.ko", $text);
	like(qx(insmod $dir/other.ko 2>&1), qr/^insmod: .*Invalid module format\n\z/, 'of another kernel');
	like(qx(insmod $ko inodes_max=$_ 2>&1), qr/^insmod: .*Invalid (argument|parameters)\n\z/,
		"inodes_max=$_") for 0, -1, 'x', 16777217;
	like(qx(setpriv --reuid=65534 --clear-groups --bounding-set=-all insmod $ko 2>&1),
		qr/^insmod: .*Operation not permitted\n\z/, 'by nobody');
	ok(!-e '/proc/copyscope', 'is not there');
	module_load();
};

# What may go wrong in parallel; readers must end and nothing may be held.
subtest 'under load' => sub {
	my $end = time + 20;
	my @jobs = (
		"while :; do dd if=/dev/zero of=$dir/s1 bs=64k count=40 status=none; truncate -s 5000 $dir/s1; rm $dir/s1; done",
		'while :; do echo 3 >/proc/sys/vm/drop_caches; sleep 0.3; done',
		"mkdir -p $dir/mnt; while :; do mount -t tmpfs t $dir/mnt && dd if=/dev/zero of=$dir/mnt/f bs=64k count=9 status=none; umount $dir/mnt || echo busy; done",
		'while :; do cat /proc/copyscope/inodes >/dev/null || echo unread; done');
	my $file = page_file("$dir/s2", CHUNK_PAGES);
	my $rounds = 0;
	my @running = map { start('sh', '-c', "exec 2>&1; $_") } @jobs;

	while (time < $end) {
		random_step($file);
		my ($sums) = ask_all($file, 3);
		defined $sums or fail("the ioctl: $!");
		by_text("path $dir/s2") // fail("the text: $!");
		$rounds++;
	}
	stop($_, 'KILL') for @running;
	sleep 1;
	is(join('', map { read_file($_->{out}) } @running) =~ s/^echo.*\n//mgr, '', 'no complaints');
	cmp_ok($rounds, '>', 20, "$rounds rounds");
	system("umount $dir/mnt 2>/dev/null");
};

subtest 'unloading with the file open' => sub {
	my $target = page_file("$dir/target", 10);
	sysopen my $file, '/proc/copyscope/file', O_RDWR or die $!;
	syswrite $file, "path $dir/target" or fail("path: $!");
	sysread $file, my $line, 10;
	open my $list, '<', '/proc/copyscope/inodes' or die $!;
	sysread $list, $line, 10;
	is(module_unload(), 0, 'rmmod succeeds');
	error_is(sysread($file, $line, 10), 'EIO', 'reading on');
	ok(!-e '/proc/copyscope', 'its files are gone');
	module_load();
};

for my $test (qw(pages fds)) {
	subtest "copyscope $test, all of its test" => sub {
		my $ran = qx(prove -v tests/live/$test.t 2>&1);

		is($?, 0, "$test.t with the module") or diag($ran);
		like($ran, qr/source: module/, 'asked the module');
	};
}

module_unload();
done_testing();
