# SPDX-License-Identifier: MIT
#
# What the live tests share of doing: a folder on a disk, files, networks,
# processes, and the tool run over them.
#
#	COPYSCOPE	the tool (build/copyscope)
#	WORKLOAD	the workloads (build/workload)
#	COPYSCOPE_TIER	"derived": run the tool with --tier derived
package Run;

use strict;
use warnings;

use Cwd qw(getcwd);
use Exporter qw(import);
use File::Temp qw(tempdir);
use Cpanel::JSON::XS;
use POSIX qw(:sys_wait_h);
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(
	$tool $workload $dir $tier measured preempts in_guest kernel_version prepare memory_dir
	read_file write_file slurp_json tier_options run_tool start start_tool wait_for_line wait_until stop
	path_json whole nic_up veth_up switch_off
);

our $tool = $ENV{COPYSCOPE} // getcwd() . '/build/copyscope';
our $workload = $ENV{WORKLOAD} // getcwd() . '/build/workload';
our $tier = $ENV{COPYSCOPE_TIER} // 'best';
our $dir = tempdir('copyscope-live-XXXXXX', DIR => -d '/scratch' ? '/scratch' : '/var/tmp',
	CLEANUP => 1);

my $owner = $$;
my %running;

sub measured { return $tier ne 'derived' }
sub in_guest { return defined $ENV{COPYSCOPE_VM} }

sub kernel_version
{
	my ($major, $minor) = (POSIX::uname())[2] =~ /^(\d+)\.(\d+)/;
	return $major * 1000 + $minor;
}

# A folder in memory, gone after the test.
sub memory_dir
{
	return tempdir('copyscope-live-XXXXXX', DIR => '/dev/shm', CLEANUP => 1);
}

my @prepared;

