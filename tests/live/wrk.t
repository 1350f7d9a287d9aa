#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Many connections: what nginx delivered is what the client counted.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

use Nginx;

my ($ab) = grep { -x } qw(/usr/bin/ab /usr/sbin/ab);
nginx_path() && $ab or BAIL_OUT('needs nginx and ab: run tools/deps');
my ($requests, $connections, $bytes) = (5000, 64, 100 << 10);

prepare("$dir/file", $bytes);

sub load
{
	my ($sendfile) = @_;
	my $nginx = nginx_start(4, $sendfile);
	my $tool = start_tool('-n', 'nginx');
	my $said = qx($ab -q -n $requests -c $connections -k '$nginx->{url}/file' 2>&1);
	my ($total) = $said =~ /Total transferred:\s+(\d+)/;
	my ($failed) = $said =~ /Failed requests:\s+(\d+)/;
	my ($report, @tcp, @file);

	nginx_stop($nginx);
	is(stop($tool, 'INT'), 0, 'the tool ends well');
	$report = slurp_json($tool->{json});
	@tcp = grep { ($_->{to}{kind} // '') eq 'tcp' } @{$report->{transfers}};
	@file = grep { ($_->{from}{path} // '') eq "$dir/file" } @tcp;
	is($failed, 0, "sendfile $sendfile: no request failed");
	is(sum(map { $_->{delivered_bytes} } @tcp), $total,
		"sendfile $sendfile: delivered is what the client counted");
	# nginx gives the memory of file buffers to headers of later requests: what
	# last filled it is the file still, see "Known limits" of docs/hooks.md.
	my ($file, $copies) = map { my $key = $_; sum(map { $_->{$key} } @file) }
		qw(delivered_bytes cpu_copied_bytes);
	my $headers = $sendfile eq 'on' ? 0 : $total - $requests * $bytes;

	cmp_ok($file, '>=', $requests * $bytes, "sendfile $sendfile: the file, as often as asked for");
	cmp_ok($file, '<=', $requests * $bytes + $headers, "sendfile $sendfile: and headers at most");
	is($copies, $sendfile eq 'on' ? 0 : $requests * $bytes + $file, "sendfile $sendfile: copies");
	is(sum(values %{$report->{lost}}), 0, "sendfile $sendfile: nothing is lost");
}

load('off');
load('on') unless in_guest();
done_testing();
