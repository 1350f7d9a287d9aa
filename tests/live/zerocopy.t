#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# MSG_ZEROCOPY: copied after all on this host, and not copied by a network card
# that gathers. The workload asks the kernel which of them it was.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'the derived tier does not see pinned pages' unless measured();
plan skip_all => 'the NIC is one of the virtual machine' unless in_guest();

my $pinned = 'user_buffer>socket_buffer reference';
my $later = 'socket_buffer>socket_buffer copy';

sub codes { return join ' ', map { $_->{code} } @{$_[0]{findings}} }

# One transfer of the sender, whose hops the truth told.
sub sent
{
	my ($report, $truth) = @_;
	my ($flow) = grep { $_->{to}{kind} eq 'tcp' } @{$truth->{flows}};
	my ($t, $more) = find_transfers($report, $flow);

	ok($t && !$more, 'one transfer') or BAIL_OUT('without it there is nothing to look at');
	return ($t, $flow);
}

# The 8 MiB were copied between the socket and the device once; some are sent again.
sub copied_later
{
	my ($t, $name) = @_;
	my $bytes = hops_of($t)->{$later} // 0;

	cmp_ok($bytes, '>=', 8 << 20, "$name: all is copied");
	cmp_ok($bytes, '<=', 1.05 * (8 << 20), "$name: once");
}

# Over loopback: all that was pinned is copied, and the receiver copies.
my ($report, @truth) = trace(['zerocopy', '--to', 'tcp'],
	['zerocopy', '--to', 'tcp', '--bytes', 1000001, '--chunk', 30000]);
check_audit($report);
check_lost($report);
check_report($report, $truth[$_], ('over loopback', 'over loopback, odd sizes')[$_]) for 0 .. 1;
for my $truth (@truth) {
	my ($t, $flow) = sent($report, $truth);

	is($flow->{hops}{$later}, $flow->{delivered_bytes}, 'the kernel says it copied all');
	is($t->{verdict}, 'copied', 'so says the verdict');
	is(codes($t), 'zerocopy-fallback', 'and the finding');
}

# Copied at once, as the socket was not asked to pin; a send without the flag says nothing.
($report, @truth) = trace(['zerocopy', '--to', 'tcp', '--mode', 'unset'],
	['source', '--to', 'tcp', '--write', 'send']);
check_report($report, $truth[$_], ('without SO_ZEROCOPY', 'without the flag')[$_]) for 0 .. 1;
is(codes((sent($report, $truth[0]))[0]), 'zerocopy-fallback', 'without SO_ZEROCOPY: the finding');
is(codes((sent($report, $truth[1]))[0]), '', 'without the flag: none');

# By a card that gathers.
nic_up();
($report, @truth) = trace(['zerocopy', '--to', 'tcp:10.0.3.100:7000']);
check_audit($report);
check_lost($report);
{
	my ($t, $flow) = sent($report, $truth[0]);
	my $hops = hops_of($t);

	is($flow->{hops}{$later}, undef, 'the kernel says it copied nothing');
	is($hops->{$pinned}, 8 << 20, 'all is pinned');
	is($hops->{$later}, undef, 'nothing is copied later');
	is($t->{cpu_copied_bytes}, 0, 'nor before');
	cmp_ok($hops->{'socket_buffer>nic dma'}, '>=', 8 << 20, 'the card fetched it');
	is($t->{verdict}, 'zero-copy', 'so says the verdict');
	is(codes($t), '', 'and no finding');
	tell_measured($report, $truth[0], [$t], 'by the card');
}

# A veth pair that gathers and one that does not.
my $far = veth_up('near0', 8);
($report, @truth) = trace(['zerocopy', '--to', "tcp:$far:7000"]);
{
	my ($t, $flow) = sent($report, $truth[0]);

	is($flow->{hops}{$later}, $flow->{delivered_bytes}, 'veth: the kernel says it copied all');
	is(codes($t), 'zerocopy-fallback', 'veth: so says the finding');
	copied_later($t, 'veth');
	tell_measured($report, $truth[0], [$t], 'over veth');
}

switch_off('near0', 'scatter-gather');
my $src = prepare("$dir/src");
($report) = path_json(['--from', "file:$src"], $^X, '-MIO::Socket::INET', '-e', <<'END', $src, $far);
	my $s = IO::Socket::INET->new(PeerAddr => "$ARGV[1]:7000") or die;
	open my $f, '<', $ARGV[0] or die;
	1 while syscall(40, fileno $s, fileno $f, 0, 1 << 20) > 0;
	shutdown $s, 1;
	sysread $s, my $end, 1;
END
{
	my ($t, $more) = @{$report->{transfers}};

	ok($t && !$more, 'no scatter-gather: one transfer') or BAIL_OUT('no transfer');
	copied_later($t, 'no scatter-gather');
	is($t->{verdict}, 'copied', 'no scatter-gather: so says the verdict');
	is(codes($t), 'software-segmentation', 'no scatter-gather: and the finding');
}

# TCP asks for segmentation in software whatever the device can do, and with that
# counts on scatter-gather (sk_setup_caps): the pages are pinned in vain. The
# notification tells of packets that __pskb_pull_tail emptied, not of what
# skb_segment copied, so the kernel's word is a lower bound here, and may be none.
($report, @truth) = trace(['zerocopy', '--to', "tcp:$far:7000"]);
{
	my ($t, $flow) = sent($report, $truth[0]);

	is(hops_of($t)->{$pinned}, 8 << 20, 'no scatter-gather: all is pinned');
	cmp_ok($flow->{hops}{$later} // 0, '<=', $flow->{delivered_bytes},
		'no scatter-gather: the kernel owns up to no more than it copied');
	copied_later($t, 'no scatter-gather, pinned');
	is($t->{verdict}, 'copied', 'no scatter-gather: so says the verdict of a pinned send');
	is(codes($t), 'zerocopy-fallback', 'no scatter-gather: and the finding of a pinned send');
}
done_testing();