# A file of the workloads' pattern, on the disk and in the page cache.
sub prepare
{
	my ($path, $bytes) = @_;

	push @prepared, $path;

	system($workload, 'prepare', '--src', $path, '--bytes', $bytes // 8 << 20) == 0
		or BAIL_OUT("cannot make $path");
	return $path;
}

# Some hosts (DAMON_RECLAIM) evict what nobody touched for seconds, with memory to spare.
sub keep_warm
{
	read_file($_) for in_guest() ? () : @prepared;
}

sub read_file
{
	my ($path) = @_;
	local $/;

	open my $in, '<:raw', $path or return undef;
	return <$in> // '';
}

sub write_file
{
	my ($path, $text) = @_;

	open my $out, '>:raw', $path or die "$path: $!";
	print $out $text;
	close $out or die "$path: $!";
	return $path;
}

sub slurp_json
{
	my ($path) = @_;
	my $text = read_file($path);

	return undef unless length($text // '');
	return eval { Cpanel::JSON::XS->new->utf8->decode($text) };
}

# The network card that tests/vm/run gives the guest, with an address; its name.
sub nic_up
{
	system('modprobe', 'e1000e') == 0 or BAIL_OUT('no e1000e');
	my ($nic) = map { m{/net/([^/]+)/device/driver} } glob '/sys/class/net/*/device/driver';
	BAIL_OUT('the machine has no NIC: is this tests/vm/run?') unless $nic;
	system('ip', 'address', 'replace', '10.0.3.15/24', 'dev', $nic) == 0 &&
		system('ip', 'link', 'set', $nic, 'up') == 0 or BAIL_OUT("cannot set up $nic");
	wait_until('the link', sub { (read_file("/sys/class/net/$nic/carrier") // '') =~ /1/ });
	return $nic;
}

sub ip { system('ip', @_) == 0 or BAIL_OUT("ip @_ failed") }

# A veth pair $here (10.$net.0.1) and, in a namespace of its own, 10.$net.0.2,
# where port 7000 takes what comes by TCP or UDP. Ends with the test.
sub veth_up
{
	my ($here, $net) = @_;
	my ($far, $address) = ("${here}far", "10.$net.0.2");

	ip('netns', 'add', $far);
	ip('link', 'add', $here, 'type', 'veth', 'peer', 'name', $far, 'netns', $far);
	ip('address', 'add', "10.$net.0.1/24", 'dev', $here);
	ip('link', 'set', $here, 'up');
	ip('-n', $far, 'address', 'add', "$address/24", 'dev', $far);
	ip('-n', $far, 'link', 'set', $far, 'up');
	my $sink = start('ip', 'netns', 'exec', $far, $^X, '-MIO::Socket::INET', '-e', <<'END', $address);
		my %all = (LocalAddr => "$ARGV[0]:7000");
		my $u = IO::Socket::INET->new(%all, Proto => 'udp') or die "udp: $!";
		my $l = IO::Socket::INET->new(%all, Listen => 5) or die "tcp: $!";
		$| = 1; print "ready\n";
		while ($c = $l->accept) { 1 while sysread $c, $b, 65536; close $c }
END
	wait_for_line($sink, 'out', qr/ready/);
	return $address;
}

# Takes from a device what it can do, as ethtool -K does: ETHTOOL_SSG, ETHTOOL_STXCSUM.
sub switch_off
{
	my ($name, $what) = @_;
	my $value = pack 'LL', { 'scatter-gather' => 0x19, checksums => 0x17 }->{$what}, 0;
	my $request = pack 'a16 P x16', $name, $value;

	socket my $s, 2, 2, 0 or die "socket: $!";
	ioctl $s, 0x8946, $request or BAIL_OUT("$what of $name: $!");
}

# A process with its output in files: { pid, out, err }.
sub start
{
	my (@command) = @_;
	my $n = scalar(keys %running) . '.' . int(rand(1e9));
	my %p = (out => "$dir/out.$n", err => "$dir/err.$n");

	write_file($p{$_}, '') for qw(out err);
	$p{pid} = fork() // die "fork: $!";
	if (!$p{pid}) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', $p{out};
		open STDERR, '>>', $p{err};
		exec { $command[0] } @command or POSIX::_exit(127);
	}
	$running{$p{pid}} = 1;
	return \%p;
}

# Ends the process by @signal, if given, and returns its wait status.
sub stop
{
	my ($p, $signal, $seconds) = @_;
	my $end = time + ($seconds // 400);

	kill $signal, $p->{pid} if $signal;
	while (waitpid($p->{pid}, WNOHANG) == 0) {
		if (time > $end) {
			diag("process $p->{pid} does not end: " . (read_file($p->{err}) // ''));
			kill 'KILL', $p->{pid};
			waitpid $p->{pid}, 0;
			last;
		}
		sleep 0.02;
	}
	delete $running{$p->{pid}};
	return $p->{status} = $?;
}

sub wait_until
{
	my ($what, $test, $seconds) = @_;
	my $end = time + ($seconds // 400);

	until ($test->()) {
		if (time > $end) {
			fail("waited too long for $what");
			return 0;
		}
		sleep 0.02;
	}
	return 1;
}

sub wait_for_line
{
	my ($p, $file, $pattern) = @_;

	return wait_until("'$pattern'", sub { (read_file($p->{$file}) // '') =~ $pattern });
}

# The tool to its end: { status (wait status), out, err } as texts.
sub run_tool
{
	my (@arguments) = @_;
	my $p;

	keep_warm();
	$p = start($tool, @arguments);

	stop($p);
	return {
		status => $p->{status},
		exit => $p->{status} >> 8,
		signal => $p->{status} & 127,
		out => read_file($p->{out}),
		err => read_file($p->{err}),
	};
}

sub tier_options { return measured() ? () : ('--tier', 'derived') }

# The tool on what runs already; it is attached when this returns.
sub start_tool
{
	my (@arguments) = @_;
	my $json = "$dir/report." . int(rand(1e9)) . '.json';
	my $p = start($tool, 'path', '--format', 'json', '-o', $json, tier_options(), @arguments);

	$p->{json} = $json;
	wait_for_line($p, 'err', qr/tracing/);
	keep_warm();
	return $p;
}

# path --format json over a command: ({report}, {process with texts}).
sub path_json
{
	my ($options, @command) = @_;
	my $json = "$dir/report." . int(rand(1e9)) . '.json';
	my $ran = run_tool('path', '--format', 'json', '-o', $json, tier_options(), @$options, '--',
		@command);

	return (slurp_json($json), $ran);
}

# Does this kernel preempt tasks in the middle of a hook, and then skip it for others?
sub preempts { return (POSIX::uname())[3] =~ /PREEMPT_RT/ }

# The same, or at the end of a tick only, as newer kernels do by default (PREEMPT_LAZY)?
sub may_skip { return preempts() || kernel_version() > 6012 }

# A trace by @take, which returns (report, ...). A preemptible kernel may skip
# hooks; the tool has to say so, and gets more tries.
sub whole
{
	my ($take) = @_;

	for my $try (1 .. 8) {
		my ($report, @more) = $take->();

		return ($report, @more)
			if !$report->{lost}{hook_runs} || $try == 8 || !may_skip();
		ok(scalar(grep { $_->{code} eq 'losses' } @{$report->{findings}}),
			'skipped runs of hooks are losses: once more');
	}
}

END {
	if ($$ == $owner) {
		local $?;

		kill 'KILL', keys %running;
		waitpid $_, 0 for keys %running;
	}
}

1;
