#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What the module says of the state of pages, beside /proc/kpageflags; and that it
# does not speak of files on DAX, which have none.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Module;
use Residency;
use Test::More;

use Fcntl qw(:DEFAULT SEEK_SET);
use List::Util qw(shuffle);

use constant {
	SYS_MMAP => 9, SYS_MUNMAP => 11, SYS_MADVISE => 28,
	PROT_READ => 1, MAP_SHARED => 1, MAP_32BIT => 0x40, MADV_RANDOM => 1,
	PRESENT => 1 << 63, PFN_MASK => (1 << 55) - 1,
	PAGES => 96,
};

# States by the bits of /proc/kpageflags.
my %bit = (
	dirty => [STATE_DIRTY, 4], writeback => [STATE_WRITEBACK, 8], active => [STATE_ACTIVE, 6],
	referenced => [STATE_REFERENCED, 2], mapped => [STATE_MAPPED, 11],
);

needs_module();
module_load();
# No page is to be written, or aged, in between.
write_file('/proc/sys/vm/dirty_writeback_centisecs', "0\n");

# The numbers of 64 bits of a file of the kernel's, from the numbers given.
sub numbers_at
{
	my ($path, @at) = @_;

	sysopen my $file, $path, O_RDONLY or die "$path: $!";
	return map {
		sysseek $file, 8 * $_, SEEK_SET;
		sysread($file, my $number, 8) == 8 or die "$path: $!";
		unpack 'Q', $number;
	} @at;
}

# The mapping of a file, without pages around those that are touched.
sub map_file
{
	my ($file) = @_;
	my $at = syscall SYS_MMAP, 0, PAGES * PAGE, PROT_READ, MAP_SHARED | MAP_32BIT, fileno $file, 0;

	die "mmap: $!" if $at == -1;
	syscall(SYS_MADVISE, $at, PAGES * PAGE, MADV_RANDOM) == 0 or die "madvise: $!";
	return $at;
}

sub touch
{
	my ($at, @pages) = @_;

	my $seen = join '', map { unpack 'P1', pack 'J', $at + $_ * PAGE } @pages;

	length $seen == @pages or die 'the mapping cannot be read';
}

# Where each page of @pages is in memory, as a mapping of them has it.
sub frames
{
	my ($at, @pages) = @_;
	my @entries = numbers_at('/proc/self/pagemap', map { $at / PAGE + $_ } @pages);

	return map { $entries[$_] & PRESENT ? ($pages[$_] => $entries[$_] & PFN_MASK) : () } 0 .. $#pages;
}

# By state, its pages as kpageflags has them.
sub by_kernel
{
	my (%frame) = @_;
	my @pages = sort { $a <=> $b } keys %frame;
	my @flags = numbers_at('/proc/kpageflags', @frame{@pages});

	return { map {
		my $bit = $bit{$_}[1];
		($_ => join ' ', map { $flags[$_] & 1 << $bit ? $pages[$_] : () } 0 .. $#pages)
	} keys %bit };
}

sub by_module
{
	my ($file) = @_;
	my (undef, $extents) = ask_all($file, 5);

	return { map { ($_ => pages_in($extents, $bit{$_}[0])) } keys %bit };
}

# Compared as often as the state of something changed meanwhile: lists of the kernel's
# per CPU are emptied when it suits.
sub states_are
{
	my ($file, $frame, $what) = @_;
	my ($before, $got, $after);

	for my $try (1 .. 20) {
		$before = by_kernel(%$frame);
		$got = by_module($file);
		$after = by_kernel(%$frame);
		last if join("\n", map { $before->{$_} } sort keys %bit) eq
			join("\n", map { $after->{$_} } sort keys %bit);
	}
	is_deeply($got, $before, $what);
	return $got;
}

subtest 'beside kpageflags' => sub {
	my $file = page_file("$dir/states", PAGES);
	my %seen;

	# Where pages have generations, no page stays marked active.
	write_file('/sys/kernel/mm/lru_gen/enabled', "n\n");
	srand 45;
	for my $round (1 .. 12) {
		my @pages = shuffle(0 .. PAGES - 1);

		forget($file);
		my $at = map_file($file);
		touch($at, @pages);
		my %frame = frames($at, @pages);
		is(scalar keys %frame, PAGES, "round $round: each page has a frame");
		# Some are mapped no more, some used once or twice more, some written to.
		syscall(SYS_MUNMAP, $at, PAGE * 8 * (1 + rand 5)) == 0 or fail("munmap: $!")
			if $round % 3;
		read_pages($file, @pages[0 .. rand PAGES]) for 0 .. rand 3;
		write_pages($file, @pages[0 .. rand 40]) if $round % 2;
		my $got = states_are($file, \%frame, "round $round: each page's state");
		$seen{$_}{$got->{$_} eq '' ? 'none' : 1 + $got->{$_} =~ tr/ // == PAGES ? 'all' : 'some'}++
			for keys %$got;
		syscall SYS_MUNMAP, $at, PAGE * PAGES;
	}
	ok($seen{$_}{some}, "pages that were $_ and others") for qw(dirty active referenced mapped);
};

subtest 'files on DAX' => sub {
	system("modprobe -a nd_e820 nd_pmem && mkdir $dir/dax &&" .
		"mkfs.ext4 -q -b 4096 /dev/pmem0 && mount -o dax=always /dev/pmem0 $dir/dax") == 0
		or return fail('a file system on DAX');
	my $file = page_file("$dir/dax/file", 20);
	my $at = syscall SYS_MMAP, 0, 20 * PAGE, PROT_READ, MAP_SHARED | MAP_32BIT, fileno $file, 0;
	touch($at, 0 .. 19);
	my ($sums, $extents) = ask_all($file, 10);
	is($sums->{facts}, FACT_NOT_COVERED, 'ioctl: not covered');
	is($sums->{resident} + @$extents, 0, 'ioctl: and nothing is told');
	like(by_text("path $dir/dax/file"), qr/^inode \d+:\d+ \d+ 81920 not-covered\ntotal 0 0 0 0 0 0\n\z/,
		'text: the same');
	is(listing()->{key_of($file)}, undef, 'it is not listed');
	my $ran = run_tool('pages', "$dir/dax/file");
	is("$ran->{exit} $ran->{out}$ran->{err}", "125 copyscope: $dir/dax/file: " .
		"DAX: the file is mapped from the device, not cached\n", 'pages: says that nobody can tell');
	syscall SYS_MUNMAP, $at, 20 * PAGE;
	close $file;
	is(system('umount', "$dir/dax"), 0, 'nothing holds it');
};

module_unload();
done_testing();
