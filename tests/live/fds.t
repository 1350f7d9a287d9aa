#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What copyscope fds tells is what open, dup, fork and SCM_RIGHTS made, as the workload says.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Residency;
use Test::More;

use Fcntl qw(:DEFAULT);
use IO::Socket::INET;
use IO::Socket::IP;
use IO::Socket::UNIX;
use Cpanel::JSON::XS;
use POSIX ();
use Socket qw(SOCK_DGRAM);
use Time::HiRes qw(sleep time);

my $source = expected_source();
my $knows_state = $source ne 'mincore';
diag("source: $source");

# Root without what eBPF needs: the other way to know what is shared.
my @without_bpf = ('setpriv', '--bounding-set=-cap_21,-cap_38,-cap_39');
my @nobody = ('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups');

# The tool, run by way of other programs: ({answer}, {process with texts}).
sub fds_by
{
	my ($by, @arguments) = @_;
	my $p = start(@$by, $tool, 'fds', '--format', 'json', @arguments);

	stop($p);
	$p->{text} = read_file($p->{out});
	return (slurp_json($p->{out}), $p);
}

sub start_workload
{
	my ($src, @by) = @_;
	my $p = start(@by, $workload, 'fds', '--src', $src);

	wait_for_line($p, 'out', qr/\}\}\n/);
	return ($p, slurp_json($p->{out}));
}

sub process_of
{
	my ($answer, $pid) = @_;

	return (grep { $_->{pid} == $pid } @{$answer->{processes}})[0];
}

# The entry of a role of the workload.
sub fd_of
{
	my ($answer, $role) = @_;
	my $process = process_of($answer, $role->{pid}) or return undef;

	return (grep { $_->{fd} == $role->{fd} } @{$process->{fds}})[0];
}

sub inode_of
{
	my ($answer, $role) = @_;
	my $fd = fd_of($answer, $role);

	return (grep { $_->{id} == $fd->{inode}{id} } @{$answer->{inodes}})[0];
}

