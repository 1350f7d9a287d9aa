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

# A certificate for this host, valid today.
sub certificate
{
	my @command = (qw(openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost),
		'-keyout', "$dir/key.pem", '-out', "$dir/cert.pem");
	my $p = start(@command);

	stop($p);
	$p->{status} == 0 or BAIL_OUT('openssl: ' . read_file($p->{err}));
}

# What makes a server speak TLS, encrypted by the kernel.
sub tls_lines
{
	my ($protocol) = @_;

	certificate() unless -e "$dir/cert.pem";
	return "ssl_certificate $dir/cert.pem; ssl_certificate_key $dir/key.pem;\n" .
		"\t\tssl_protocols $protocol; ssl_ciphers AES128-GCM-SHA256:AES256-GCM-SHA384;\n" .
		"\t\tssl_conf_command Options KTLS;";
}

# nginx serving $dir, by kernel TLS with a $protocol (TLSv1.3): { pid, port, url }.
sub nginx_start
{
	my ($workers, $sendfile, $protocol) = @_;
	my ($ssl, $tls) = $protocol ? (' ssl', tls_lines($protocol)) : ('', '');
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
	server { listen 127.0.0.1:$port$ssl; root $dir; $tls }
$temp}
END
	my $nginx = start(nginx_path(), '-p', $dir, '-e', "$dir/nginx.log", '-c', $config);

	$nginx->{port} = $port;
	$nginx->{url} = ($protocol ? 'https' : 'http') . "://127.0.0.1:$port";
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
