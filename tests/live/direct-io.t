#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Files read and written past the page cache, by O_DIRECT.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'the derived tier does not see O_DIRECT' unless measured();

my $src = prepare("$dir/src");
my $odd = prepare("$dir/odd", 1_000_001);
my @to = ('--to', 'file', '--dst', "$dir/dst");

check_all(
	(map { ["$_, direct", 'direct-read', '--src', $src, '--read', $_] }
		qw(read pread readv)),
	['direct read, to tcp', 'direct-read', '--src', $src, '--to', 'tcp', '--write', 'send'],
	['direct read, to a pipe', 'direct-read', '--src', $src, '--to', 'pipe'],
	['direct read, to a file', 'direct-read', '--src', $src, @to],
	['direct read, not of whole blocks', 'direct-read', '--src', $odd, '--bytes', 1_000_001,
		'--to', 'tcp'],
	(map { ["$_, direct", 'direct-write', @to, '--write', $_] } qw(write pwrite pwritev)),
	['direct read, to tcp, by shared memory', 'direct-read', '--src', $src, '--to', 'tcp',
		'--mode', 'shared'],
	['direct write, from shared memory', 'direct-write', @to, '--mode', 'shared'],
	['read, direct write', 'direct-write', '--src', $src, @to],
	['direct read, direct write', 'direct-copy', '--src', $src, @to],
);

# A splice gets holes by zeroes: only what is on the disk comes by DMA.
{
	my $sparse = "$dir/sparse";

	prepare($sparse, 4 << 20);
	truncate $sparse, 8 << 20 or BAIL_OUT("$sparse: $!");
	my ($report) = path_json(['--from', "file:$sparse"], $^X, '-MFcntl', '-e', <<'END', $sparse, "$dir/dst");
		sysopen my $in, $ARGV[0], O_RDONLY | 040000 or die;
		sysopen my $out, $ARGV[1], O_WRONLY | O_CREAT | O_TRUNC or die;
		1 while syscall(40, fileno $out, fileno $in, 0, 1 << 20) > 0;
END
	my ($t, $more) = @{$report->{transfers}};

	ok($t && !$more, 'sparse: one transfer') or BAIL_OUT('no transfer');
	is($t->{delivered_bytes}, 8 << 20, 'sparse: all is delivered');
	is(hops_of($t)->{'disk>pipe_buffer dma'}, 4 << 20, 'sparse: by DMA what is on the disk');
}
done_testing();
