#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# process_vm_readv and process_vm_writev: whose memory, and what became of it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'the derived tier does not see process_vm_readv' unless measured();

my $src = prepare("$dir/src");

my $report = check_all(
	['readv', 'process-vm-read'],
	['readv, odd sizes', 'process-vm-read', '--bytes', 1_000_001, '--chunk', 30_003],
	['readv, the second half is not there', 'process-vm-read', '--mode', 'cut'],
	['readv, to tcp', 'process-vm-read', '--to', 'tcp'],
	['readv, to a file', 'process-vm-read', '--to', 'file', '--dst', "$dir/dst"],
	['readv, to a pipe', 'process-vm-read', '--to', 'pipe'],
	['writev', 'process-vm-write'],
	['read, writev', 'process-vm-write', '--src', $src],
	['writev from a mapping', 'process-vm-write', '--src', $src, '--mode', 'shared'],
);

my @between = grep { ($_->{from}{pid} // $_->{to}{pid}) } @{$report->{transfers}};
is(scalar @between, 9, 'all of these have another process at one end');
for my $t (@between) {
	my ($other) = grep { $_->{pid} } $t->{from}, $t->{to};

	is($other->{comm}, 'workload', 'whose name is known');
	isnt($other->{pid}, $t->{process}{pid}, 'and which is another one');
	is(scalar(grep { $_->{code} eq 'between-processes' } @{$t->{findings}}), 1,
		'the finding says so');
}
done_testing();
