#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# nginx and Apache by the pid that people have of them, the one in the pid file.
# It is the master's; the workers run already, and they do the work.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

use Nginx;
use Servers;

my $size = (2 << 20) + 3;
my $file = prepare("$dir/file", $size);
my $port = free_port();

chmod 0755, $dir;
chmod 0644, $file;

# An Apache that serves $dir, with two processes that run already.
sub apache_start
{
	my $modules = '/usr/lib/apache2/modules';
	my $config = write_file("$dir/apache.conf", <<"END");
ServerRoot $dir
ServerName localhost
LoadModule mpm_prefork_module $modules/mod_mpm_prefork.so
LoadModule authz_core_module $modules/mod_authz_core.so
Listen 127.0.0.1:$port
DocumentRoot $dir
PidFile $dir/apache.pid
ErrorLog $dir/apache.log
Mutex file:$dir
StartServers 2
MinSpareServers 2
MaxSpareServers 2
User www-data
Group www-data
END
	# Its end ends its process group.
	my $p = start('setsid', find_program('apache2'), '-f', $config, '-D', 'FOREGROUND');

	listening('apache', $port);
	return $p;
}

sub children_of
{
	my ($pid) = @_;

	return split ' ', read_file("/proc/$pid/task/$pid/children") // '';
}

sub masters { return map { read_file("$dir/$_.pid") =~ s/\s//gr } qw(nginx apache) }

sub fetch
{
	return clients_run(map { ['-o', '/dev/null', "http://127.0.0.1:$_/file"] } @_);
}

sub nr_children
{
	return scalar map { children_of($_) } masters();
}

my $nginx = nginx_start(2, 'on');
my $apache = apache_start();

fetch($nginx->{port}, $port);
wait_until('the workers', sub { children_of($_) >= 2 || return 0 for masters(); 1 });
my %workers = map { my $master = $_; map { ($_ => $master) } children_of($master) } masters();

my $tool = start_tool('-p', join ',', masters());
my @got = fetch($nginx->{port}, $port);
is(stop($tool, 'INT'), 0, 'the tool ends well') or diag(read_file($tool->{err}));
my $report = slurp_json($tool->{json});
check_lost($report);
check_schema($report, 'report.schema.json', 'the report');
for my $i (0, 1) {
	my $client = "127.0.0.1:$got[$i][0]";
	my @sent = grep { ($_->{to}{peer} // '') eq $client } @{$report->{transfers}};
	my @files = grep { ($_->{from}{path} // '') eq $file } @sent;
	my $what = (qw(nginx apache))[$i];

	is(sum(map { $_->{delivered_bytes} } @files), $size, "$what: its worker sent the file");
	is(sum(map { $_->{delivered_bytes} } @sent), $got[$i][1] + $got[$i][2], "$what: and the header");
	is($workers{$_->{process}{pid}}, (masters())[$i], "$what: a worker that ran already") for @sent;
	is($files[0]{verdict}, $what eq 'apache' ? 'copied' : measured() ? 'zero-copy' : 'unknown',
		"$what: verdict");
}

# Without them, one line says so.
my @counts = nr_children();
$tool = start_tool('--no-follow', '-p', join ',', masters());
push @counts, nr_children();
fetch($nginx->{port}, $port);
is(stop($tool, 'INT'), 0, 'the tool ends well without workers');
$report = slurp_json($tool->{json});
is(join(' ', grep { $workers{$_} } map { $_->{process}{pid} } @{$report->{transfers}}), '',
	'--no-follow: no worker is seen');
my @lines = grep { /child/ } split /\n/, read_file($tool->{err});
is(scalar @lines, 1, '--no-follow: one line says what is left out') or diag(read_file($tool->{err}));
# Apache starts and ends spare ones when it likes.
like($lines[0] // '', qr/\b(?:$counts[0]|$counts[1])\b/, 'and how many they are');
stop($apache, 'TERM');
nginx_stop($nginx);
done_testing();
