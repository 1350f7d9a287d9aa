#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What runs already when the tool attaches, and what is born into a cgroup or leaves it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

use POSIX qw(mkfifo);

my $src = prepare("$dir/src", 1 << 20);
my $other = prepare("$dir/other", 1 << 20);

# Delivered bytes of @path, by process.
sub read_of
{
	my ($tool, $path) = @_;
	my %read;

	$read{$_->{process}{pid}} += $_->{delivered_bytes}
		for grep { ($_->{from}{path} // '') eq $path }
		@{slurp_json($tool->{json})->{transfers}};
	return \%read;
}

# A master with a worker that has one too; each reads the file at SIGUSR1.
my $family = write_file("$dir/family", <<'END');
$| = 1;
my ($src, @below) = @ARGV;
$SIG{USR1} = sub { open my $f, '<', $src; 1 while sysread $f, my $bytes, 65536; print "$$ read\n" };
exec $^X, $0, $src, @below[1 .. $#below] if @below && !fork;
print "$$ runs\n";
sleep 1 while 1;
END

sub start_family
{
	my $p = start('setsid', '-w', $^X, $family, $src, 1, 2);

	wait_until('the family', sub { 3 == (() = read_file($p->{out}) =~ /runs/g) });
	$p->{family} = [read_file($p->{out}) =~ /(\d+) runs/g];
	($p->{master}) = sort { $a <=> $b } @{$p->{family}};
	return $p;
}

sub end_family
{
	my ($p) = @_;

	kill 'KILL', @{$p->{family}};
	stop($p);
}

for my $follow (1, 0) {
	my $p = start_family();
	my $tool = start_tool(($follow ? () : '--no-follow'), '-p', $p->{master});
	my $said = read_file($tool->{err});

	kill 'USR1', @{$p->{family}};
	wait_until('the reads', sub { 3 == (() = read_file($p->{out}) =~ /read/g) });
	stop($tool, 'INT');
	is_deeply(read_of($tool, $src),
		{ map { $_ => 1 << 20 } $follow ? @{$p->{family}} : $p->{master} },
		$follow ? '-p: the children that run already are followed' :
			'--no-follow: they are left out');
	like($said, $follow ? qr/with 2 running children/ : qr/leaves out 2 running children/,
		'and it says so');
	end_family($p);
}

# All of a name, while they go on forking: each reads after the tool is attached. They
# sleep in open(2) of a FIFO until then: sixty that polled would take the CPU from the tool.
{
	my $storm = write_file("$dir/storm", <<'END');
my ($src, $go) = @ARGV;
$0 = 'cs-storm'; $| = 1;
for (1 .. 60) {
	next if fork;
	open my $gate, '<', $go;
	open my $f, '<', $src; sysread $f, my $byte, 1; print "$$\n";
	exit 0;
}
sleep 100;
END
	my $go = "$dir/go";

	mkfifo($go, 0600) or die "$go: $!";
	my $p = start($^X, $storm, $src, $go);
	my ($tool, $gate);

	wait_until('the name', sub { (read_file("/proc/$p->{pid}/comm") // '') =~ /cs-storm/ });
	$tool = start_tool('-n', 'cs-storm');
	open $gate, '+<', $go or die "$go: $!";
	wait_until('sixty readers', sub { 60 == (() = read_file($p->{out}) =~ /\n/g) });
	stop($tool, 'INT');
	is(scalar keys %{read_of($tool, $src)}, 60, '-n: no child that was forked meanwhile is missed');
	stop($p, 'KILL');
}

# What is no cgroup.
for my $none ($dir, '/proc/self', 'no-such-group') {
	my $ran = run_tool('path', '--tier', 'derived', '-d', '1', '-G', $none);

	is($ran->{exit}, 125, "-G $none is refused");
	like($ran->{err}, qr/\A[^\n]*no cgroup[^\n]*version 2[^\n]*\n\z/, 'in one line');
}

SKIP: {
	my $group = "/sys/fs/cgroup/copyscope-attach-$$";

	skip 'no cgroup2 here', 2 unless -e '/sys/fs/cgroup/cgroup.procs' && mkdir $group;
	# struct clone_args: flags, 3 x 8 bytes, exit_signal, 5 x 8 bytes, cgroup.
	my $tool = start_tool('-G', $group);
	open my $folder, '<', $group or die "$group: $!";
	my $arguments = pack 'Q11', 1 << 33, 0, 0, 0, 17, 0, 0, 0, 0, 0, fileno $folder;
	my $born = syscall(435, $arguments, 88);

	if (!$born) {
		open my $f, '<', $src;
		sysread $f, my $byte, 1;
		# What it reads when it has left is not of the cgroup.
		write_file('/sys/fs/cgroup/cgroup.procs', $$);
		open $f, '<', $other;
		sysread $f, $byte, 1;
		POSIX::_exit(0);
	}
	waitpid $born, 0;
	stop($tool, 'INT');
	is_deeply(read_of($tool, $src), { $born => 1 }, '-G: who is born in the cgroup is traced');
	is_deeply(read_of($tool, $other), {}, '-G: who leaves it is not');
	rmdir $group;
}
done_testing();
