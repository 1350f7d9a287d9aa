#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What brings written pages to the disk, who had it done, and what stays dirty.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Module;
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
flushers(60_000);

# Written by a process, and written back by the kernel meanwhile, nobody knows
# how much of it: the file in the report, and who did it.
sub left_to_the_kernel
{
	my ($what, $before, @options) = @_;
	my ($got, $ran) = path_json([], '/bin/sh', '-ec',
		"$before '$workload' write-back --mode none @options");
	my ($truth) = map { Cpanel::JSON::XS->new->decode($_) } split /\n/, $ran->{out};
	my ($written) = grep { $_->{file}{ino} == $truth->{written}[0]{file}{ino} }
		@{$got->{written_files}};
	my %by = map { ($_->{by} => $_->{bytes}) } @{$written->{written_back}};

	is($ran->{status}, 0, "$what: the tool ends well") or diag($ran->{err});
	is(scalar(grep { $_->{process} } @{$written->{written_back}}), 0,
		"$what: no process had it done");
	is(sum(values %by), $written->{written_back_bytes}, "$what: the parts are the whole");
	cmp_ok($written->{written_back_bytes}, '>', 0, "$what: some was written back");
	is($written->{written_back_bytes} + $written->{dirty_bytes} + $written->{under_writeback_bytes},
		$truth->{written}[0]{dirty}, "$what: the rest is dirty") if defined $written->{dirty_bytes};
	return \%by;
}

my $threshold = '/proc/sys/vm/dirty_background_bytes';
write_file($threshold, 1 << 20);
my $by = left_to_the_kernel('more than may be dirty', '', to());
is(join(' ', keys %$by), 'flusher:background', 'more than may be dirty: by the flusher');
write_file('/proc/sys/vm/dirty_background_ratio', 10);

# Less memory than is written: it must be evicted.
my $cgroup = '/sys/fs/cgroup/write-back';
write_file('/sys/fs/cgroup/cgroup.subtree_control', '+memory');
mkdir $cgroup or BAIL_OUT("$cgroup: $!");
write_file("$cgroup/memory.high", 12 << 20); # memory.max would kill it where the disk is slow
$by = left_to_the_kernel('more than there is memory', "echo \$\$ >$cgroup/cgroup.procs;", to(),
	'--bytes', 64 << 20);
like(join(' ', sort keys %$by), qr/^(flusher:background ?|journal ?|reclaim ?)+$/,
	'more than there is memory: by flusher or eviction');
diag(join ', ', map { "$_ $by->{$_}" } sort keys %$by);

# Before Linux 6.5 only the module can tell what is dirty.
SKIP: {
	skip "no module is built for $ENV{COPYSCOPE_VM}", 1 unless -e $ko;
	module_load();
	$report = check_all(
		(map { ["with the module, $_", 'write-back', to(), '--mode', $_] } qw(none half fsync)));
	my %told = map { ($_->{dirty_source} // 'nobody' => 1) } @{$report->{written_files}};
	is(join(' ', keys %told), 'module', 'the module told all');
	is(module_unload(), 0, 'the module goes');
}
done_testing();
