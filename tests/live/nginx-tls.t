#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# nginx serves a file by sendfile and kernel TLS: a real program's handshake and
# keys, the pages of the file encrypted by the kernel without a copy.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

use Nginx;

plan skip_all => 'the derived tier does not see kernel TLS' unless measured();
plan skip_all => 'the module is loaded in the virtual machine' unless in_guest();
nginx_path() or BAIL_OUT('needs nginx: run tools/deps');
system('modprobe', 'tls') == 0 or BAIL_OUT('no module tls');
my $bytes = 16 << 20;
my $file = prepare("$dir/file", $bytes);

for my $protocol ('TLSv1.2', 'TLSv1.3') {
	my $nginx = nginx_start(1, 'on', $protocol);
	my $tool = start_tool('-n', 'nginx');

	is(qx(curl -s -k -o /dev/null -w '%{size_download}' '$nginx->{url}/file'), $bytes,
		"$protocol: curl got the file");
	is(stop($tool, 'INT'), 0, "$protocol: the tool ends well");
	my $report = slurp_json($tool->{json});
	my ($t, $more) = grep {
		($_->{from}{path} // '') eq $file && $_->{to}{kind} eq 'tcp'
	} @{$report->{transfers}};

	check_lost($report);
	ok($t && !$more, "$protocol: one transfer from the file") or BAIL_OUT('no transfer');
	is($t->{delivered_bytes}, $bytes, "$protocol: all of it");
	same(hops_of($t), {
		'page_cache>socket_buffer reference' => $bytes,
		'socket_buffer>socket_buffer transform' => $bytes,
	}, "$protocol: referenced, and encrypted once");
	is($t->{verdict}, 'zero-copy', "$protocol: without a copy");
	is(scalar(grep { $_->{code} eq 'transformed' } @{$t->{findings}}), 1,
		"$protocol: the finding says what happened instead");
	nginx_stop($nginx);
}
done_testing();
