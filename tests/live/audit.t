#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The audit: of a running process, of all, and of copies that no hook sees.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'the audit needs debug registers: it is tested in virtual machines'
	unless measured() && in_guest();

my $src = prepare("$dir/src");

# The process @of the audit with this number.
sub audited
{
	my ($report, $pid) = @_;

	return (grep { $_->{pid} == $pid } @{$report->{audit}{processes}})[0];
}

# The audit by -p or -a of what runs already: (report, process).
sub audit_running
{
	my ($how) = @_;
	my $load = start($workload, 'relay', '--src', $src, '--to', 'tcp', '--pause');

	wait_for_line($load, 'err', qr/ready/);
	my $run = start_tool('--audit', $how eq '-p' ? ('-p', $load->{pid}) : '-a');
	stop($load, 'USR1');
	stop($run, 'INT');
	my $report = slurp_json($run->{json});

	return ($report, audited($report, $load->{pid}));
}

# Every trace of check_all() is an audit of a command; these are the other targets.
for my $how ('-p', '-a') {
	my (undef, $process) = whole(sub { audit_running($how) });

	cmp_ok($process->{copied_bytes}, '>=', 8 << 20, "$how: copies at the primitives");
	is($process->{unattributed_bytes}, 0, "$how: each was seen by a hook")
		or diag(Cpanel::JSON::XS->new->canonical->encode($process));
	is($process->{copied_bytes}, $process->{seen_bytes} + $process->{kernel_own_bytes},
		"$how: and nothing else was");
}

# /proc/sys makes its text with a primitive and without a hook.
my $script = "'$workload' sendfile --src '$src' --to tcp; cat /proc/sys/kernel/osrelease /proc/sys/kernel/version /proc/sys/net/ipv4/tcp_[a-r]* >$dir/text";
my ($report, $ran) = whole(sub { path_json(['--audit'], 'sh', '-c', $script) });
my $length = -s "$dir/text";

is($ran->{exit}, 0, 'the tool ends well') or diag($ran->{err});
is($report->{unattributed_bytes}, $length, 'copies that no hook saw, to the byte');
my ($says) = grep { $_->{code} eq 'unattributed-copies' } @{$report->{findings}};
like($says->{text}, qr/ $length bytes /, 'a finding tells how many');
my @verdicts = map { $_->{verdict} } grep { $_->{to}{kind} eq 'tcp' } @{$report->{transfers}};
is("@verdicts", 'zero-copy', 'the verdict on a process without any stands');

($report) = path_json([], 'true');
is($report->{unattributed_bytes}, undef, 'without an audit they are unknown');
done_testing();
