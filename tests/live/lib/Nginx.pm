# SPDX-License-Identifier: MIT
# An nginx of the tests' own, on a free port of the loopback device.
package Nginx;

use strict;
use warnings;

use Copyscope;
use Exporter qw(import);
use Servers;
use Test::More;

our @EXPORT = qw(nginx_path nginx_start nginx_stop);

sub nginx_path { return find_program('nginx') }

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
	listening('nginx', $port);
	return $nginx;
}

sub nginx_stop
{
	my ($nginx) = @_;

	return stop($nginx, 'QUIT');
}

1;
