# SPDX-License-Identifier: MIT
#
# The kernel module in a guest: loaded, asked by ioctl and by text, unloaded.
package Module;

use strict;
use warnings;
no warnings 'portable'; # 64 bits are needed

use Copyscope;
use Exporter qw(import);
use Fcntl qw(:DEFAULT);
use Residency;
use Test::More;

our @EXPORT = qw(
	$ko CS_RESIDENCY STATE_DIRTY STATE_WRITEBACK STATE_ACTIVE STATE_REFERENCED STATE_MAPPED
	STATE_FILLING FACT_REAL FACT_NOT_COVERED FACT_SWAP FACT_DEVICE
	needs_module module_load module_open module_unload module_file ask ask_all pages_in by_text
	listing device_text key_of
);

use constant {
	CS_RESIDENCY => 3 << 30 | 128 << 16 | ord('c') << 8 | 0xc5,
	STATE_DIRTY => 1, STATE_WRITEBACK => 2, STATE_ACTIVE => 4, STATE_REFERENCED => 8,
	STATE_MAPPED => 16, STATE_FILLING => 32,
	FACT_REAL => 1, FACT_NOT_COVERED => 2, FACT_SWAP => 4, FACT_DEVICE => 8,
};

our $ko = 'build/module-' . ($ENV{COPYSCOPE_VM} // 'none') . '/copyscope.ko';

my @fields = qw(size fd offset length extents capacity reserved
	count facts next dev ino file_size resident dirty writeback mapped evicted filling);
my $module;

# Skips all tests where no module can be.
sub needs_module
{
	plan skip_all => 'modules are loaded in virtual machines only' unless in_guest();
	# The archive has no headers of 6.18 any more; realtime kernels have no listing of ours.
	plan skip_all => "no module is built for $ENV{COPYSCOPE_VM}"
		if $ENV{COPYSCOPE_VM} =~ /^6\.18$|-rt$|\//;
	BAIL_OUT("$ko is missing: run tests/vm/module -k $ENV{COPYSCOPE_VM}") unless -e $ko;
}

sub module_load
{
	system('insmod', $ko, @_) == 0 or BAIL_OUT('the module cannot be loaded');
	module_open() or BAIL_OUT("/proc/copyscope/file: $!");
}

# Has ask() ask by an opening of this process's own.
sub module_open
{
	undef $module;
	return sysopen $module, '/proc/copyscope/file', O_RDWR;
}

# The wait status of rmmod.
sub module_unload
{
	close $module;
	return system('rmmod', 'copyscope');
}

# What ask() asks by.
sub module_file { return $module }

# The ioctl, once: ({answer}, [[offset, length, state, order], ...]) or (undef).
sub ask
{
	my ($file, %set) = @_;
	my $capacity = $set{capacity} // 1000;
	my $room = "\0" x (24 * ($capacity < 70000 ? $capacity : 1) || 1);
	my %q = (size => 128, fd => ref $file ? fileno $file : $file, offset => 0, length => 0,
		extents => unpack('J', pack('p', $room)), capacity => $capacity, reserved => 0, %set);
	my $text = pack 'L l Q Q Q L L L L Q10', map { $q{$_} // 0 } @fields;

	ioctl($module, CS_RESIDENCY, $text) or return undef;
	my %answer;
	@answer{@fields} = unpack 'L l Q Q Q L L L L Q10', $text;
	return \%answer, [map { [unpack 'Q Q L L', substr $room, 24 * $_, 24] } 0 .. $answer{count} - 1];
}

# All of a file, in questions of so much room: ({sums}, [extents]).
sub ask_all
{
	my ($file, $capacity) = @_;
	my ($offset, %sums, @extents) = 0;

	do {
		my ($answer, $some) = ask($file, offset => $offset, capacity => $capacity);
		return undef unless $answer;
		push @extents, @$some;
		$sums{$_} += $answer->{$_} for qw(resident dirty writeback mapped evicted filling);
		$sums{$_} = $answer->{$_} for qw(facts dev ino file_size);
		return fail('the cursor moves on') && undef
			if $answer->{next} && $answer->{next} <= $offset;
		$offset = $answer->{next};
	} while ($offset);
	return \%sums, \@extents;
}

# The pages of the extents of a state, or of those with data, as a string.
sub pages_in
{
	my ($extents, $wanted) = @_;
	my @pages;

	for (@$extents) {
		my ($offset, $length, $state) = @$_;
		next if $wanted ? !($state & $wanted) : $state & STATE_FILLING;
		push @pages, $offset / PAGE .. ($offset + $length) / PAGE - 1;
	}
	return "@pages";
}

# The text of one command: lines, or undef.
sub by_text
{
	my ($command) = @_;

	sysopen my $file, '/proc/copyscope/file', O_RDWR or die "open: $!";
	defined syswrite($file, $command) or return undef;
	local $/;
	return <$file>;
}

# The rows of the listing by "DEVICE INODE", each an array of its columns.
sub listing
{
	my %found;

	for (split /\n/, read_file('/proc/copyscope/inodes')) {
		my @column = split / /;
		$found{"$column[0] $column[1]"} = \@column if /^\d/;
	}
	return \%found;
}

sub device_text
{
	my ($dev) = @_;

	return sprintf '%d:%d', $dev >> 8 & 0xfff, ($dev & 0xff) | ($dev >> 12 & 0xfff00);
}

# A file's key in the listing; 'none' if there is no such file any more.
sub key_of
{
	my ($file) = @_;

	(my ($dev, $ino) = stat $file) or return 'none';
	return device_text($dev) . " $ino";
}

1;
