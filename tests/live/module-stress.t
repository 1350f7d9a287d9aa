#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The kernel module is asked about the very file that others change, and while it
# is unloaded: what it answers is possible, and it fails only as it may. A kernel
# splat fails the run of the machine (tests/vm/run).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Module;
use Residency;
use Test::More;

use Errno qw(:POSIX);
use Fcntl qw(:DEFAULT SEEK_SET);
use POSIX ();
use Time::HiRes qw(sleep time);

use constant {
	SYS_MMAP => 9, SYS_MUNMAP => 11, SYS_MADVISE => 28, SYS_FALLOCATE => 285,
	PUNCH_HOLE => 3, MADV_POPULATE_READ => 22,
	LIMIT => 2500, # pages that the file never gets more of: several walks of the module
	SECONDS => 8, # at least
	ROUNDS => 3, # of each job, at least, however slow the machine is: mounting is slowest
	RELOADS => 6,
	PATIENCE => 150, # seconds that these may take
};

needs_module();
module_load();

my $path; # of the file that is changed
my $over = "$dir/over"; # is there when the jobs are to end

sub one_of { return $_[int rand @_] }

# What cannot be, of an answer in extents and sums of bytes; '' if all can.
sub impossible
{
	my ($extents, $sums, $from) = @_;
	my %sum = map { $_ => 0 } qw(resident dirty writeback mapped);
	my $at = $from;

	for (@$extents) {
		my ($offset, $length, $state, $order) = @$_;

		return "extent @$_ begins before $at" if $offset < $at;
		return "extent @$_" if !$length || ($offset | $length) % PAGE || $state > 63 || $order > 9;
		$at = $offset + $length;
		$sum{resident} += $length;
		$sum{dirty} += $length if $state & STATE_DIRTY;
		$sum{writeback} += $length if $state & STATE_WRITEBACK;
		$sum{mapped} += $length if $state & STATE_MAPPED;
	}
	return "extents up to $at" if $at > LIMIT * PAGE;
	for (keys %sum) {
		return "$_ $sums->{$_}, extents have $sum{$_}" if $sums->{$_} != $sum{$_};
	}
	return "evicted $sums->{evicted}, resident $sums->{resident}"
		if $sums->{evicted} + $sums->{resident} / PAGE > LIMIT;
	return "a size of $sums->{file_size}" if $sums->{file_size} > LIMIT * PAGE;
	return $path =~ m{^/dev/shm} && $sums->{dirty} ? 'dirty in memory' : '';
}

sub check { die "$_[0]\n" if $_[0] }

