#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# MSG_ZEROCOPY over UDP, and datagrams that the kernel cuts (UDP_SEGMENT): what
# is pinned, and what is copied later, in any task.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'the derived tier does not see pinned pages' unless measured();
plan skip_all => 'devices are made, as root of a virtual machine' unless in_guest();

my $pinned = 'user_buffer>socket_buffer reference';
my $copied = 'user_buffer>socket_buffer copy';
my $later = 'socket_buffer>socket_buffer copy';
my $all = 8 << 20;

sub codes { return join ' ', map { $_->{code} } @{$_[0]{findings}} }

# The one transfer to a socket of this kind of each workload.
sub sent
{
	my ($kind, @workloads) = @_;
	my ($report, @truth) = trace(@workloads);

	check_lost($report);
	check_audit($report);
	return map {
		my ($t, $more) = find_transfers($report,
			grep { $_->{to}{kind} eq $kind } @{$_->{flows}});
		ok($t && !$more, 'one transfer') or BAIL_OUT('without it there is nothing to see');
		$t;
	} @truth;
}

my $src = prepare("$dir/src");

# Over loopback all that was pinned is copied, and the receiver copies.
my $report = check_all(
	['zerocopy', 'zerocopy', '--to', 'udp', '--chunk', 32768],
	['zerocopy, odd sizes', 'zerocopy', '--to', 'udp', '--bytes', 1000001, '--chunk', 30001],
	['zerocopy, IPv6', 'zerocopy', '--to', 'udp6', '--chunk', 32768],
	['zerocopy, segmented', 'zerocopy', '--to', 'udp', '--chunk', 32000, '--count', 1400],
	['segmented', 'segmented', '--to', 'udp', '--chunk', 32000, '--count', 1400],
);
# Older kernels begin each with an empty send, which is counted as well.
check_all(
	['sendfile', 'sendfile', '--src', $src, '--to', 'udp', '--chunk', 32768],
	['splice', 'splice', '--src', $src, '--to', 'udp', '--chunk', 32768],
) if kernel_version() >= 6005;
is(join(' ', sort map { codes($_) } grep { $_->{to}{kind} eq 'udp' } @{$report->{transfers}}),
	join(' ', '', ('zerocopy-fallback') x 4), 'findings of the five');

# A device that gathers, takes large packets and throws them away.
system('ip', 'link', 'add', 'dummy7', 'type', 'dummy') == 0 &&
	system('ip', 'address', 'add', '10.7.0.1/24', 'dev', 'dummy7') == 0 &&
	system('ip', 'link', 'set', 'dummy7', 'mtu', 60000, 'up') == 0 or BAIL_OUT('no dummy device');
for my $t (sent('udp', ['zerocopy', '--to', 'udp:10.7.0.2:7000', '--chunk', 32768],
	['zerocopy', '--to', 'udp:10.7.0.2:7000', '--chunk', 32000, '--count', 1400])) {
	same(hops_of($t), { $pinned => $all }, 'dummy: all is pinned, nothing copied');
	is($t->{verdict}, 'zero-copy', 'dummy: so says the verdict');
	is(codes($t), '', 'dummy: and no finding');
}

# A datagram beyond the MTU is cut into packets, and those are copies.
my ($large) = sent('udp', ['zerocopy', '--to', 'udp:10.7.0.2:7000', '--chunk', 65507,
	'--bytes', 128 * 65507]);
same(hops_of($large), { $copied => 128 * 65507 }, 'beyond the MTU: copied at once');
is(codes($large), 'zerocopy-fallback', 'beyond the MTU: so says the finding');

# A device that cannot gather.
my $far = veth_up('near6', 6);
my @to = ('--to', "udp:$far:7000");
my ($t) = sent('udp', ['segmented', @to, '--chunk', 32000, '--count', 1400]);
same(hops_of($t), { $copied => $all }, 'veth: segments hold the same pages');

switch_off('near6', 'scatter-gather');
($t, my $zerocopy) = sent('udp', ['segmented', @to, '--chunk', 32000, '--count', 1400],
	['zerocopy', @to, '--chunk', 1400, '--bytes', 140000]);
same(hops_of($t), { $copied => $all, $later => $all }, 'no scatter-gather: segments are copies');
is(codes($t), 'software-segmentation', 'no scatter-gather: and the finding');
same(hops_of($zerocopy), { $copied => 140000 }, 'no scatter-gather: nothing is pinned');
like(codes($zerocopy), qr/zerocopy-fallback/, 'no scatter-gather: the finding says so');

# Checksums in software: what others may write to meanwhile is copied first.
my $near = veth_up('near5', 5);
switch_off('near5', 'checksums');
($t) = sent('tcp', ['sendfile', '--src', $src, '--to', "tcp:$near:7000"]);
is($t->{cpu_copied_bytes}, hops_of($t)->{$later}, 'no checksums: copied later only');
cmp_ok(hops_of($t)->{$later} // 0, '>=', $all, 'no checksums: all of it');
cmp_ok(hops_of($t)->{$later} // 0, '<=', 1.05 * $all, 'no checksums: once');
done_testing();