sub description_of
{
	my ($answer, $role) = @_;
	my $id = fd_of($answer, $role)->{description}{id};

	return (grep { ($_->{id} // 0) == $id } @{$answer->{descriptions}})[0];
}

sub holders { return join ' ', map { "$_->{pid}:$_->{fd}" } @{$_[0]} }

sub ends
{
	return join ' ', sort map { "$_->{pid}:$_->{fd}:" . ($_->{end} // '?') } @{$_[0]};
}

# Any two: one description or two, one inode or two, as the workload made them.
sub check_sharing
{
	my ($answer, $truth, $what) = @_;
	my %roles = %{$truth->{roles}};
	my @names = sort grep { $roles{$_}{pid} != $truth->{outsider} } keys %roles;
	my ($wrong, $pairs) = ('', 0);

	for my $one (@names) {
		my $a = fd_of($answer, $roles{$one});

		ok($a && $a->{description}{id}, "$what: $one is known") or return;
		for my $other (@names) {
			my $b = fd_of($answer, $roles{$other}) or next;
			my $same = $a->{description}{id} == $b->{description}{id};
			my $meets = $a->{inode}{id} == $b->{inode}{id};

			$wrong .= "$one and $other: descriptions\n"
				if $same != ($roles{$one}{description} eq $roles{$other}{description});
			$wrong .= "$one and $other: inodes\n"
				if $meets != ($roles{$one}{inode} eq $roles{$other}{inode});
			$pairs++;
		}
	}
	is($wrong, '', "$what: $pairs pairs share what they should, and nothing else");
}

# Who shares the description of a role, of those asked for and of others.
sub check_holders
{
	my ($answer, $truth, $what) = @_;
	my %roles = %{$truth->{roles}};

	for my $name (qw(open1 open2 child_open memory pipe_w)) {
		my $description = description_of($answer, $roles{$name});
		my @all = grep { $_->{description} eq $roles{$name}{description} } values %roles;
		my $text = sub {
			join ' ', map { "$_->{pid}:$_->{fd}" }
				sort { $a->{pid} <=> $b->{pid} || $a->{fd} <=> $b->{fd} } @_;
		};
		my @given = grep { $_->{pid} != $truth->{outsider} } @all;
		my %pids = map { ($_->{pid} => 1) } @given;

		is($text->(@{$description->{holders}}), $text->(@given), "$what: holders of $name");
		is(holders($description->{others}),
			$text->(grep { $_->{pid} == $truth->{outsider} } @all),
			"$what: others that hold $name");
		is(fd_of($answer, $roles{$name})->{description}{fds},
			$answer->{unseen_processes} ? undef : scalar @all,
			"$what: descriptors of $name");
		is(join(' ', sort { $a <=> $b } @{fd_of($answer, $roles{$name})->{description}{pids}}),
			join(' ', sort { $a <=> $b } keys %pids), "$what: processes of $name");
	}
}

sub check_ends
{
	my ($answer, $truth, $what) = @_;
	my %roles = %{$truth->{roles}};
	my $at = sub { "$roles{$_[0]}{pid}:$roles{$_[0]}{fd}" };

	is(ends(inode_of($answer, $roles{pipe_r})->{holders}),
		join(' ', sort $at->('pipe_w') . ':write', $at->('outside_w') . ':write',
			$at->('pipe_r') . ':read'), "$what: the ends of a pipe");
	for my $pair (['unix_a', 'unix_b'], ['unix_b', 'unix_a'], ['tcp_c', 'tcp_s'],
		['tcp_s', 'tcp_c']) {
		my $peer = inode_of($answer, $roles{$pair->[0]})->{peer};

		is(holders($peer->{holders}), $at->($pair->[1]), "$what: the peer of $pair->[0]");
		is($peer->{ino}, inode_of($answer, $roles{$pair->[1]})->{ino}, "$what: its inode");
	}
	my $client = inode_of($answer, $roles{tcp_c})->{socket};
	is("$client->{local} $client->{peer} $client->{state}",
		"$truth->{local} $truth->{peer} established", "$what: addresses of TCP");
	my $server = inode_of($answer, $roles{tcp_s})->{socket};
	is("$server->{local} $server->{peer}", "$truth->{peer} $truth->{local}",
		"$what: the other way round");
	is(inode_of($answer, $roles{tcp_c})->{kind}, 'tcp', "$what: TCP");
	is(inode_of($answer, $roles{unix_a})->{kind}, 'unix', "$what: a unix socket");
	is(inode_of($answer, $roles{pipe_r})->{kind}, 'pipe', "$what: a pipe");
}

sub check_all_of
{
	my ($answer, $truth, $what) = @_;

	check_schema($answer, 'fds.schema.json', $what);
	check_sharing($answer, $truth, $what);
	check_holders($answer, $truth, $what);
	check_ends($answer, $truth, $what);
}

chmod 0755, $dir;
my $src = "$dir/src";
my $file = page_file($src, 40);
read_pages($file, 3, 4, 20);
my ($p, $truth) = start_workload($src);
my %roles = %{$truth->{roles}};
my @pids = ($truth->{parent}, $truth->{child});
my ($answer, $ran) = fds_by([], @pids);

subtest 'what is shared' => sub {
	is($ran->{status}, 0, 'exit status') or diag(read_file($ran->{err}));
	is(read_file($ran->{err}), '', 'no complaint');
	is($answer->{unseen_processes}, 0, 'root sees all') if $answer->{identity} eq 'iterator';
	check_all_of($answer, $truth, "by $answer->{identity}");
	is(process_of($answer, $truth->{parent})->{comm}, 'workload', 'its name');
	my $open = fd_of($answer, $roles{open1})->{description};
	is("$open->{offset} @{$open->{flags}}", '4096 O_RDONLY', 'offset and flags of one');
	$open = fd_of($answer, $roles{passed})->{description};
	is("$open->{offset} @{$open->{flags}}", '0 O_RDWR O_APPEND', 'and of the other');
	is(fd_of($answer, $roles{pipe_r})->{description}{offset}, undef, 'a pipe has no offset');
	ok(fd_of($answer, $roles{gone})->{cloexec}, 'a descriptor that exec closes');
	ok(!fd_of($answer, $roles{open1})->{cloexec}, 'and one that stays');
	is(inode_of($answer, $roles{open1})->{descriptions}, 3, 'three descriptions meet');
};

subtest 'by kcmp' => sub {
	my ($other, $how) = fds_by(\@without_bpf, @pids);

	is($how->{status}, 0, 'exit status') or diag(read_file($how->{err}));
	is($other->{identity}, 'kcmp', 'without eBPF');
	is($other->{unseen_processes}, 0, 'root sees all') if in_guest();
	check_all_of($other, $truth, 'by kcmp');
	my @ids = map { my $a = $_; join ' ', map { my $p = $_; map {
		"$p->{pid}:$_->{fd}=$_->{description}{id}" } @{$p->{fds}} } @{$a->{processes}} }
		$answer, $other;
	is($ids[1], $ids[0], 'the same ids');
};

subtest 'in guests the iterator is used' => sub {
	plan skip_all => 'not in a guest' unless in_guest();
	is($answer->{identity}, 'iterator', 'root has it');
};

subtest 'the page cache' => sub {
	my $bytes = sub { PAGE * (() = $_[0] =~ /\d+/g) };
	my $open = inode_of($answer, $roles{open1});
	my $here = fd_of($answer, $roles{open1})->{inode};

	is($open->{source}, $source, 'the source');
	# Of programs on an overlay there may be one that knows less.
	my %knows = map { ($_->{source} => 1) } grep { $_->{source} } @{$answer->{inodes}};
	my ($least) = grep { $knows{$_} } qw(mincore cachestat module);
	is($answer->{residency}, $least, 'and the one that knows least of all');
	is($open->{path}, $src, 'the path');
	is("$open->{dev} $open->{ino}", do { my @st = stat $src;
		($st[0] >> 8 & 0xfff) . ':' . ($st[0] & 0xff | $st[0] >> 12 & 0xfff00) . " $st[1]" },
		'device and inode');
	is($open->{resident_bytes}, $bytes->(resident_pages($file)), 'what is resident');
	is($here->{resident_bytes}, $open->{resident_bytes}, 'and at the descriptor');
	is($open->{size_bytes}, 40 * PAGE, 'the size');
	my $memory = inode_of($answer, $roles{memory});
	is($memory->{resident_bytes}, 3 * PAGE, 'a memfd');
	is($memory->{path}, "/memfd:a\n\e[31mb", 'its name');
	my $gone = inode_of($answer, $roles{gone});
	is($gone->{path}, "$src.gone", 'a file without a name: what it was');
	ok($gone->{deleted}, 'and is said to be');
	is($gone->{size_bytes}, 2 * PAGE, 'its size');
	ok(!exists $open->{deleted}, 'the other is not');
	is(inode_of($answer, $roles{hostile})->{path}, "$src\n\e[31m\x{fffd}", 'a hostile name');
	write_pages($file, 7, 8);
	my ($again) = fds_by([], $truth->{child});
	is(inode_of($again, $roles{forked})->{dirty_bytes}, $knows_state ? 2 * PAGE : undef,
		'what is dirty');
	is(scalar @{$again->{processes}}, 1, 'one process alone');
	is(holders(description_of($again, $roles{forked})->{others}),
		join(' ', map { "$roles{$_}{pid}:$roles{$_}{fd}" } qw(open1 dup outside)),
		'then the others are others');
};

subtest 'mappings' => sub {
	my ($mapped) = grep { $_->{kind} eq 'file' && $_->{ino} == $truth->{mapped_ino} }
		@{$answer->{inodes}};
	my ($mapping) = grep { $_->{inode} == $mapped->{id} }
		@{process_of($answer, $truth->{parent})->{mappings}};

	is("$mapped->{descriptions} $mapped->{mappings}", '0 1', 'mapped without a descriptor');
	is($mapped->{path}, "$src.mapped", 'its path');
	is($mapped->{resident_bytes}, 5 * PAGE, 'its pages');
	is("$mapping->{length} $mapping->{offset} $mapping->{access}", 5 * PAGE . ' 0 r--s',
		'the mapping');
	is($mapped->{mapped_bytes}, $source eq 'module' ? 0 : undef, 'no page was touched');
};

sub text_of
{
	my ($locale, $columns, @more) = @_;
	local $ENV{LC_ALL} = $locale;
	local $ENV{COLUMNS} = $columns;

	return run_tool('fds', @more, @pids)->{out};
}

subtest 'text' => sub {
	my $text = text_of('C.UTF-8', 120);
	my ($chain) = $text =~ /^\Q$src\E\n(.*?)\n\n/ms;
	my $dash = qr/(?:─)/;
	my $row = sub { "workload[$roles{$_[0]}{pid}] fd $roles{$_[0]}{fd}" };
	my $line = sub { my $row = $row->($_[0]); (grep { /\Q$row\E / } split /\n/, $chain)[0] // '' };

	like($line->('open1'), qr/ $dash*┬─▶ #\d+ read at 4 096 $dash*┬─▶ inode /, 'the chain begins');
	like($line->('dup'), qr/ $dash*┤ +│   └─▶ page cache /, 'a second one joins it');
	like($line->('open2'), qr/ $dash*┬─▶ #\d+ read-write at 0, append $dash*┤$/, 'another description');
	like($line->('child_open'), qr/ $dash+▶ #\d+ read at 0 $dash*┘$/, 'and a third');
	like($chain, qr/\(workload\[$truth->{outsider}\] fd \d+\) $dash*┘/, 'one that was not asked for');
	unlike($text, qr/[\x00-\x09\x0b-\x1f\x7f]/, 'no control character');
	unlike($text, qr/\b[0-9a-f]{12,}\b/, 'no address of the kernel');
	my $ascii = text_of('C', 70, '-v');
	unlike($ascii, qr/[^\n\x20-\x7e]/, 'ASCII alone');
	is(scalar(grep { length > 70 } split /\n/, $ascii), 0, 'not too wide');
	like($ascii, qr/^  workload.* map r--s 20.0 KiB/m, 'a mapping');
};

# Who may not know is told so; of their own they see all but what others hold.
subtest 'other users' => sub {
	my (undef, $how) = fds_by(\@nobody, $truth->{parent});

	is($how->{status} >> 8, 125, 'a process of root: exit status');
	is(read_file($how->{err}), "copyscope: process $truth->{parent}: no permission to look at "
		. "it: be its owner or root\n", 'says so');
	is($how->{text}, '', 'and tells nothing');
	mkdir "$dir/theirs";
	chown 65534, 65534, "$dir/theirs";
	write_file("$dir/theirs/src", 'x' x (1 << 16));
	chown 65534, 65534, "$dir/theirs/src";
	my ($q, $theirs) = start_workload("$dir/theirs/src", @nobody);
	(my $own, $how) = fds_by(\@nobody, $theirs->{parent}, $theirs->{child});
	is($how->{status}, 0, 'their own: exit status') or diag(read_file($how->{err}));
	is($own->{identity}, 'kcmp', 'without eBPF');
	check_schema($own, 'fds.schema.json', 'their own');
	check_sharing($own, $theirs, 'their own');
	check_ends($own, $theirs, 'their own');
	cmp_ok($own->{unseen_processes}, '>', 0, 'others are not seen');
	is(fd_of($own, $theirs->{roles}{open1})->{description}{fds}, undef,
		'so it is unknown how many share it');
	is(inode_of($own, $theirs->{roles}{open1})->{resident_bytes}, 1 << 16, 'the page cache');
	($own, $how) = fds_by(\@nobody, $theirs->{parent}, $truth->{parent});
	is($how->{status} >> 8, 1, 'one of theirs, one of root: exit status');
	like(process_of($own, $truth->{parent})->{error}, qr/no permission/, 'which one');
	check_schema($own, 'fds.schema.json', 'one of theirs, one of root');
	stop($q, 'KILL');
};

# Numbers of processes and sockets belong to namespaces.
subtest 'namespaces' => sub {
	my @unshare = ('unshare', '-n', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh');

	plan skip_all => 'no namespaces here' if system("unshare -npf --mount-proc true 2>/dev/null");
	write_file("$dir/there", 'x' x (4 * PAGE));
	my ($q, $there) = start_workload("$dir/there", @unshare);
	my ($got, $how) = fds_by([], $there->{parent}, $there->{child}, @pids);
	is($how->{status}, 0, 'another network: exit status') or diag(read_file($how->{err}));
	check_schema($got, 'fds.schema.json', 'another network');
	check_ends($got, $there, 'another network');
	check_ends($got, $truth, 'this one beside it');
	check_sharing($got, $there, 'another network');
	stop($q, 'KILL');
	my $p = start('unshare', '-pf', '--mount-proc', 'sh', '-c',
		qq(exec 7<"$src" 8<&7; sleep 100 & exec "$tool" fds --format json \$!));
	stop($p);
	$got = slurp_json($p->{out});
	is($p->{status}, 0, 'another process namespace: exit status') or diag(read_file($p->{err}));
	is($got->{identity}, 'kcmp', 'the iterator knows other numbers');
	is($got->{unseen_processes}, undef, 'who is outside is unknown');
	check_schema($got, 'fds.schema.json', 'another process namespace');
	my %at = map { ($_->{fd} => $_->{description}{id}) } @{$got->{processes}[0]{fds}};
	ok($at{7}, 'known') && is($at{7}, $at{8}, 'and the same');
	is($got->{processes}[0]{fds}[0]{description}{fds}, undef, 'and how many share it');
};

# Descriptors by the hundred: each in the answer once.
subtest 'many' => sub {
	my $path = write_file("$dir/many", 'x');
	my @files = map { open my $one, '<', $path or die "$path: $!"; $one } 1 .. 120;
	my @dups = map { open my $one, '<&', $files[0] or die "dup: $!"; $one } 1 .. 120;
	my $start = time;

	for my $by ([], \@without_bpf) {
		my ($got, $how) = fds_by($by, $$);
		my @fds = grep { ($_->{inode}{path} // '') eq $path } @{$got->{processes}[0]{fds}};
		my %count;

		is($how->{status}, 0, 'exit status') or diag(read_file($how->{err}));
		$count{$_->{description}{id}}++ for @fds;
		is(scalar keys %count, 120,
			"$got->{identity}: as many descriptions as there were opens");
		is(join(' ', grep { $_ != 1 } values %count), '121', 'one has all that were duplicated');
		check_schema($got, 'fds.schema.json', 'many');
	}
	cmp_ok(time - $start, '<', 60, 'soon');
};

# Kinds of which the workload has none, held by this process.
subtest 'other sockets, and a FIFO' => sub {
	my $udp = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1') or die "udp: $@";
	my $udp_to = IO::Socket::INET->new(Proto => 'udp', PeerAddr => '127.0.0.1',
		PeerPort => $udp->sockport, LocalAddr => '127.0.0.1') or die "udp: $@";
	my $listening = IO::Socket::IP->new(LocalHost => '::1', Listen => 1) or die "tcp6: $@";
	my $client = IO::Socket::IP->new(PeerHost => '::1', PeerPort => $listening->sockport)
		or die "tcp6: $@";
	my $server = $listening->accept or die "accept: $!";
	my $named = IO::Socket::UNIX->new(Local => "$dir/so\e[1mcket", Listen => 1) or die "unix: $!";
	my $abstract = IO::Socket::UNIX->new(Local => "\0hidden$$", Listen => 1) or die "unix: $!";
	my $caller = IO::Socket::UNIX->new(Peer => "$dir/so\e[1mcket") or die "unix: $!";
	my $callee = $named->accept or die "accept: $!";
	my $datagram = IO::Socket::UNIX->new(Local => "$dir/datagram", Type => SOCK_DGRAM) or die "$!";
	POSIX::mkfifo("$dir/fifo", 0600) or die "mkfifo: $!";
	sysopen my $reader, "$dir/fifo", O_RDONLY | O_NONBLOCK or die "fifo: $!";
	sysopen my $writer, "$dir/fifo", O_WRONLY or die "fifo: $!";

	for my $by ([], \@without_bpf) {
		my ($got, $how) = fds_by($by, $$);
		my $of = sub { inode_of($got, { pid => $$, fd => fileno $_[0] }) };
		my $at = sub { "$$:" . fileno $_[0] };
		my $what = $got->{identity};

		is($how->{status}, 0, "$what: exit status") or diag(read_file($how->{err}));
		check_schema($got, 'fds.schema.json', $what);
		is(join(' ', $of->($udp)->{kind}, @{$of->($udp)->{socket}}{qw(local state)}),
			'udp 127.0.0.1:' . $udp->sockport . ' unconnected', "$what: UDP");
		is(join(' ', @{$of->($udp_to)->{socket}}{qw(local peer state)}), '127.0.0.1:' .
			$udp_to->sockport . ' 127.0.0.1:' . $udp->sockport . ' connected',
			"$what: connected UDP");
		is(join(' ', @{$of->($listening)->{socket}}{qw(local state)}),
			'[::1]:' . $listening->sockport . ' listening', "$what: a socket that listens");
		is($of->($listening)->{peer}, undef, "$what: and has no peer");
		is(join(' ', @{$of->($client)->{socket}}{qw(local peer state)}), '[::1]:' .
			$client->sockport . ' [::1]:' . $listening->sockport . ' established',
			"$what: IPv6");
		is(holders($of->($client)->{peer}{holders}), $at->($server), "$what: its peer");
		is($of->($named)->{socket}{name}, "$dir/so\e[1mcket", "$what: a name of a unix socket");
		is($of->($abstract)->{socket}{name}, "\@hidden$$", "$what: a name without a file");
		is(holders($of->($caller)->{peer}{holders}), $at->($callee), "$what: who accepted it");
		is($of->($datagram)->{kind}, 'unix', "$what: unix datagrams");
		my $fifo = $of->($reader);
		is("$fifo->{kind} $fifo->{path} " . ends($fifo->{holders}), "pipe $dir/fifo " .
			join(' ', sort $at->($reader) . ':read', $at->($writer) . ':write'), "$what: a FIFO");
	}
};

# Processes that come and go while they are looked at: a true report or one line.
subtest 'processes that end' => sub {
	# About as long as the tool takes to get there.
	my $life = in_guest() ? 3 : 0.05;
	my %seen;

	for my $round (1 .. 15) {
		my $child = fork() // die "fork: $!";
		if (!$child) {
			my @files = map { open my $one, '<', $src; $one } 1 .. 40;
			select undef, undef, undef, rand $life;
			POSIX::_exit(0);
		}
		sleep rand $life / 4;
		my ($got, $how) = fds_by([], $child);
		my $exit = $how->{status};
		my $err = read_file($how->{err});

		waitpid $child, 0;
		$seen{$exit}++;
		ok($exit == 0 || $exit == 1 << 8 || $exit == 125 << 8, "round $round: exit status $exit");
		like($err, $exit ? qr/\Acopyscope: process $child: (it |there )[^\n]*\n\z/ : qr/\A\z/,
			"round $round: what it says");
		$exit == 125 << 8 ? is($how->{text}, '', "round $round: no report")
				  : check_schema($got, 'fds.schema.json', "round $round");
	}
	note(join ', ', map { ($_ >> 8) . ": $seen{$_}" } sort keys %seen);
};

sub check_complaint
{
	my ($what, $pattern, @arguments) = @_;
	my $ran = run_tool('fds', @arguments);

	is("$ran->{exit} $ran->{signal}", '125 0', "$what: exit status");
	like($ran->{err}, $pattern, "$what: says so");
	like($ran->{err}, qr/\A[^\n]{1,250}\n\z/, "$what: in one line");
	is($ran->{out}, '', "$what: and nothing else");
}

sub kernel_thread
{
	my ($pid) = map { m{/proc/(\d+)/stat} && (read_file($_) // '') =~ /\A2 \(kthreadd\)/ ? $1 : () }
		'/proc/2/stat';

	return $pid;
}

subtest 'bad input' => sub {
	my $gone = fork() // die "fork: $!";
	POSIX::_exit(0) unless $gone;
	wait_until('a zombie', sub { (read_file("/proc/$gone/stat") // '') =~ /\) Z / });
	check_complaint('a zombie', qr/process $gone: it has ended/, $gone);
	waitpid $gone, 0;
	check_complaint('nothing', qr/give the numbers/);
	check_complaint('no such process', qr/process $gone: there is none/, $gone);
	check_complaint('no number', qr/'x' is not/, 'x');
	check_complaint('a number that acts', qr/'1\?\[31m' is not/, "1\e[31m");
	check_complaint('no number, an empty one', qr/'' is not/, '');
	check_complaint('a negative number', qr/-5/, '--', '-5');
	check_complaint('zero', qr/'0' is not/, '0');
	check_complaint('a number too large', qr/'99999999999' is not/, '99999999999');
	my $thread = kernel_thread();
	SKIP: {
		skip 'no kernel threads here', 4 unless $thread;
		check_complaint('a kernel thread', qr/process $thread: it is a kernel thread/, $thread);
	}
	check_complaint('no format', qr/text or json/, '--format', 'csv', $$);
	check_complaint('no such option', qr/--nonsense/, '--nonsense');
	check_complaint('unwritable output', qr/cannot write/, '-o', "$dir/no/file", $$);
	check_complaint('a full disk', qr/No space/, '-o', '/dev/full', $$);
	my ($got, $how) = fds_by([], $gone, "$$,$$", $truth->{child});
	is($how->{status} >> 8, 1, 'one of three is missing: exit status');
	is(scalar @{$got->{processes}}, 3, 'each process once');
	check_schema($got, 'fds.schema.json', 'one of three is missing');
};

stop($p, 'KILL');
done_testing();
