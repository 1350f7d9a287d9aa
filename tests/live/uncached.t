#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# RWF_DONTCACHE: reads and writes through pages that are not to stay in the page
# cache. Who writes them back, and what stays all the same.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use FileSystem;
use Test::More;

plan skip_all => 'it changes when the kernel writes back: only in a guest' unless in_guest();

my $src = prepare("$dir/src");
my $odd = prepare("$dir/odd", 1_000_001);
my @odd = ('--bytes', 1_000_001);
my $n = 0;

sub to { return ('--dst', ($_[0] // $dir) . '/dst' . $n++) }

# Nobody writes back before the pages are old.
write_file("/proc/sys/vm/dirty_$_", 60_000) for qw(writeback_centisecs expire_centisecs);

if (kernel_version() < 6014) {
	# Older kernels refuse the flag, and no byte moves.
	my $report = check_all(['refused', 'uncached-refused', '--src', $src, to()]);

	is(told_of($report, 'uncached-io'), 0, 'nothing is told of it');
	done_testing();
	exit;
}

# The writer itself starts the write-back up to 7.1, a flusher does for it since 7.2.
my @by = kernel_version() < 7002 ? () : ('--mode', 'flusher');
my $xfs = make_fs('xfs');
my @paths = (
	['written', 'uncached-write', to(), @by],
	['written, not of whole pages', 'uncached-write', to(), @odd, @by],
	['written to XFS', 'uncached-write', to($xfs), @by],
	['read, cold', 'uncached-read', '--src', $src, '--cold'],
	['read, cold, not of whole pages', 'uncached-read', '--src', $odd, @odd, '--cold'],
	['read, of what was cached', 'uncached-read', '--src', prepare("$dir/warm")],
);
my $report = check_all(@paths);

is(told_of($report, 'uncached-io'), 4 * (8 << 20) + 2 * 1_000_001, 'the finding tells of each');
check_all(['overwritten, and brought to the disk', 'uncached-write', '--dst',
	prepare("$dir/over"), '--mode', @by ? 'overwrite' : 'overwrite-kicked']);

# Neither tmpfs nor btrfs has it.
for my $folder (memory_dir(), make_fs('btrfs')) {
	my $file = prepare("$folder/src");
	my $refused = check_all(['refused', 'uncached-refused', '--src', $file, to($folder)]);

	is(told_of($refused, 'uncached-io'), 0, "$folder: nothing is told of it");
}
done_testing();
