#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The command runs as it does without copyscope: signals, limits, descriptors, environment.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

# The same in both tiers: the one that starts fastest will do.
my @trace = ($tool, 'path', '-q', '--tier', 'derived', '-o', '/dev/null', '--');

# What a program can tell of how it was started.
my $probe = write_file("$dir/probe", <<'END');
use POSIX ();
print "environment $_=$ENV{$_}\n" for sort keys %ENV;
open my $status, '<', '/proc/self/status';
print grep { /^(Sig(Blk|Ign|Cgt|Pnd)|ShdPnd|Umask|Groups|Uid|Gid|Cap|NoNewPrivs|Seccomp|Cpus_allowed_list|Tracer)/ } <$status>;
close $status;
for (qw(limits oom_score_adj coredump_filter timerslack_ns cgroup personality)) {
	open my $f, '<', "/proc/self/$_" or next;
	print map { "$_: $_" } <$f>;
}
opendir my $fds, '/proc/self/fd' or die "no list of descriptors: $!";
my @fds = grep { /\d/ } readdir $fds;
for (sort { $a <=> $b } @fds) {
	# Not the folder itself, nor the outputs, which are another file each time.
	my $to = readlink "/proc/self/fd/$_" // next;
	open my $info, '<', "/proc/self/fdinfo/$_" or next;
	my ($flags) = grep { /^flags/ } <$info>;
	print "descriptor $_: ", $_ == 1 || $_ == 2 || $to =~ m{/fd$} ? '' : $to, " $flags";
}
print 'nice ', POSIX::nice(0) // '', ' ', getpriority(0, 0), "\n";
open my $stat, '<', '/proc/self/stat';
my @fields = split ' ', (<$stat> =~ s/.*\) //r);
print "group and session: @fields[2, 3] scheduling: @fields[15, 16, 37, 38]\n";
print "folder ", POSIX::getcwd(), "\n";
END

# Each prepares itself and then becomes what follows.
my %starts = (
	'as it is' => [],
	'with SIGPIPE and SIGCHLD ignored' => [$^X, '-e', '$SIG{$_} = "IGNORE" for "PIPE", "CHLD"; exec @ARGV'],
	'with signals blocked' => [$^X, '-MPOSIX', '-e',
		'sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGUSR1, SIGCHLD, SIGTERM)); exec @ARGV'],
	'with limits and niceness' => ['nice', '-n', '5', 'sh', '-c',
		'ulimit -n 300; ulimit -c 0; umask 077; exec "$@"', 'sh'],
	'with descriptors' => ['sh', '-c', 'exec 7</etc/passwd 9>>/dev/null 0<&-; exec "$@"', 'sh'],
	'in an empty environment' => ['env', '-i', 'ONLY=this'],
);

for my $how (sort keys %starts) {
	my @lines;

	for my $before ([], \@trace) {
		my $p = start(@{$starts{$how}}, @$before, $^X, $probe);

		is(stop($p), 0, "$how: the probe ends") or diag(read_file($p->{err}));
		push @lines, [grep { !/^group and session/ } split /\n/, read_file($p->{out})];
	}
	cmp_ok(scalar @{$lines[0]}, '>', 20, "$how: there is something to compare");
	is_deeply($lines[1], $lines[0], "$how: the command sees no difference");
}

# A writer whose reader has gone ends by SIGPIPE; 128 + 13, as the shell tells it.
for my $shell ('yes | head -1') {
	my @plain = ('bash', '-c', "$shell >/dev/null; echo \${PIPESTATUS[0]}");
	my ($without, $with) = map { start(@$_, @plain) } [], \@trace;

	stop($_) for $without, $with;
	is(read_file($with->{out}), read_file($without->{out}), "$shell: the same status");
	is(read_file($with->{err}), '', "$shell: and no complaint");
}
{
	my $p = start(@trace, 'bash', '-c', 'set -o pipefail; yes | head -1');

	is(stop($p) >> 8, 141, 'yes | head -1 ends with 141');
}
done_testing();
