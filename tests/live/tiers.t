#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The derived tier beside the measured one, on the same workloads.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

use Cpanel::JSON::XS;

my $src = prepare("$dir/src");
my @workloads = (
	['relay', '--src', $src],
	['relay', '--src', $src, '--to', 'tcp'],
	['relay', '--src', $src, '--to', 'file', '--dst', "$dir/dst"],
	['relay', '--src', $src, '--to', 'udp', '--chunk', 32768],
	['relay', '--src', $src, '--to', 'unix'],
	['relay', '--src', $src, '--to', 'pipe'],
	['map', '--src', $src, '--to', 'tcp'],
	['sendfile', '--src', $src, '--to', 'tcp'],
	['sendfile', '--src', $src, '--to', 'file', '--dst', "$dir/dst"],
	['splice', '--src', $src, '--to', 'tcp'],
	['copy-file-range', '--src', $src, '--dst', "$dir/dst"],
	['header', '--src', $src, '--to', 'tcp'],
);

plan skip_all => 'this kernel may have the derived tier only' unless in_guest();
my %delivered;
for my $name ('best', 'derived') {
	my $provenance = $name eq 'best' ? 'measured' : 'derived';

	local $Run::tier = $name;
	my ($report, @truth) = trace(@workloads);

	is($report->{hooks}{copies}, $provenance, "$name: copies are $provenance");
	for my $i (0 .. $#truth) {
		my $what = join ' ', grep { !m{^/} } @{$workloads[$i]};

		check_report($report, $truth[$i], "$name: $what");
		$delivered{$name}[$i] = join ' ', map {
			my $flow = $_;
			sum(map { $_->{delivered_bytes} } find_transfers($report, $flow))
		} sort { "$a->{from}{kind} $a->{to}{kind}" cmp "$b->{from}{kind} $b->{to}{kind}" }
			grep { $_->{delivered_bytes} > 8 } @{$truth[$i]{flows}};
	}
}
is_deeply($delivered{derived}, $delivered{best}, 'both tiers: the same delivered bytes');
done_testing();
