# SPDX-License-Identifier: MIT
# An nginx of the tests' own, on a free port of the loopback device.
package Nginx;

use strict;
use warnings;

use Copyscope;
use Exporter qw(import);
use IO::Socket::INET;
use Test::More;

our @EXPORT = qw(nginx_path nginx_start nginx_stop);

sub nginx_path
{
	for my $path (qw(/usr/sbin/nginx /usr/local/sbin/nginx /sbin/nginx)) {
		return $path if -x $path;
	}
	return undef;
}

sub free_port
{
	my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "$!";

	return $socket->sockport;
}

# nginx serving $dir: { pid, port, url }.
sub nginx_start
{
	my ($workers, $sendfile) = @_;
	my $port = free_port();
	my $temp = join '', map { "\t${_}_temp_path $dir/$_;\n" }
		qw(client_body proxy fastcgi uwsgi scgi);
	my $config = write_file("$dir/nginx.conf", <<"END");
worker_processes $workers;
pid $dir/nginx.pid;
error_log $dir/nginx.log;
daemon off;
user root;
events { worker_connections 512; }
http {
	access_log off;
	sendfile $sendfile;
	keepalive_requests 100000;
	server { listen 127.0.0.1:$port; root $dir; }
$temp}
END
	my $nginx = start(nginx_path(), '-p', $dir, '-e', "$dir/nginx.log", '-c', $config);

	$nginx->{port} = $port;
	$nginx->{url} = "http://127.0.0.1:$port";
	wait_until('nginx', sub {
		IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port);
	});
	return $nginx;
}

sub nginx_stop
{
	my ($nginx) = @_;

	return stop($nginx, 'QUIT');
}

1;
