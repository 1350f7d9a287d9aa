#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Which processes are traced, for how long, and what the tool ends with.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

use Cpanel::JSON::XS;
use POSIX ();

my $src = prepare("$dir/src");
my @relay = ($workload, 'relay', '--src', $src, '--to', 'tcp');

sub truth_of { return Cpanel::JSON::XS->new->decode(read_file($_[0]{out})) }

# Attached when half of the bytes are through: the rest is exact.
for my $how ('relay', 'sendfile') {
	my $p = start($workload, $how, '--src', $src, '--to', 'tcp', '--pause');
	my ($tool, $truth);

	wait_for_line($p, 'err', qr/ready/);
	$tool = start_tool('-p', $p->{pid});
	kill 'USR1', $p->{pid};
	is(stop($p), 0, "$how: the workload ends");
	is(stop($tool), 0, "$how: the tool ends with its target");
	$truth = truth_of($p);
	$truth->{flows} = [grep { $_->{pid} == $p->{pid} } @{$truth->{flows}}];
	$truth->{actors} = [];
	check_report(slurp_json($tool->{json}), $truth, "-p in mid-transfer: $how");
}

# Named, in a cgroup, or all: processes that start later.
sub check_later
{
	my ($what, $options, @command) = @_;
	my $tool = start_tool(@$options);
	my $p = start(@command);
	my $report;

	is(stop($p), 0, "$what: the workload ends");
	is(stop($tool, 'INT'), 0, "$what: the tool ends");
	$report = slurp_json($tool->{json});
	check_report($report, truth_of($p), $what);
	is(scalar(grep { ($_->{process}{pid} // 0) == $tool->{pid} } @{$report->{transfers}}), 0,
		"$what: the tool does not show itself");
	return $report;
}

check_later('-n', ['-n', 'workload'], @relay);
check_later('-a', ['-a'], @relay);

# Processes that join a cgroup without an exec, one after another: the kernel gives
# the next one the task_struct of the one before, and its state must not come along.
sub check_successors
{
	my ($group) = @_;
	my $tool = start_tool('-G', $group);
	my %read;

	for (1 .. 30) {
		my $pid = fork // BAIL_OUT("cannot fork: $!");

		if (!$pid) {
			open my $f, '<', $src or POSIX::_exit(1);
			write_file("$group/cgroup.procs", $$);
			POSIX::_exit(sysread($f, my $byte, 1) != 1);
		}
		waitpid $pid, 0;
		$read{$pid} = $? ? 'failed' : 1;
	}
	stop($tool, 'INT');

	my %seen;
	$seen{$_->{process}{pid}} += $_->{delivered_bytes}
		for grep { ($_->{from}{path} // '') eq $src }
		@{slurp_json($tool->{json})->{transfers}};
	is_deeply(\%seen, \%read, '-G: each process that joins is one of its own');
}

SKIP: {
	my $group = "/sys/fs/cgroup/copyscope-test-$$";

	skip 'no cgroup2 here', 4 unless -e '/sys/fs/cgroup/cgroup.procs' && mkdir $group;
	check_later('-G', ['-G', $group], '/bin/sh', '-c',
		"echo \$\$ >$group/cgroup.procs; exec \"\$@\"", 'sh', @relay);
	check_successors($group);
	rmdir $group;
}

# Children.
{
	my ($report, $ran) = path_json(['--no-follow'], @relay);
	my $truth = Cpanel::JSON::XS->new->decode($ran->{out});
	my %pids = map { ($_->{process}{pid} => 1) } @{$report->{transfers}};

	is(join(' ', keys %pids), $truth->{pid}, '--no-follow: only the command itself');
	$truth->{flows} = [grep { $_->{pid} == $truth->{pid} } @{$truth->{flows}}];
	$truth->{actors} = [grep { $_->{pid} == $truth->{pid} } @{$truth->{actors}}];
	check_report($report, $truth, '--no-follow');
}
{
	# Large, for a guest: only the lines of interest are read.
	my $json = "$dir/storm.json";
	my $ran = run_tool('path', '--format', 'json', '-o', $json, tier_options(), '--', $workload,
		'storm', '--src', $src, '--count', 5000);
	my $flow = Cpanel::JSON::XS->new->decode($ran->{out})->{flows}[0];
	my @lines = split /\n/, read_file($json);
	my ($counts) = map { /"lost": ?(\{[^}]*\})/ } @lines;
	my @children = grep { index($_, "\"$src\"") >= 0 } @lines;
	my $got = sum(map { /"delivered_bytes": ?(\d+)/ } @children);
	my $lost = sum(values %{Cpanel::JSON::XS->new->decode($counts)});

	ok($got == $flow->{delivered_bytes} || ($lost && $got < $flow->{delivered_bytes}),
		"5000 children: nothing lost, or counted (got $got, lost $lost)");
	is($lost, 0, '5000 children: the defaults hold them');
	is(scalar @children, 5000, '5000 children: one transfer each');
}

# The command's status is the tool's, in the tier that starts fastest.
sub check_status
{
	my ($what, $exit, $signal, @arguments) = @_;
	my $ran = run_tool('path', '--tier', 'derived', '-o', '/dev/null', @arguments);

	is("$ran->{exit} $ran->{signal}", "$exit $signal", "exit status: $what");
	return $ran;
}

my $no_program = write_file("$dir/no-program", "text\n");
check_status('success', 0, 0, '--', 'true');
check_status('failure', 7, 0, '--', 'sh', '-c', 'exit 7');
check_status('a signal', 0, 15, '--', 'sh', '-c', 'kill -TERM $$');
check_status('not found', 127, 0, '--', "$dir/nothing");
check_status('not executable', 126, 0, '--', $no_program);

# Where the report goes.
{
	my $ran = run_tool('path', '--tier', 'derived', '--', 'echo', 'hello');
	my $other = run_tool('path', '--tier', 'derived', '-q', '-d', '0.2', '-p', $$);

	is($ran->{out}, "hello\n", 'the command keeps its stdout');
	isnt($ran->{err}, '', 'the report goes to stderr then');
	isnt($other->{out}, '', 'without a command it goes to stdout');
	is($other->{exit}, 0, '-d ends it');
}

# What follows is the same in both tiers: the one that starts fastest will do.
$Run::tier = 'derived';

# One report for each interval, and one of it all.
{
	my $json = "$dir/intervals";
	my $ran = run_tool('path', '--format', 'json', '-o', $json, '-i', '0.3', tier_options(),
		'--', '/bin/sh', '-c',
		"for i in 1 2 3; do '$workload' relay --src '$src'; sleep 0.4; done");
	my $decoder = Cpanel::JSON::XS->new->utf8;
	my (@reports, @delivered);

	$decoder->incr_parse(read_file($json));
	while (my $report = $decoder->incr_parse) {
		push @reports, $report;
	}
	@delivered = map {
		sum(map { $_->{delivered_bytes} } grep { ($_->{from}{path} // '') eq $src }
			@{$_->{transfers}})
	} @reports;
	cmp_ok(scalar @reports, '>=', 3, '-i gives a report each interval');
	is($delivered[-1], 3 * (8 << 20), '-i: the last report is of all');
	cmp_ok(sum(@delivered[0 .. $#delivered - 1]), '<=', $delivered[-1],
		'-i: the others are of their intervals');
	cmp_ok(sum(@delivered[0 .. $#delivered - 1]), '>=', 2 * (8 << 20),
		'-i: and miss at most the last one');
}

# Patterns and the least size.
{
	my @command = ('--', $workload, 'relay', '--src', $src, '--to', 'tcp');
	my ($report) = path_json(['--to', 'tcp'], @command[1 .. $#command]);

	is(join(' ', map { $_->{to}{kind} } @{$report->{transfers}}), 'tcp', '--to tcp');
	($report) = path_json(['--from', "file:$dir/s*"], @command[1 .. $#command]);
	is(join(' ', map { $_->{from}{path} } @{$report->{transfers}}), $src, '--from file:...');
	($report) = path_json(['--min-bytes', '8M'], @command[1 .. $#command]);
	is(scalar @{$report->{transfers}}, 2, '--min-bytes 8M');
}
done_testing();
