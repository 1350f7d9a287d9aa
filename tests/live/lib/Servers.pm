# SPDX-License-Identifier: MIT
#
# Servers of the tests' own on free ports of the loopback device, and what they
# say in their logs of the bytes that they sent and received: a truth that
# copyscope has no part in.
package Servers;

use strict;
use warnings;

use Exporter qw(import);
use Cpanel::JSON::XS;
use IO::Socket::INET;
use Run;
use Test::More;

our @EXPORT = qw(find_program bpf_ids free_port listening certificate lines_of origin_start clients_run);

# A server's program may lie where only root looks; BAILs out without it.
sub find_program
{
	my ($name) = @_;
	my ($path) = grep { -x } map { "$_/$name" }
		split(/:/, $ENV{PATH}), qw(/usr/sbin /usr/local/sbin /sbin);

	return $path // BAIL_OUT("needs $name: run tools/deps");
}

# Numbers of all that the kernel has of @what: "prog" or "link".
sub bpf_ids
{
	my ($what) = @_;
	my $bpftool = find_program('bpftool');
	my $list = eval { Cpanel::JSON::XS->new->decode(scalar qx($bpftool -j $what list)) } // [];

	return map { $_->{id} } @$list;
}

sub free_port
{
	my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "$!";

	return $socket->sockport;
}

sub listening
{
	my ($what, $port) = @_;

	return wait_until($what, sub {
		IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port);
	});
}

# A certificate for this host, valid today: $dir/cert.pem and $dir/key.pem.
sub certificate
{
	my @command = (qw(openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost),
		'-keyout', "$dir/key.pem", '-out', "$dir/cert.pem");
	my $p = start(@command);

	stop($p);
	$p->{status} == 0 or BAIL_OUT('openssl: ' . read_file($p->{err}));
}

# The lines of a log, each split at its blanks.
sub lines_of
{
	my ($path) = @_;

	return map { [split] } split /\n/, read_file($path) // '';
}

# An nginx that listens on $ports, port N serving $dir/N; a request to /sink is
# answered without a body. { pid, log } where the log has for each request:
# local port, peer's port, bytes sent, bytes received, path.
sub origin_start
{
	my (@ports) = @_;
	my $nginx = find_program('nginx');
	my $log = "$dir/origin.access";
	my $temp = join '', map { "\t${_}_temp_path $dir/$_;\n" }
		qw(client_body proxy fastcgi uwsgi scgi);
	my $servers = join '', map {
		mkdir "$dir/$_";
		"\tserver { listen 127.0.0.1:$_; root $dir/$_; location /sink { proxy_pass http://127.0.0.1:$_/empty; } }\n"
	} @ports;
	my $config = write_file("$dir/origin.conf", <<"END");
worker_processes 1;
pid $dir/origin.pid;
daemon off;
user root;
events { worker_connections 512; }
http {
	log_format truth '\$server_port \$remote_port \$bytes_sent \$request_length \$uri';
	access_log $log truth;
	sendfile on;
	client_max_body_size 0;
$servers$temp}
END
	my $origin = start($nginx, '-p', $dir, '-e', "$dir/origin.log", '-c', $config);

	$origin->{log} = $log;
	listening('the origin', $_) for @ports;
	return $origin;
}

# Several runs of curl at once, each given as its arguments. Returns for each
# transfer of one [local port, bytes of headers, bytes of the body].
sub clients_run
{
	my (@clients) = @_;
	my $form = '%{local_port} %{size_header} %{size_download}\n';
	my @running = map { start('curl', '-sk', '-w', $form, @$_) } @clients;

	for my $curl (@running) {
		stop($curl);
		is($curl->{status}, 0, 'curl is content') or diag(read_file($curl->{err}));
	}
	return map { lines_of($_->{out}) } @running;
}

1;
