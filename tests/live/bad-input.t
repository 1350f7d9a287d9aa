#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What goes wrong says so in one line; nothing hostile reaches the terminal; nothing stays attached.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Servers;
use Test::More;

use Cpanel::JSON::XS;

my $src = prepare("$dir/src");

sub check_complaint
{
	my ($what, $exit, $pattern, @arguments) = @_;
	my $ran = run_tool(@arguments);

	is("$ran->{exit} $ran->{signal}", "$exit 0", "$what: exit status");
	like($ran->{err}, $pattern, "$what: says so");
	like($ran->{err}, qr/\A[^\n]{1,200}\n\z/, "$what: in one line");
	is($ran->{out}, '', "$what: and nothing else");
}

my $gone = fork() // die;
exit 0 unless $gone;
waitpid $gone, 0;

check_complaint('no such process', 125, qr/no process $gone/, 'path', '-p', $gone);
check_complaint('no such process behind another', 125, qr/no process $gone/, 'path', '-p',
	"$$,$gone");
check_complaint('a process that is no number', 125, qr/'x'|x/, 'path', '-p', 'x');
check_complaint('program not found', 127, qr/not found/, 'path', '--', "$dir/nothing");
check_complaint('unwritable output', 125, qr/cannot write/, 'path', '-o', "$dir/no/file", '--',
	'true');
check_complaint('unwritable output', 125, qr/cannot write/, 'path', '-o', $dir, '--', 'true');
check_complaint('no such cgroup', 125, qr/no cgroup/, 'path', '-G', 'there/is/none');
check_complaint('unknown format', 125, qr/format/, 'path', '--format', 'x', '--', 'true');
check_complaint('no number of seconds', 125, qr/seconds/, 'path', '-d', 'x', '--', 'true');
like(run_tool('path', '--nonsense')->{err}, qr/nonsense/, 'unknown option: named');
is(run_tool('path', '--nonsense')->{exit}, 125, 'unknown option: exit status');
is(run_tool('nonsense')->{exit}, 125, 'unknown command: exit status');

# A process that ends while the tool starts: a report, or one line.
{
	my $p = start('/bin/sleep', '0.05');
	my $ran = run_tool('path', '-q', '-p', $p->{pid});

	stop($p);
	ok($ran->{exit} == 0 || ($ran->{exit} == 125 && $ran->{err} =~ /no process/),
		'a process that ends at once');
}

# A full disk is no success.
{
	my $ran = run_tool('path', '--tier', 'derived', '-o', '/dev/full', '--', 'true');

	is($ran->{exit}, 125, 'a full disk: exit status');
	like($ran->{err}, qr/cannot write.*No space/, 'a full disk: says so');
}

# Without privilege the capabilities that are missing are named.
SKIP: {
	my ($setpriv) = grep { -x } qw(/usr/bin/setpriv /bin/setpriv);

	BAIL_OUT('needs setpriv, of util-linux') unless $setpriv;
	my $p = start($setpriv, '--bounding-set=-bpf,-perfmon,-sys_admin', '--inh-caps=-all',
		$tool, 'path', '--', 'true');
	stop($p);
	my $said = read_file($p->{err});

	is($p->{status} >> 8, 125, 'no privilege: exit status');
	like($said, qr/CAP_BPF/, 'no privilege: CAP_BPF is named');
	like($said, qr/CAP_PERFMON/, 'no privilege: CAP_PERFMON is named');
}

# A memory lock limit that cannot be raised does not matter on these kernels.
{
	my $p = start('/bin/sh', '-c', 'ulimit -l 64; exec "$@"', 'sh', $tool, 'path', '-o',
		'/dev/null', '--', 'true');

	is(stop($p), 0, 'a small memlock limit') or diag(read_file($p->{err}));
}

# Names that would do something to a terminal.
{
	my $name = "$dir/\e[31mx\n\xff\xc3(\x07y";
	my $bytes = 8 << 20;
	my ($json, $text) = ("$dir/hostile.json", "$dir/hostile.txt");
	my ($report, $ran, $shown);

	prepare($name);
	($report, $ran) = path_json([], $workload, 'hostile', '--src', $name);
	is($ran->{status}, 0, 'hostile names: the tool ends well');
	my ($found) = find_transfers($report, Cpanel::JSON::XS->new->decode($ran->{out})->{flows}[0]);
	ok($found, 'hostile names: valid JSON with the transfer');
	is($found->{delivered_bytes}, $bytes, 'hostile names: and its bytes');
	# Names are shown alike in both tiers: the one that starts fastest will do.
	$ran = run_tool('path', '--tier', 'derived', '--format', 'json', '-o', $json, '--', $workload,
		'hostile', '--src', $name);
	unlike(read_file($json), qr/[\x00-\x09\x0b-\x1f\x7f]/, 'hostile names: no control in JSON');
	ok(utf8::decode(my $copy = read_file($json)), 'hostile names: JSON is UTF-8');
	$ran = run_tool('path', '--tier', 'derived', '-v', '-o', $text, '--', $workload, 'hostile',
		'--src', $name);
	$shown = read_file($text);
	like($shown, qr/8\.0+ MiB|8 MiB/, 'hostile names: text shows the transfer');
	unlike($shown, qr/[\x00-\x09\x0b-\x1f\x7f]/, 'hostile names: no control in text');
	ok(utf8::decode($shown), 'hostile names: text is UTF-8');
	$ran = run_tool('path', '-p', "1\e[31m");
	unlike($ran->{err}, qr/\e/, 'hostile arguments: no control in complaints');
}

# Renamed and removed meanwhile: known by the name it had.
{
	my $victim = prepare("$dir/victim");
	my ($report, $ran) = path_json([], $workload, 'rename', '--src', $victim);

	my $truth = Cpanel::JSON::XS->new->decode($ran->{out});

	# The derived tier has no hook on renames.
	for my $file (map { $_->{from} } @{$truth->{flows}}) {
		$file->{path_hex} = unpack 'H*', $victim
			if !measured() && ($file->{path_hex} // '') eq unpack 'H*', "$victim.renamed";
	}
	check_report($report, $truth, 'a file renamed and removed');
}

# kill -9 leaves nothing behind.
SKIP: {
	# By number: what the run before had may be freed only now.
	my %before = map { my $what = $_; map { ("$what $_" => 1) } bpf_ids($what) } qw(prog link);
	my $p = start_tool('-a');
	my %its = map { my $what = $_; ($what => { map { ($_ => 1) }
		grep { !$before{"$what $_"} } bpf_ids($what) }) } qw(prog link);

	cmp_ok(scalar keys %{$its{$_}}, '>', 0, "attached by each $_") for qw(prog link);
	stop($p, 'KILL');
	for my $what (qw(prog link)) {
		my $left = sub { scalar grep { $its{$what}{$_} } bpf_ids($what) };

		wait_until("the end of each $what", sub { !$left->() }, 20);
		is($left->(), 0, "kill -9 leaves no $what");
	}
}

# A kernel without type information, as far as the tool can see.
{
	my $out = qx(unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "\$0" path -- true' $tool 2>&1);

	is($? >> 8, 125, 'no BTF: the tool fails');
	like($out, qr/^copyscope: .*CONFIG_DEBUG_INFO_BTF=y\n\z/, 'no BTF: one line with the mend');
}

done_testing();
