#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# squid answers one client from the origin while it keeps the answer in a cache
# file, and another from a cache file of before. What it fetched did not come
# from its cache, and what it had did not come from the origin. (A header that it
# builds over what it read and has not sent passes for that.)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

use Servers;

my $squid = find_program('squid');
my ($port, $origin_port) = (free_port(), free_port());
my $name = "copyscope$$";
my %size = (fetched => (700 << 10) + 77, kept => (1 << 20) + 5);
my $origin = origin_start($origin_port);

END {
	# squid leaves its shared memory behind.
	unlink glob "/dev/shm/$name-*" if $name;
}

sub squid_start
{
	my $config = write_file("$dir/squid.conf", <<"END");
http_port 127.0.0.1:$port
http_access allow all
cache_effective_user proxy
pid_filename $dir/run/squid.pid
cache_dir ufs $dir/run/cache 64 1 1
cache_mem 1 MB
maximum_object_size 16 MB
maximum_object_size_in_memory 8 KB
memory_cache_shared off
shared_transient_entries_limit 0
access_log stdio:$dir/run/access.log
cache_log $dir/run/cache.log
netdb_filename none
coredump_dir $dir/run
visible_hostname localhost
pinger_enable off
shutdown_lifetime 0 seconds
refresh_pattern . 1440 100% 1440
END
	mkdir "$dir/run";
	chmod 0777, "$dir/run";
	chmod 0755, $dir;
	my $made = start($squid, '-n', $name, '-f', $config, '-N', '-z');

	is(stop($made), 0, 'squid makes its cache') or diag(read_file($made->{err}));
	my $p = start($squid, '-n', $name, '-f', $config, '-N');

	listening('squid', $port);
	return $p;
}

sub cache_files { return glob "$dir/run/cache/*/*/*" }

# curl through squid, for a file of the origin.
sub through { return ['-x', "http://127.0.0.1:$port", '-o', '/dev/null', "http://127.0.0.1:$origin_port/$_[0]"] }

# The transfers to a client: (from files of the cache, from the origin, from memory), bytes each.
sub sent_to
{
	my ($transfers, $client) = @_;
	my %sent = map { ($_ => 0) } qw(cache origin memory other);

	for my $transfer (grep { ($_->{to}{peer} // '') eq "127.0.0.1:$client" } @$transfers) {
		my $from = $transfer->{from};
		my $source = ($from->{path} // '') =~ m{^\Q$dir\E/run/cache/} ? 'cache'
			: ($from->{peer} // '') eq "127.0.0.1:$origin_port" ? 'origin'
			: $from->{kind} eq 'memory' ? 'memory' : 'other';

		$sent{$source} += $transfer->{delivered_bytes};
	}
	return \%sent;
}

sub check_sent
{
	my ($sent, $got, $what) = @_;

	is(sum(values %$sent), $got->[1] + $got->[2], "$what: the client is sent what curl got");
	is($sent->{other}, 0, "$what: from nowhere else");
}

for my $file (map { "$dir/$origin_port/$_" } keys %size) {
	prepare($file, $size{$file =~ s{.*/}{}r});
	utime 1e9, 1e9, $file; # what did not change for long may be kept for long
}
my $proxy = squid_start();
clients_run(through('kept'));
wait_until('the cache', sub { grep { -s > $size{kept} } cache_files() });
my ($kept) = cache_files();
my $kept_bytes = -s $kept;

my $tool = start_tool('-p', $proxy->{pid});
# What was read for the first client lies in memory that the others' bytes come to.
my ($kept_got) = clients_run(through('kept'));
my ($fetched_got, $again_got) = clients_run(through('fetched'), through('kept'));
wait_until('the other file', sub { grep { $_ ne $kept && -s > $size{fetched} } cache_files() });
my ($fetched) = grep { $_ ne $kept } cache_files();
my $fetched_bytes = -s $fetched;
is(stop($tool, 'INT'), 0, 'the tool ends well') or diag(read_file($tool->{err}));
stop($proxy, 'TERM');
stop($origin, 'QUIT');

my $log = read_file("$dir/run/access.log");
is(join(' ', sort map { m{/(\w+)$} ? $1 : () } map { m{TCP_HIT/200 .* GET (\S+)} } split /\n/, $log),
	'kept kept', 'squid says what it had') or diag($log);
my $report = slurp_json($tool->{json});
my @transfers = grep { $_->{process}{comm} eq 'squid' } @{$report->{transfers}};
my @read = grep { ($_->{from}{path} // '') =~ m{^\Q$dir\E/run/cache/.*/} } @transfers;

check_lost($report);
check_schema($report, 'report.schema.json', 'the report');
is(join(' ', grep { $_ ne $kept } map { $_->{from}{path} } @read), '', 'one cache file was read');
is(sum(map { $_->{bytes} } grep { $_->{to} eq 'user_buffer' } map { @{$_->{hops}} } @read),
	2 * $kept_bytes, 'twice, as far as it goes');

my $sent = sent_to(\@transfers, $fetched_got->[0]);
check_sent($sent, $fetched_got, 'fetched');
cmp_ok($sent->{cache}, '<', 1024, 'fetched: not from the cache');
for my $got ($kept_got, $again_got) {
	$sent = sent_to(\@transfers, $got->[0]);
	check_sent($sent, $got, 'kept');
	is($sent->{origin}, 0, 'kept: nothing from the origin');
	cmp_ok($sent->{cache}, '<=', $kept_bytes, 'kept: no more than was read');
	cmp_ok($sent->{cache}, '>', 0.9 * $kept_bytes, 'kept: but nearly all of that');
}

my @written = grep { ($_->{to}{path} // '') eq $fetched } @transfers;
is(sum(map { $_->{delivered_bytes} } @written), $fetched_bytes, 'the new file of the cache is written');
is(join(' ', grep { $_ ne 'memory' } map { $_->{from}{path} // $_->{from}{peer} // 'memory' } @written)
	=~ s/127.0.0.1:$origin_port//gr =~ s/ //gr, '', 'not from the other');
for my $transfer (grep { $_->{from}{kind} eq 'memory' } @transfers) {
	my @advice = grep { /loop|copy-by-cpu|relay/ } map { $_->{code} } @{$transfer->{findings}};

	is("@advice", '', "no advice on memory to $transfer->{to}{kind}");
}
done_testing();
