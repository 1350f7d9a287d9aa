#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Programs that everybody has, all under one trace. Whatever is said about them
# is compared with what can be seen without a tracer: the sizes of the files that
# they made and read, what the client of a server got, what the server counts.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

use Servers;

my $size = (4 << 20) + 4321;
my $file = prepare("$dir/file", $size);
my %port = map { ($_ => free_port()) } qw(relay web redis);
my $python = '/usr/bin/python3'; # not one that is a script around another
my $value = prepare("$dir/value", 1 << 20);

find_program($_) for qw(socat curl git rsync redis-server redis-cli busybox);
system('git', 'init', '-q', "$dir/repository") == 0 or BAIL_OUT('git init');
mkdir "$dir/$_" for qw(here there);
rename prepare("$dir/some", $size), "$dir/here/some" or die "$!";
rename prepare("$dir/added", 300_001), "$dir/repository/added" or die "$!";

my $script = <<"END";
cd $dir
socat -u TCP-LISTEN:$port{relay},bind=127.0.0.1 CREATE:$dir/relayed &
socat -u FILE:$file TCP:127.0.0.1:$port{relay},retry=200,interval=0.1
wait
curl -s -o fetched file://$file
cp file copied
busybox cp file sent
tar -cf archive file value
mkdir unpacked
tar -xf archive -C unpacked
tee one two <file >/dev/null
cat value | tee three >four
git -C repository add added
git -C repository -c user.name=a -c user.email=a\@b commit -qm all
git clone -q --no-local repository clone
rsync -r here/ there
$python -m http.server --bind 127.0.0.1 $port{web} >/dev/null 2>&1 &
web=\$!
curl -s --retry 100 --retry-connrefused --retry-delay 1 -o /dev/null -w 'web %{size_header} %{size_download}\\n' http://127.0.0.1:$port{web}/file
kill \$web
$python -c '
import os
memory = memoryview(bytearray(16384))
one, two = (os.open(name, os.O_WRONLY | os.O_CREAT) for name in ("carried", "made"))
os.readv(os.open("value", os.O_RDONLY), [memory[:4898]])
os.write(one, memory[:4898])
memory[:] = bytes(16384)
os.write(two, memory)'
redis-server --port $port{redis} --dir $dir --save '' --daemonize no >/dev/null &
until redis-cli -p $port{redis} ping >/dev/null 2>&1; do sleep 0.1; done
redis-cli -p $port{redis} -x set value <value >/dev/null
redis-cli -p $port{redis} get value >/dev/null
redis-cli -p $port{redis} get value >/dev/null
redis-cli -p $port{redis} save >/dev/null
redis-cli -p $port{redis} info stats | tr -d '\\r' | sed -n 's/^total_net_\\(.*\\):\\(.*\\)/redis \\1 \\2/p'
redis-cli -p $port{redis} shutdown nosave
wait
END

my ($report, $ran) = path_json([], '/bin/sh', '-c', $script);
my @transfers = @{$report->{transfers}};

is($ran->{status}, 0, 'the tool ends well') or diag($ran->{err});
my %said = map { /^(\w+) (.*)/ ? ($1 => [split ' ', $2]) : () } split /\n/, $ran->{out};

