#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The doctor: what it shows, and that its own check holds.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

my @tier = measured() ? () : ('--tier', 'derived');
my $word = measured() ? 'measured' : 'derived';
my $ran = run_tool('doctor', @tier, measured() ? '--audit' : ());

is($ran->{exit}, 0, 'the self-check holds');
is($ran->{err}, '', 'nothing to complain about');
unlike($ran->{out}, qr/WRONG/, 'no count is wrong');
cmp_ok(scalar(() = $ran->{out} =~ /   ok$/mg), '>=', measured() ? 13 : 12, 'every line of it is ok');
like($ran->{out}, qr/^  sendfile from overlay .* ok$/m, 'also on an overlayfs') if in_guest();
like($ran->{out}, qr/^audit: .* 0 unattributed /m, 'the audit finds every copy') if measured();
like($ran->{out}, qr/^  tcp +$word$/m, "TCP is $word");
like($ran->{out}, qr/^children +tracepoint +sched_process_fork +attached$/m, 'a hook and its state');
like($ran->{out}, qr/left out, as --tier derived asks:\n    filemap_read /, 'a missing one and why')
	unless measured();
my ($mib) = $ran->{out} =~ /^kernel memory for the ledger: ([\d.]+) MiB$/m;
cmp_ok($mib // 1e9, '<=', 64, 'the tables take no more than 64 MiB');

# What it finds is kept, and path says what was wrong.
{
	local $ENV{COPYSCOPE_PROOFS} = "$dir/proofs";
	my @hooks = measured() ? () : ('--tier', 'derived');

	$ran = run_tool('path', '--format', 'json', '-o', "$dir/json", @hooks, '--', 'true');
	is($ran->{err}, '', 'the first path on a kernel checks it without a word');
	my ($proof, $more) = glob "$dir/proofs/*";
	ok($proof && !$more, 'and keeps what it finds') or BAIL_OUT('no proof');
	is(-s $proof, 0, 'nothing is wrong');
	open my $out, '>', $proof or BAIL_OUT("$proof: $!");
	print $out "0\tread + write to TCP, 1 byte delivered\n";
	close $out;
	run_tool('path', '--format', 'json', '-o', "$dir/json", @hooks, '--', 'cat', '/etc/passwd');
	my $report = slurp_json("$dir/json");
	is($report->{hooks}{'file reads'}, 'failed_self_check', 'a family that failed is no longer trusted');
	is(scalar(grep { $_->{code} eq 'failed-self-check' } @{$report->{findings}}), 1, 'the report says so');
	my ($read) = grep { ($_->{from}{path} // '') eq '/etc/passwd' } @{$report->{transfers}};
	is($read->{verdict}, 'unknown', 'nor is what it counted');
	$ran = run_tool('doctor', @hooks);
	is(-s $proof, 0, 'doctor renews it');
}

$ran = run_tool('doctor', '--markdown');
like($ran->{out}, qr/^\| file reads \| `filemap_read` \| fexit \|/m, '--markdown');

$ran = run_tool('doctor', 'nonsense');
is($ran->{exit}, 125, 'an argument is refused');
is(scalar(split /\n/, $ran->{err}), 1, 'in one line');
# The types of a module are for CAP_SYS_ADMIN alone; the rest of the hooks is not.
SKIP: {
	skip 'no module to be loaded', 2 unless in_guest() && measured() && !preempts();
	system('modprobe', 'btrfs') == 0 or BAIL_OUT('no btrfs in this kernel');
	my $said = qx(setpriv --bounding-set=-all,+bpf,+perfmon --inh-caps=-all $tool doctor 2>&1);

	like($said, qr/^  in a module, [^\n]* CAP_SYS_ADMIN:\n    btrfs_buffered_write /m,
		'hooks in modules are missing without CAP_SYS_ADMIN');
	like($said, qr/ filemap_read +attached\n/, 'the others are not');
}
done_testing();
