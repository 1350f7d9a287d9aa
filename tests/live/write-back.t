#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What brings written pages to the disk, who had it done, and what stays dirty.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'it changes when the kernel writes back: only in a guest' unless in_guest();

my $src = prepare("$dir/src");
my $n = 0;

sub to { return ('--dst', "$dir/dst" . $n++) }

# Nothing is written back before somebody asks for it.
sub flushers
{
	my ($centiseconds) = @_;

	write_file("/proc/sys/vm/dirty_$_", $centiseconds)
		for qw(writeback_centisecs expire_centisecs);
}

flushers(60_000);
my @mapped = measured() ? (
	['mapping to mapping', 'mapped-write', '--src', $src, to()],
	['mapping to mapping, msync', 'mapped-write', '--src', $src, to(), '--mode', 'msync'],
	['cold mapping to mapping', 'mapped-write', '--src', $src, to(), '--cold'],
	['mapping to a mapping in memory', 'mapped-write', '--src', $src, '--dst',
		memory_dir() . '/dst'],
	['a mapping written, brought to the disk and written', 'mapped-again', to()],
) : ();

my $report = check_all(
	(map { ["written, $_", 'write-back', to(), '--mode', $_] }
		qw(fsync fdatasync sync syncfs sync_file_range evict o_sync dsync none half)),
	['not of whole pages, fsync', 'write-back', to(), '--bytes', 1_000_001, '--mode', 'fsync'],
	@mapped,
);
my @told = grep { grep { $_->{code} eq 'mapped-write' } @{$_->{findings}} }
	@{$report->{transfers}};

is(scalar @told, scalar @mapped, 'each write to a mapping is told as such');

flushers(100);
check_all(['written, then left to the flusher', 'write-back', to(), '--mode', 'periodic']);
done_testing();