# The transfers of a program between endpoints, of which names or kinds are given.
sub transfers_of
{
	my ($comm, $from, $to) = @_;
	my $is = sub {
		my ($place, $name) = @_;

		return ($place->{path} // '') =~ $name if ref $name;
		return ($place->{path} // $place->{kind} // '') eq $name || ($place->{kind} // '') eq $name;
	};

	return grep {
		$_->{process}{comm} eq $comm && (!$from || $is->($_->{from}, $from)) &&
			(!$to || $is->($_->{to}, $to))
	} @transfers;
}

sub delivered { return sum(map { $_->{delivered_bytes} } @_) }

# A program brought all of a file somewhere, and nothing else came there but @more bytes.
sub check_moved
{
	my ($comm, $from, $to, $bytes, $more) = @_;

	is(delivered(transfers_of($comm, $from, $to)), $bytes, "$comm: from $from to $to");
	is(delivered(transfers_of($comm, undef, $to)), $bytes + ($more // 0), "$comm: all to $to");
}

sub check_copiers
{
	check_moved('socat', $file, 'tcp', $size);
	check_moved('socat', 'tcp', "$dir/relayed", $size);
	check_moved('cp', $file, "$dir/copied", $size);
	check_moved('busybox', $file, "$dir/sent", $size);
	check_moved('tar', $file, "$dir/archive", $size, (-s "$dir/archive") - $size);
	check_moved('tar', $value, "$dir/archive", -s $value, (-s "$dir/archive") - -s $value);
	check_moved('tar', "$dir/archive", "$dir/unpacked/file", $size);
	check_moved('tar', "$dir/archive", "$dir/unpacked/value", -s $value);
	check_moved('tee', $file, "$dir/$_", $size) for qw(one two);
	check_moved('tee', 'pipe', "$dir/$_", -s $value) for qw(three four);
	check_moved('python3', $value, "$dir/carried", 4898);
	check_moved('python3', 'memory', "$dir/made", 16384);
	# curl writes by stdio, which copies what does not fill its buffer.
	is(delivered(transfers_of('curl', undef, "$dir/fetched")), $size, 'curl: all of what it fetched');
	cmp_ok(delivered(transfers_of('curl', $file, "$dir/fetched")), '>', $size / 2, 'curl: from the file');
	is(delivered(transfers_of('curl', $file)), $size, 'curl: read it once');
}

# Files that got their name after they were written.  Only hooks tell of that; git links
# its objects and unlinks the first name, which docs/hooks.md says is not followed.
sub check_renamed
{
	my ($object) = sort { -s $b <=> -s $a } grep { -f } glob "$dir/repository/.git/objects/??/*";
	my $first = qr{^\Q$dir\E/repository/\.git/objects/(?:../)?tmp_obj_\w+$};
	my ($there, $saved) = measured() ? ("$dir/there/some", "$dir/dump.rdb")
		: (qr{^\Q$dir\E/there/\.some\.\w+$}, qr{/temp-\d+\.rdb$});
	my %written;

	$written{$_->{to}{ino}} += $_->{delivered_bytes} for transfers_of('git', undef, $first);
	is(scalar(grep { $_ == -s $object } values %written), 1, 'git: the object, by its first name');
	is(delivered(transfers_of('git', "$dir/repository/added", $first)), 0,
		'git: which is compressed, other bytes');
	is(delivered(grep { ($_->{from}{path} // '') =~ m{^/usr/share} } transfers_of('git', undef, "$dir/clone/added")),
		0, 'git: what it wrote before is not what it writes now');
	is(delivered(transfers_of('git', undef, "$dir/clone/added")), -s "$dir/repository/added",
		'git: the file it checks out');
	is(delivered(transfers_of('rsync', undef, $there)), $size, 'rsync: by its last name');
	is(delivered(transfers_of('redis-server', undef, $saved)), -s "$dir/dump.rdb",
		'redis: what it saved, by its last name');
}

sub check_servers
{
	my ($header, $body) = @{$said{web}};
	my @web = grep { $_->{to}{kind} eq 'tcp' && ($_->{to}{local} // '') =~ /:$port{web}$/ } @transfers;
	my @redis = grep { ($_->{to}{kind} // '') eq 'tcp' } transfers_of('redis-server');
	my %net = map { /^redis (\w+)_bytes (\d+)/ ? ($1 => $2) : () } split /\n/, $ran->{out};

	is($body, $size, 'http.server: curl got the file');
	is(delivered(@web), $header + $body, 'http.server: it sent what curl got');
	is(delivered(grep { ($_->{from}{path} // '') eq $file } @web), $size, 'http.server: the file from the file');
	# It counts what it answered before it is asked.
	cmp_ok(delivered(@redis), '>=', $net{output}, 'redis: it sent what it says');
	cmp_ok(delivered(@redis), '<', $net{output} + 16384, 'redis: and the answer to that');
	cmp_ok(delivered(grep { $_->{from}{kind} eq 'tcp' } @redis), '<=', $net{input},
		'redis: no more from a client than came');
}

# No more of a file is brought to one place than it has, whoever read it.  A name that
# another file has taken since (git's config, written anew for each change) tells no size.
sub check_sizes
{
	my %brought;

	for my $transfer (@transfers) {
		my ($from, $to) = @{$transfer}{qw(from to)};

		next if ($from->{kind} // '') ne 'file' || $to->{kind} eq 'memory' || !-s $from->{path};
		next if (stat _)[1] != $from->{ino};
		$brought{$from->{path}}{join ' ', $transfer->{process}{pid}, $to->{path} // $to->{peer} // $to->{kind},
			$to->{ino} // ''} += $transfer->{delivered_bytes};
	}
	for my $path (sort keys %brought) {
		cmp_ok($brought{$path}{$_}, '<=', -s $path, "no more of $path to $_ than it has")
			for sort keys %{$brought{$path}};
	}
}

# Nothing was moved without a copy but by calls that can.
sub check_verdicts
{
	for my $transfer (grep { $_->{verdict} eq 'zero-copy' } @transfers) {
		my $calls = join ' ', sort map { $_->{name} } @{$transfer->{calls}};

		like($calls, qr/^((sendfile64|splice|copy_file_range) ?)+$/,
			"$transfer->{process}{comm}: no copy by $calls");
	}
	for my $transfer (grep { ($_->{from}{kind} // '') eq 'memory' } @transfers) {
		my @advice = grep { /loop|copy-by-cpu|relay/ } map { $_->{code} } @{$transfer->{findings}};

		is("@advice", '', "no advice on memory of $transfer->{process}{comm}");
	}
}

check_lost($report);
check_schema($report, 'report.schema.json', 'the report');
check_copiers();
check_renamed();
check_servers();
check_sizes();
check_verdicts();
done_testing();
