# SPDX-License-Identifier: MIT
#
# File systems of the test's own, on the guest's empty disks; gone after it.
package FileSystem;

use strict;
use warnings;

use Copyscope;
use Exporter qw(import);
use Test::More;

our @EXPORT = qw(make_fs make_overlay told_of);

my $owner = $$;
my @disks = qw(/dev/vdb /dev/vdc);
my @mounts;

# A fresh file system of this type: its folder. Before the tool starts, as the
# modules of file systems have hooks of their own.
sub make_fs
{
	my ($type) = @_;
	my $disk = shift @disks // BAIL_OUT('the guest has no more disks');
	my $folder = "$dir/$type";

	BAIL_OUT("the machine has no $disk: is this tests/vm/run?") unless -b $disk;
	system('modprobe', $type) == 0 or BAIL_OUT("no $type in this kernel");
	system("mkfs.$type -q -f $disk >&2") == 0 or BAIL_OUT("cannot make a $type");
	mkdir $folder;
	system('mount', '-t', $type, $disk, $folder) == 0 or BAIL_OUT("cannot mount the $type");
	push @mounts, $folder;
	return $folder;
}

# An overlay on the disk with these files of the workloads' pattern in its lower
# layer: its folder, that of the lower layer, that of the upper one.
sub make_overlay
{
	my (@files) = @_;
	my ($lower, $upper, $work, $folder) = map { "$dir/$_" } qw(lower upper work overlay);

	mkdir $_ for $lower, $upper, $work, $folder;
	prepare("$lower/$_") for @files;
	# The number of a file that was copied up stays that of the lower one.
	unlink glob "$lower/fence?";
	system('mount', '-t', 'overlay', '-o', "lowerdir=$lower,upperdir=$upper,workdir=$work",
		'overlay', $folder) == 0 or BAIL_OUT('cannot mount the overlay');
	push @mounts, $folder;
	return ($folder, $lower, $upper);
}

# The bytes that transfers with this finding delivered.
sub told_of
{
	my ($report, $code) = @_;
	my $says = sub { grep { $_->{code} eq $code } @{$_[0]{findings}} };

	return sum(0, map { $_->{delivered_bytes} } grep { $says->($_) } @{$report->{transfers}});
}

END {
	if ($$ == $owner) {
		local $?;

		system('umount', $_) for reverse @mounts;
	}
}

1;
