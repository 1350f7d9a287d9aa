#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The prompt is there at once; the kernel lets go of the hooks behind it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Servers;
use Test::More;

use Fcntl qw(:flock);

my $src = prepare("$dir/src");
my $lock = "$dir/lock";

# By the program, not by its name.
sub copyscopes { return grep { (readlink("$_/exe") // '') eq $tool } glob '/proc/[0-9]*' }

my %before = map { ($_ => 1) } bpf_ids('link'), copyscopes();

sub left { return grep { !$before{$_} } @_ }

# While it traces, its links are seen: else it would prove nothing that there are none.
{
	my $p = start_tool('-a');

	cmp_ok(scalar(left(bpf_ids('link'))), '>', 0, 'links of the tool that runs');
	stop($p, 'INT');
}

# One that runs while another's hooks go counts as if it were alone.
for my $turn (1 .. 3) {
	my ($report, $truth) = trace(['relay', '--src', $src, '--to', 'tcp']);

	check_report($report, $truth, "run $turn");
}

# Nobody waits for what it got from whoever started it: a pipe, a lock.
{
	open my $mine, '>', $lock or die "$lock: $!";
	open my $pipe, '-|', 'sh', '-c',
		"exec 7>$lock; flock -x 7; exec $tool path -q -o /dev/null -- true" or die "sh: $!";
	my @said = <$pipe>;

	close $pipe;
	is($? >> 8, 0, 'the tool ends');
	ok(flock($mine, LOCK_EX | LOCK_NB), 'a lock of its caller ended with it');
}

# When all is let go, nothing is left, and no child to be collected.
wait_until('the end of all links', sub { !left(bpf_ids('link')) });
is(scalar(left(bpf_ids('link'))), 0, 'nothing is attached any more');
wait_until('the end of who held them', sub { !left(copyscopes()) });
is(waitpid(-1, 0), -1, 'no child of this process is left');
done_testing();
