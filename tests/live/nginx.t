#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# nginx serves one large file with and without sendfile, to two tracers at once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

use Nginx;

nginx_path() or BAIL_OUT('needs nginx: run tools/deps');
my $bytes = 64 << 20;
my $file = prepare("$dir/file", $bytes);

sub fetch
{
	my ($url) = @_;
	my $got = qx(curl -s -o /dev/null -D '$dir/header' -w '%{size_download}' '$url');

	is($got, $bytes, 'curl got the file');
	return -s "$dir/header";
}

# The transfers to tcp: (from the file, from memory).
sub to_tcp
{
	my ($report) = @_;
	my @tcp = grep { ($_->{to}{kind} // '') eq 'tcp' } @{$report->{transfers}};

	return ([grep { ($_->{from}{path} // '') eq $file } @tcp],
		[grep { $_->{from}{kind} eq 'memory' } @tcp], \@tcp);
}

sub check_serving
{
	my ($report, $header, $hops, $what) = @_;
	my ($files, $memory, $all) = to_tcp($report);
	my $copied = sum(map { /copy$/ ? $hops->{$_} : 0 } keys %$hops);

	is(scalar @$files, 1, "$what: one transfer from the file");
	is(scalar @$memory, 1, "$what: one transfer of the header");
	is(scalar @$all, 2, "$what: nothing else goes to tcp");
	is($files->[0]{delivered_bytes}, $bytes, "$what: the file is delivered");
	is($files->[0]{process}{comm}, 'nginx', "$what: by nginx");
	same(hops_of($files->[0]), $hops, "$what: hops");
	is($files->[0]{copies_per_byte}, $copied / $bytes, "$what: copies per byte");
	is($files->[0]{verdict}, $copied ? 'copied' : measured() ? 'zero-copy' : 'unknown',
		"$what: verdict");
	is($memory->[0]{delivered_bytes}, $header, "$what: the header is delivered");
	is(sum(values %{$report->{lost}}), 0, "$what: nothing is lost");
}

sub serve
{
	my ($sendfile, $cold) = @_;
	my $what = "sendfile $sendfile" . ($cold ? ', cold' : '');
	my $nginx = nginx_start(1, $sendfile);
	my %hops = $sendfile eq 'on' ? ('page_cache>socket_buffer reference' => $bytes)
		: ('page_cache>user_buffer copy' => $bytes,
		   'user_buffer>socket_buffer copy' => $bytes);
	my (@tools, $header);

	@tools = map { start_tool('-n', 'nginx') } 1 .. ($cold ? 1 : 2);
	if ($cold) {
		system($workload, 'evict', '--src', $file) == 0 or BAIL_OUT('cannot evict');
		$hops{'disk>page_cache dma'} = $bytes;
	}
	$header = fetch("$nginx->{url}/file");
	is(stop($_, 'INT'), 0, "$what: the tool ends well") for @tools;
	check_serving(slurp_json($_->{json}), $header, \%hops, $what) for @tools;
	nginx_stop($nginx);
}

serve('off');
serve('on');
serve('off', 'cold');
serve('on', 'cold');
done_testing();