# Of a part of the text: undef if it is not of the form, else extents and sums.
sub parsed
{
	my ($text) = @_;
	my %bit = (clean => 0, dirty => 1, writeback => 2, active => 4, referenced => 8, mapped => 16,
		filling => 32);
	my ($size, $lines, @sums) =
		$text =~ /^inode \d+:\d+ \d+ (\d+) \S+\n((?:extent .*\n)*)total (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)\n\z/
		or return;
	my @extents = map { [(split)[1, 2], sum(map { $bit{$_} // 64 } split /,/, (split)[4]), (split)[3]] }
		split /\n/, $lines;
	my %sums = (file_size => $size);

	@sums{qw(resident dirty writeback mapped evicted filling)} = @sums;
	return \@extents, \%sums;
}

# Once each. What is true counts as a round, what dies is the end.
my %jobs = (
	change => sub {
		our $file;
		my $at = PAGE * int rand LIMIT;
		my $length = PAGE * (1 + int rand one_of(8, 900));

		$length = LIMIT * PAGE - $at if $at + $length > LIMIT * PAGE;
		$file = undef if rand() < 0.05;
		unlink $path if !$file && rand() < 0.8;
		$file //= open_file($path);
		my $step = int rand 8;
		if ($step < 3) {
			sysseek $file, $at, SEEK_SET;
			syswrite $file, 'x' x $length or die "write: $!\n";
		}
		truncate $file, int rand LIMIT * PAGE or die "truncate: $!\n" if $step == 3;
		truncate $file, LIMIT * PAGE or die "truncate: $!\n" if $step == 4;
		syscall(SYS_FALLOCATE, fileno $file, PUNCH_HOLE, $at, $length) == 0 or die "hole: $!\n" if $step == 5;
		forget($file) if $step == 6;
		read_pages($file, map { int rand LIMIT } 0 .. 50) if $step == 7;
		1;
	},
	# Readers ahead of which the kernel reads, in larger folios where it has them.
	read => sub {
		open my $file, '<', $path or return check(!$!{ENOENT} && "read: $!");
		sysseek $file, PAGE * int rand LIMIT, SEEK_SET;
		return sysread($file, my $text, 1 << 20) // die "read: $!\n";
	},
	map => sub {
		sysopen my $file, $path, O_RDWR or return check(!$!{ENOENT} && "map: $!");
		my $at = syscall SYS_MMAP, 0, LIMIT * PAGE, 3, 1 | 0x40, fileno $file, 0;

		die "mmap: $!\n" if $at == -1;
		# Behind the end of the file this fails, where a touch would kill.
		syscall SYS_MADVISE, $at, LIMIT * PAGE, MADV_POPULATE_READ for 0 .. 3;
		syscall SYS_MUNMAP, $at, LIMIT * PAGE;
		1;
	},
	ask => sub {
		sysopen my $file, $path, O_RDONLY or return check(!$!{ENOENT} && "ask: $!");
		# The file may have lost its name meanwhile.
		for (1 .. one_of(1, 30)) {
			my ($offset, $capacity) = (0, one_of(0, 1, 40, 1000, 9000));

			$offset = PAGE * int rand LIMIT if rand() < 0.3;
			do {
				my ($sums, $extents) = ask($file, offset => $offset, capacity => $capacity);

				die "the ioctl: $!\n" unless $sums;
				check("$sums->{count} extents of $capacity") if $sums->{count} > $capacity;
				$sums->{$_} = 0 for $capacity ? () : qw(resident dirty writeback mapped);
				check(impossible($extents, $sums, $offset));
				my ($last) = map { $_->[0] + $_->[1] } $extents->[-1] // [$offset, 0];
				check("goes on at $sums->{next} from $offset, seen up to $last")
					if $sums->{next} && ($sums->{next} < $last || !$sums->{count});
				$offset = $sums->{next};
			} while ($offset && !-e $over);
		}
		1;
	},
	text => sub {
		my ($all, $got) = '';
		our $asked;

		# One opening gets many commands, some before it was read to its end.
		undef $asked if rand() < 0.2;
		$asked || sysopen $asked, '/proc/copyscope/file', O_RDWR or die "open: $!\n";
		if (!syswrite $asked, "path $path\n") {
			return $!{ENOENT} ? 0 : die "the command: $!\n";
		}
		my $most = one_of(0, 1 << 10, 1 << 30);
		while (length $all < $most) {
			$got = sysread $asked, my $part, one_of(100, 4096, 1 << 20);
			die "the text: $!\n" unless defined $got;
			last unless $got;
			$all .= $part;
		}
		return 0 unless defined $got && !$got;
		my ($extents, $sums) = parsed($all) or die 'text: ' . substr($all, -200) . "\n";
		check(impossible($extents, $sums, 0));
		1;
	},
	list => sub {
		my ($text, $got, %seen) = '';

		open my $list, '<', '/proc/copyscope/inodes' or die "the listing: $!\n";
		1 while $got = sysread $list, $text, 1 << 16, length $text;
		defined $got or die "the listing: $!\n";
		my $key = key_of($path);

		for (split /\n/, $text) {
			next if /^# copyscope/;
			my @row = /^(\d+:\d+ \d+ \d+) (\d+) (\d+) (\d+) (\d+) (\d+) \d+ \d+ \S+\z/
				or die "row '$_'\n";
			my ($name, $size, $resident, $dirty, $writeback, $evicted) = @row;

			check("row '$_'") if !$resident || $dirty > $resident || $writeback > $resident;
			check("row '$_' twice") if $seen{$name}++;
			check("row '$_' is too large")
				if /^$key / && ($resident + $evicted > LIMIT || $size > LIMIT * PAGE);
		}
		# Something of this test is in it, whatever changes.
		check('the listing is empty') if keys %seen < 5;
		1;
	},
	# Nothing is held when it comes to unmounting, though the listing may be at it.
	mount => sub {
		my ($type, $what) = @{one_of(['tmpfs', 't'], ['ext4', '/dev/vdc'])};

		system('mount', '-t', $type, $what, "$dir/mnt") == 0 or die "mounting $type\n";
		write_file("$dir/mnt/$_", 'x' x int rand 500_000) for 1 .. 3;
		unlink "$dir/mnt/2";
		system('umount', "$dir/mnt") == 0 or die "unmounting $type\n";
		1;
	},
	drop => sub {
		write_file('/proc/sys/vm/drop_caches', one_of(1, 2, 3));
		sleep 0.7;
		1;
	},
);

# Has a job done again and again in a process of its own, a byte of a file for each round.
sub begin
{
	my ($name, $code, $seed) = @_;
	my %job = (name => $name, rounds => "$dir/rounds.$seed", error => "$dir/error.$seed");

	write_file($job{$_}, '') for qw(rounds error);
	$job{pid} = fork() // die "fork: $!";
	return \%job if $job{pid};
	srand $seed;
	eval {
		open my $rounds, '>>', $job{rounds} or die "$job{rounds}: $!\n";
		module_open();
		until (-e $over) {
			syswrite $rounds, '.' if $code->();
		}
	};
	write_file($job{error}, $@);
	write_file($over, '') if $@;
	POSIX::_exit(0);
}

# All is well if each job got to do its part, and died of nothing.
sub finish
{
	my ($enough, @jobs) = @_;
	my $start = time;

	until (-e $over || time > $start + PATIENCE) {
		sleep 0.2;
		last if $enough->() && time > $start + SECONDS && !grep { -s $_->{rounds} < ROUNDS } @jobs;
	}
	write_file($over, '');
	for my $job (@jobs) {
		waitpid $job->{pid}, 0;
		is(read_file($job->{error}), '', "$job->{name}: nothing is wrong");
		cmp_ok(-s $job->{rounds}, '>=', ROUNDS, "$job->{name}: rounds");
		diag("$job->{name}: ${\-s $job->{rounds}} rounds") if $ENV{V};
	}
	unlink $over;
}

my $group = '/sys/fs/cgroup/copyscope';

# A process that writes 64 MiB of a file and reads as much, in 12 MiB of memory; the pages of
# the file that changes are among these.
sub press
{
	write_file('/sys/fs/cgroup/cgroup.subtree_control', '+memory');
	mkdir $group;
	write_file("$group/memory.max", 12 << 20);
	return start('sh', '-c', "echo \$\$ >$group/cgroup.procs; while :; do
		dd if=/dev/zero of=$dir/large conv=notrunc bs=1M count=64 status=none; cat $dir/large $path >/dev/null 2>&1; done");
}

sub was_short { return read_file("$group/memory.events") =~ /^max [1-9]/m }

system("modprobe xfs; mkfs.xfs -q -f /dev/vdb && mkdir $dir/xfs && mount /dev/vdb $dir/xfs") == 0
	or fail('no XFS');
mkdir "$dir/mnt";
system('mkfs.ext4 -q -F /dev/vdc') == 0 or fail('no ext4');
for my $where ($dir, memory_dir(), "$dir/xfs") {
	subtest "a file that changes: $where" => sub {
		my $seed = 7;

		$path = "$where/changed";
		open_file($path);
		my $pressure = press();
		finish(\&was_short, map { begin($_, $jobs{$_}, $seed++) } qw(change change read map mount ask ask text list drop));
		ok(was_short(), 'memory was short');
		stop($pressure, 'KILL');
		is($pressure->{status}, 9, 'and that was all');
		sleep 0.1 until rmdir $group or !$!{EBUSY};
		unlink $path, "$dir/large";
	};
}
is(system('umount', "$dir/xfs"), 0, 'nothing holds the file system');

# A call that runs is waited for; then who has the files open is told EIO.
subtest 'a module that goes and comes' => sub {
	my $seed = 70;
	my ($reloads, $longest) = (0, 0);
	my %patient;

	# These fail only while the module is not there; ENOTTY is procfs' word for the ioctl.
	for my $name (qw(ask text list)) {
		$patient{$name} = sub {
			my $rounds = eval { module_open() && $jobs{$name}->() };
			die $@ if $@ && $@ !~ /^(open|the (ioctl|command|text|listing)): (@{[join '|',
				map { local $! = $_; "$!" } ENOENT, EIO, ENOTTY]})$/;
			our $asked = undef if $@;
			return $rounds;
		};
	}
	$path = "$dir/changed";
	open_file($path);
	module_unload();
	system('insmod', $ko);
	finish(sub {
		my $start = time;

		write_file($over, '')
			if system('rmmod', 'copyscope') || -e '/proc/copyscope' || system('insmod', $ko);
		$longest = time - $start if time - $start > $longest;
		return ++$reloads >= RELOADS;
	}, map { begin($_, $patient{$_} // $jobs{$_}, $seed++) } qw(change ask ask text list list));
	cmp_ok($reloads, '>=', RELOADS, 'unloaded and loaded again');
	cmp_ok($longest, '<', 30, 'and nobody waited for long');
	is(read_file('/sys/module/copyscope/refcnt'), "0\n", 'nobody holds the module');
};

system('rmmod', 'copyscope') == 0 or fail('rmmod');
done_testing();
