#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The kernel module against mincore(2), page for page, and cachestat(2), in
# totals, on each kind of file system (tests/residency/patterns.c); and what it
# says while pages are written back.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Module;
use Residency;
use Test::More;

use POSIX ();
use Time::HiRes qw(time);

use constant ROUNDS => 200;

my $patterns = Cwd::getcwd() . '/build/patterns';
my $seed = 46;

needs_module();
BAIL_OUT("$patterns is missing: run make tests") unless -x $patterns;
module_load();

# Does the command, and tells what it said if it failed.
sub done
{
	my ($command) = @_;
	my $said = qx({ $command; } 2>&1);

	return 1 if $? == 0;
	fail("$command: status $?");
	diag($said, qx(dmesg | tail -n 3));
	return 0;
}

# The rounds on a file, whose pages are those of $real.
sub check_patterns
{
	my ($what, $file, $real, %has) = @_;

	subtest $what => sub {
		my $said = qx($patterns '$file' '@{[$real // $file]}' $seed @{[ROUNDS]} 2>&1);
		my %saw = $said =~ /(\w+) (\d+)/g;

		is($?, 0, 'the module agrees') or return diag($said);
		is($saw{rounds}, ROUNDS, 'in each round');
		cmp_ok($saw{pages}, '>', 10 * ROUNDS, 'there were pages to see');
		cmp_ok($saw{dirty}, '>', ROUNDS, 'and dirty ones') if $has{dirty};
		cmp_ok($saw{filling}, '>', 0, 'and some that are not up to date') if $has{filling};
		my $with_totals = kernel_version() >= 6005 && !$has{no_totals};
		cmp_ok($saw{totals}, $with_totals ? '>' : '==', $with_totals ? ROUNDS / 2 : 0,
			'totals were compared with cachestat(2), if there is one for these');
	};
}

sub in_image
{
	my ($type, $mkfs) = @_;
	my $at = "$dir/$type";

	mkdir $at;
	done("truncate -s 400M $at.image && $mkfs $at.image && mount -o loop $at.image $at") or return;
	check_patterns($type, "$at/file", undef, dirty => 1);
	return done("umount $at && rm $at.image");
}

check_patterns('ext4', "$dir/file", undef, dirty => 1, filling => 1);
done('modprobe -a loop xfs btrfs') && in_image('xfs', 'mkfs.xfs -q') &&
	in_image('btrfs', 'mkfs.btrfs -q');

my $at = memory_dir();
done("mount -t tmpfs t $at");
check_patterns('tmpfs', "$at/file");
done("umount $at");
done("mount -t tmpfs -o huge=always t $at");
check_patterns('tmpfs of huge pages', "$at/file");
done("umount $at");

mkdir $_ for "$dir/o", map { "$dir/o/$_" } qw(lower upper work merged);
write_file("$dir/o/lower/file", 'x' x 100_000);
done("mount -t overlay o -o lowerdir=$dir/o/lower,upperdir=$dir/o/upper,workdir=$dir/o/work $dir/o/merged");
done("touch $dir/o/merged/file"); # now it has its copy
check_patterns('overlayfs', "$dir/o/merged/file", "$dir/o/upper/file", dirty => 1);
done("umount $dir/o/merged");

write_file('/proc/sys/vm/nr_hugepages', "10\n");
done("mount -t hugetlbfs h $at");
check_patterns('hugetlbfs', "$at/file", undef, no_totals => 1);
done("umount $at");
write_file('/proc/sys/vm/nr_hugepages', "0\n");

# What the module says meanwhile, as often as it can: the sums of the moments.
sub look_while
{
	my ($file, $pid) = @_;
	my @seen;

	while (waitpid($pid, POSIX::WNOHANG()) == 0) {
		my ($sums) = ask($file, capacity => 0);
		push @seen, $sums;
	}
	is($?, 0, 'fsync ends well');
	return @seen;
}

subtest 'dirty, writeback, clean' => sub {
	my $file = open_file("$dir/synced");
	my $bytes = 48 << 20;
	my @during;

	# It may be over before it was looked at.
	for my $try (1 .. 10) {
		sysseek $file, 0, 0;
		syswrite $file, 'x' x (1 << 20) for 1 .. $bytes >> 20;
		my ($before) = ask($file, capacity => 0);
		is($before->{dirty} + $before->{writeback}, $bytes, 'before fsync: all is dirty, or on its way');
		my $pid = fork() // die "fork: $!";
		$pid or POSIX::_exit(defined IO::Handle::sync($file) ? 0 : 1);
		@during = grep { $_->{writeback} } look_while($file, $pid);
		my ($after) = ask($file, capacity => 0);
		is("$after->{dirty} $after->{writeback} $after->{resident}", "0 0 $bytes",
			'after fsync: all is clean and here');
		last if @during;
	}
	cmp_ok(scalar @during, '>', 0, 'during fsync: writeback');
	is((grep { $_->{dirty} + $_->{writeback} > $bytes } @during), 0, 'of no more than there is');
};

module_unload();
done_testing();
