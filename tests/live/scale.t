#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# 16 threads of one process, 2,000 files, 1,000 connections: each transfer exact, nothing lost.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

my ($report, $truth) = trace(['many', '--dst', $dir, '--chunk', 4096]);
my $chunk = $truth->{chunk};
my (@sent, @received, @made);

check_lost($report);
check_audit($report);
for my $transfer (@{$report->{transfers}}) {
	my $pid = $transfer->{process}{pid};

	push @sent, $transfer if $pid == $truth->{pid} && $transfer->{to}{kind} eq 'tcp';
	push @made, $transfer if $pid == $truth->{pid} && ($transfer->{to}{path} // '') =~ /many/;
	push @received, $transfer
		if $pid == $truth->{receiver} && $transfer->{from}{kind} eq 'tcp';
}

my $describe = sub {
	my ($transfer) = @_;
	my ($hops, $calls) = (hops_of($transfer), calls_of($transfer));

	delete $hops->{'page_cache>disk dma'};
	return join ', ', $transfer->{delivered_bytes}, map {
		my $of = $_;
		map { "$_ $of->{$_}" } sort keys %$of
	} $hops, $calls;
};

# Each of @transfers is as the @wanted text says.
sub all_are
{
	my ($transfers, $count, $wanted, $what) = @_;
	my @wrong = grep { $describe->($_) ne $wanted } @$transfers;

	is(scalar @$transfers, $count, "$what: each is a transfer of its own");
	is(scalar @wrong, 0, "$what: each is exact")
		or diag($describe->($wrong[0]), ' is not ', $wanted);
}

my $twice = 2 * $chunk;
all_are(\@made, $truth->{files}, "$chunk, user_buffer>page_cache copy $chunk, write 1", 'files made');
all_are(\@sent, $truth->{files}, "$chunk, page_cache>user_buffer copy $chunk, "
	. "user_buffer>socket_buffer copy $chunk, read 1, write 1", 'files sent');
all_are(\@received, $truth->{connections}, "$twice, socket_buffer>user_buffer copy $twice, read 2",
	'connections received');
is(scalar(grep { ($_->{from}{path} // '') !~ m{^\Q$dir\E/many\.\d+$} } @sent), 0,
	'each has the path of its file');
done_testing();
