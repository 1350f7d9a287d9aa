#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What copyscope pages tells is what mincore(2) and the calls that were made say.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Residency;
use Test::More;

use Fcntl qw(:DEFAULT);
use Cpanel::JSON::XS;
use POSIX ();
use Time::HiRes qw(sleep time);

my $source = expected_source();
my $knows_state = $source ne 'mincore';

diag("source: $source");

# One file: its entry of the answer.
sub look
{
	my ($path) = @_;
	my ($answer, $ran) = pages($path);

	is($ran->{status}, 0, "$path: exit status") or diag($ran->{err});
	return $answer->{files}[0];
}

sub random_step
{
	my ($file, $pages) = @_;
	my $step = int rand 6;
	my @some = map { int rand $pages } 0 .. rand 20;

	return read_pages($file, @some) if $step < 2;
	return write_pages($file, @some) if $step < 4;
	return forget($file) if $step == 5;
	# The part of a page that ext4 zeroes leaves a page without data where there
	# was a hole: cachestat(2) counts it, mincore(2) does not.
	return truncate($file, PAGE * int rand $pages) if $source eq 'cachestat';
	return truncate($file, int rand $pages * PAGE);
}

# Random reads, writes, truncates, holes: page for page as mincore(2) has it.
subtest 'random patterns' => sub {
	my $path = "$dir/random";
	my $file = page_file($path, 300);

	srand(4);
	for my $round (1 .. 25) {
		random_step($file, 300) for 0 .. rand 4;
		my $pages = resident_pages($file);
		my $got = look($path);

		is(pages_of($got), $pages, "round $round: the pages");
		is($got->{resident_bytes} - bytes_of($got, 'filling'), PAGE * (() = $pages =~ /\d+/g),
			"round $round: their bytes");
		is($got->{size_bytes}, -s $file, "round $round: the size");
		is($got->{source}, $source, "round $round: the source");
	}
};

subtest 'dirty until fsync' => sub {
	my $file = page_file("$dir/dirty", 100);

	read_pages($file, 10 .. 19);
	write_pages($file, 3, 50 .. 52);
	my $got = look("$dir/dirty");
	if ($knows_state) {
		is($got->{dirty_bytes}, 4 * PAGE, 'what was written is dirty');
		is(pages_of($got, 'dirty'), '3 50 51 52', 'where it was written');
	} else {
		is($got->{dirty_bytes}, undef, 'mincore does not know what is dirty');
		is($got->{extents}[0]{state}, undef, 'nor the state of an extent');
	}
	is($got->{resident_bytes}, 14 * PAGE, 'what was read and written is resident');
	$file->sync;
	$got = look("$dir/dirty");
	is($got->{dirty_bytes}, $knows_state ? 0 : undef, 'clean after fsync');
	is($got->{resident_bytes}, 14 * PAGE, 'and still resident');
};

subtest 'what no source without the module knows' => sub {
	my $got = look("$dir/dirty");

	plan skip_all => 'the module knows' if $source eq 'module';
	is($got->{mapped_bytes}, undef, 'mapped is unknown');
	is($got->{evicted_pages}, undef, 'evicted is unknown') unless $knows_state;
};

# 1 TiB with a few pages: exact, and quick but for mincore, which says what it left out.
subtest 'a large sparse file' => sub {
	my $file = open_file("$dir/sparse");
	my @where = map { $_ * 2_500_000 + 7 } 1 .. 20;
	my $start = time;

	truncate $file, 1 << 40 or plan skip_all => "no file of 1 TiB here: $!";
	write_pages($file, @where);
	my $got = look("$dir/sparse");
	cmp_ok(time - $start, '<', 60, 'takes no hours');
	is(pages_of($got), "@where", 'its pages');
	is($got->{resident_bytes}, $knows_state ? 20 * PAGE : undef, 'its bytes');
	$knows_state ? ok(!exists $got->{unseen_bytes}, 'nothing was left out')
		     : cmp_ok($got->{unseen_bytes}, '>', 1 << 39, 'holes were left out');
	unlink "$dir/sparse";
};

subtest 'in memory alone' => sub {
	my $memory = memory_dir();
	my $file = open_file("$memory/file");

	write_pages($file, 0, 1, 5);
	my $got = look("$memory/file");
	is(pages_of($got), resident_pages($file), 'the pages of a file of tmpfs');
	is($got->{resident_bytes}, 3 * PAGE, 'holes are not resident');
};

# The overlay's inode owns no page: cachestat(2) says 0.
subtest 'overlayfs' => sub {
	my $below = "$dir/below";

	mkdir $_ or die "$_: $!" for $below, map { "$below/$_" } qw(l u w m);
	my $file = page_file("$below/l/file", 40);
	read_pages($file, 1, 2, 30);
	my $json = qx(unshare -m sh -c 'mount -t overlay o -o lowerdir=$below/l,upperdir=$below/u,workdir=$below/w $below/m 2>/dev/null && exec "$tool" pages --format json $below/m/file');
	return fail("cannot mount an overlay: $?") if $? && in_guest();
	plan skip_all => 'no overlay here' if $?;
	my $got = Cpanel::JSON::XS->new->utf8->decode($json)->{files}[0];
	is(pages_of($got), '1 2 30', 'the pages of the file below');
	is($got->{source}, $source eq 'module' ? 'module' : 'mincore', 'from one who sees them');
	is($got->{real}{ino}, (stat "$below/l/file")[1], 'the inode that owns them')
		if $source eq 'module';
};

# Who may not know gets no zeros, and not mincore's claim that all is there.
subtest 'other users' => sub {
	my ($setpriv) = grep { -x } qw(/usr/bin/setpriv /bin/setpriv);
	my $mine = "$dir/theirs";

	return fail('needs setpriv, of util-linux') unless $setpriv;
	chmod 0755, $dir;
	page_file($mine, 10);
	chmod 0644, $mine;
	my @as = ($setpriv, '--reuid=65534', '--regid=65534', '--clear-groups', $tool, 'pages',
		'--format', 'json');
	my $p = start(@as, $mine);
	stop($p);
	is($p->{status} >> 8, 125, 'a file of root: exit status');
	like(read_file($p->{err}), qr/^copyscope: \Q$mine\E: only its owner.*\n\z/, 'says so');
	is(read_file($p->{out}), '', 'and tells no numbers');
	my $file = page_file("$dir/own", 10);
	chown 65534, 65534, "$dir/own";
	read_pages($file, 4);
	$p = start(@as, "$dir/own", $mine);
	stop($p);
	is($p->{status} >> 8, 1, 'a file of their own beside it: exit status');
	my $answer = slurp_json($p->{out});
	is(pages_of($answer->{files}[0]), '4', 'their own file: its pages');
	isnt($answer->{files}[0]{source}, undef, 'and a source');
	is($answer->{files}[1]{resident_bytes}, undef, 'the other: unknown');
	is($answer->{files}[1]{extents}, undef, 'without extents');
	check_schema($answer, 'pages.schema.json', 'a file that is unknown');
};

# A folder with all that a folder may hold.
subtest 'a folder' => sub {
	my $folder = "$dir/folder";
	my $hostile = "$folder/a\n\e[31mb,\"c\xff";

	mkdir $_ or die "$_: $!" for $folder, map { "$folder/$_" } qw(deep deep/er bind);
	my $file = page_file("$folder/deep/er/file", 9);
	read_pages($file, 3);
	read_pages(page_file($hostile, 2), 0);
	link "$folder/deep/er/file", "$folder/hard";
	symlink '..', "$folder/deep/loop";
	symlink "$folder/deep/er/file", "$folder/soft";
	POSIX::mkfifo("$folder/fifo", 0600) or die "mkfifo: $!";
	my $json = qx(unshare -m sh -c 'mount --bind $folder $folder/bind 2>/dev/null; exec timeout 60 "$tool" pages --format json $folder');
	is($?, 0, 'loops and FIFOs hold nothing up');
	my $answer = Cpanel::JSON::XS->new->utf8->decode($json);
	check_schema($answer, 'pages.schema.json', 'a folder');
	is(scalar @{$answer->{files}}, 2, 'each file once, under whatever names');
	is($answer->{totals}{resident_bytes}, 2 * PAGE, 'the sum');
	my ($found) = grep { $_->{path} =~ /hard|file/ } @{$answer->{files}};
	is(pages_of($found), '3', 'the pages of the one with many names');

	my $csv = run_tool('pages', '--format', 'csv', $folder);
	is(scalar(() = $csv->{out} =~ /\n/g), 3, 'CSV: a line for each file, and a header');
	like($csv->{out}, qr/^"\Q$folder\E\/a\\x0a\\x1b\[31mb,""c\\xff",\d+:\d+,\d+,8192,4096,/m,
		'CSV: a hostile name');
	my $text = run_tool('pages', '-v', $folder);
	unlike($text->{out}, qr/[\x00-\x09\x0b-\x1f\x7f]/, 'text: no control character');
	like($text->{out}, qr/read from $source/, 'text: the source');
	my $link = run_tool('pages', '--format', 'csv', "$folder/soft");
	like($link->{out}, qr/soft,/, 'a link that is named is followed');
};

subtest 'a folder that changes' => sub {
	my $folder = "$dir/changes";

	mkdir $folder;
	my $child = fork() // die "fork: $!";
	if (!$child) {
		for (my $i = 0; ; $i = ($i + 1) % 50) {
			open my $file, '>', "$folder/$i" or next;
			syswrite $file, 'x' x (PAGE * (1 + $i));
			truncate $file, rand(PAGE);
			unlink "$folder/" . int rand 50;
		}
	}
	for my $round (1 .. 5) {
		my ($answer, $ran) = pages($folder);

		is($ran->{status}, 0, "round $round: exit status");
		is($ran->{err}, '', "round $round: no complaint");
		ok($answer, "round $round: JSON") and check_schema($answer, 'pages.schema.json', "round $round");
	}
	kill 'KILL', $child;
	waitpid $child, 0;
};

subtest 'the files of a process' => sub {
	my $open = page_file("$dir/open", 8);
	my $gone = page_file("$dir/gone", 8);
	my $memory = memfd("a\nb");

	read_pages($open, 5);
	read_pages($gone, 1, 2);
	unlink "$dir/gone";
	syswrite $memory, 'x' x (3 * PAGE);
	my ($answer, $ran) = pages('-p', $$);
	my %found = map { (($_->{path} // '') => $_) } @{$answer->{files}};

	is($ran->{status}, 0, 'exit status') or diag($ran->{err});
	check_schema($answer, 'pages.schema.json', 'a process');
	is(pages_of($found{"$dir/open"}), '5', 'an open file');
	is(pages_of($found{"$dir/gone"}), '1 2', 'an open file that was deleted');
	ok($found{"$dir/gone"}{deleted}, 'and is said to be');
	is($found{"/memfd:a\nb"}{resident_bytes}, 3 * PAGE, 'a memfd');
	ok((grep { m{/perl} } keys %found), 'the program, which is mapped');
	ok(!(grep { m{^(socket|pipe|anon_inode)} } keys %found), 'and nothing that is no file');
};

# Of a process, what its user may know.
subtest 'the files of a process of theirs' => sub {
	my @nobody = ('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups');
	my $file = page_file("$dir/of-nobody", 8);

	read_pages($file, 2, 3);
	chown 65534, 65534, "$dir/of-nobody";
	my $q = start(@nobody, 'sh', '-c', qq(exec 7<"$dir/of-nobody"; echo open; exec sleep 1000));
	wait_for_line($q, 'out', qr/open\n/);
	my $p = start(@nobody, $tool, 'pages', '--format', 'json', '-p', $q->{pid});
	stop($p);
	my ($got) = grep { ($_->{path} // '') eq "$dir/of-nobody" } @{slurp_json($p->{out})->{files}};
	is(pages_of($got), '2 3', 'a file of theirs that it has open');
	$p = start(@nobody, $tool, 'pages', '-p', $$);
	stop($p);
	is($p->{status} >> 8, 125, 'a process of root: exit status');
	like(read_file($p->{err}), qr/\Acopyscope: [^\n]*$$: no permission[^\n]*\n\z/, 'says so');
	is(read_file($p->{out}), '', 'and tells nothing');
	stop($q, 'KILL');
};

# Three files by script(1), which gives it a terminal: a line that is drawn over.
subtest 'progress on a terminal' => sub {
	mkdir "$dir/three" or die "mkdir: $!";
	write_file("$dir/three/$_", 'x' x 5000) for 1 .. 3;
	my $said = sub {
		my ($options) = @_;
		my $ran = start('script', '-qec', "$tool pages $options $dir/three >$dir/report", "$dir/typescript");
		stop($ran);
		is($ran->{status}, 0, "pages $options: exit status");
		return read_file("$dir/typescript") =~ s/^Script [^\n]*\n//mgr;
	};
	my $drawn = $said->('');
	like($drawn, qr/\r\e\[K1 file, 8.00 KiB resident/, 'the first file is told of');
	like($drawn, qr/\r\e\[K\s*\z/, 'and nothing is left of it');
	is($said->('-q') =~ s/\s//gr, '', 'but not with -q');
	like(read_file("$dir/report"), qr/^total: 3.files/m, 'the report is the same');
	stop(my $p = start($tool, 'pages', "$dir/three"));
	is(read_file($p->{err}), '', 'nor without a terminal');
};

# A look may fall between two reads: only sums are sure.
sub column_sum
{
	my ($csv, $column) = @_;

	return sum(0, map { (split /,/)[$column] || 0 } grep { !/^path/ } split /\n/, read_file($csv));
}

subtest 'watching' => sub {
	my $file = page_file("$dir/watched", 100);
	my $out = "$dir/watch.json";

	read_pages($file, 0 .. 9);
	my $p = start($tool, 'pages', '-i', '1', '--format', 'csv', '-o', $out, "$dir/watched");
	wait_until('the first look', sub { (read_file($out) // '') =~ /watched/ });
	read_pages($file, 20 .. 49);
	wait_until('what entered', sub { column_sum($out, 10) == 30 * PAGE }, 20);
	is(column_sum($out, 11), 0, 'nothing left');
	forget($file);
	wait_until('what left', sub { column_sum($out, 11) == 40 * PAGE }, 20);
	is(column_sum($out, 10), 30 * PAGE, 'nothing entered');
	is(stop($p, 'INT'), 0, 'Ctrl-C ends it well');
	is(scalar(() = read_file($out) =~ /^path,/mg), 1, 'one header');
	my $told = "$dir/watch.txt";
	$p = start($tool, 'pages', '-i', '0.5', '-o', $told, "$dir/watched");
	wait_until('the first look, in text', sub { (read_file($told) // '') =~ /^total: /m });
	read_pages($file, 0 .. 4);
	wait_until('what entered, in text', sub {
		read_file($told) =~ m{^\Q$dir\E/watched\n   20.0 KiB entered\W+0 B left\W+20.0 KiB resident}m
	}, 20);
	is(stop($p, 'TERM'), 0, 'SIGTERM ends it well');
	my $text = run_tool('pages', '-i', '0.2', '-d', '0.5', "$dir/watched");
	is($text->{exit}, 0, '-d ends it');
	like($text->{out}, qr/^after 0\.[56] s:\nnothing entered, nothing left\n\z/m, 'with a last look');
};

# What the module alone knows.
subtest 'the whole machine' => sub {
	plan skip_all => 'the module is not loaded' unless $source eq 'module';
	my $closed = page_file("$dir/closed", 16384);
	my $gone = page_file("$dir/unlinked", 12288);
	my $memory = memfd('top');

	read_pages($closed, 0 .. 16383);
	close $closed;
	read_pages($gone, 0 .. 12287);
	unlink "$dir/unlinked";
	syswrite $memory, 'x' x PAGE for 1 .. 10240;
	my ($answer, $ran) = pages('--top', '30');
	my %found = map { (($_->{path} // '') => $_) } @{$answer->{files}};
	my @bytes = map { $_->{resident_bytes} } @{$answer->{files}};

	is($ran->{status}, 0, 'exit status') or diag($ran->{err});
	check_schema($answer, 'pages.schema.json', '--top');
	is($found{"$dir/closed"}{resident_bytes}, 16384 * PAGE, 'an inode that nobody has open');
	is(bytes_of($found{"$dir/closed"}), 16384 * PAGE, 'and its extents');
	is($found{"$dir/unlinked"}{resident_bytes}, 12288 * PAGE, 'an open file without a name');
	ok($found{"$dir/unlinked"}{deleted}, 'and is said to be');
	is($found{'/memfd:top'}{resident_bytes}, 10240 * PAGE, 'a memfd');
	cmp_ok(scalar @bytes, '<=', 30, 'no more than asked for');
	is("@bytes", join(' ', sort { $b <=> $a } @bytes), 'the largest first');
	cmp_ok($answer->{listed}{resident_bytes}, '>=', sum(@bytes), 'of more');
	cmp_ok(look('/usr/bin/perl')->{mapped_bytes}, '>', 0, 'a program that runs is mapped');
	my $p = start('setpriv', '--reuid=65534', '--clear-groups', $tool, 'pages', '--top', '3');
	stop($p);
	like(read_file($p->{err}), qr/\Acopyscope: --top.*run it as root[^\n]*\n\z/, 'not for all');
};

sub check_complaint
{
	my ($what, $exit, $pattern, @arguments) = @_;
	my $ran = run_tool('pages', @arguments);

	is("$ran->{exit} $ran->{signal}", "$exit 0", "$what: exit status");
	like($ran->{err}, $pattern, "$what: says so");
	like($ran->{err}, qr/\A[^\n]{1,250}\n\z/, "$what: in one line");
	is($ran->{out}, '', "$what: and nothing else");
}

subtest 'bad input' => sub {
	POSIX::mkfifo("$dir/fifo", 0600) or die "mkfifo: $!";
	symlink 'nowhere', "$dir/dangling";
	symlink 'circle', "$dir/circle";
	my $gone = fork() // die "fork: $!";
	POSIX::_exit(0) unless $gone;
	waitpid $gone, 0;

	check_complaint('nothing', 125, qr/give FILE/);
	check_complaint('no such file', 125, qr/nope: No such file/, "$dir/nope");
	check_complaint('a name that acts', 125, qr/nope\?\[31m: No such file/, "$dir/nope\e[31m");
	check_complaint('an empty name', 125, qr/'': No such file/, '');
	check_complaint('a FIFO', 125, qr/fifo: not a regular file/, "$dir/fifo");
	check_complaint('a device', 125, qr/not a regular file/, '/dev/zero');
	check_complaint('a dangling link', 125, qr/dangling: No such file/, "$dir/dangling");
	check_complaint('a link to itself', 125, qr/circle: /, "$dir/circle");
	check_complaint('a folder without a page cache', 125, qr/keeps nothing/, '/proc');
	check_complaint('no such process', 125, qr/process $gone: there is none/, '-p', $gone);
	check_complaint('no number of a process', 125, qr/'x'/, '-p', 'x');
	check_complaint('no number of files', 125, qr/'0'.*1 to/, '--top', '0');
	check_complaint('--top and a file', 125, qr/without FILE/, '--top', '3', $dir);
	check_complaint('no format', 125, qr/text, json or csv/, '--format', 'xml', $dir);
	check_complaint('no interval', 125, qr/seconds/, '-i', '-1', $dir);
	check_complaint('-d alone', 125, qr/-i SECONDS/, '-d', '1', $dir);
	check_complaint('no such option', 125, qr/--nonsense/, '--nonsense');
	check_complaint('unwritable output', 125, qr/cannot write/, '-o', "$dir/no/file", $dir);
	check_complaint('a full disk', 125, qr/No space/, '-o', '/dev/full', "$dir/dirty");
	check_complaint('--top without the module', 125, qr/modprobe copyscope/, '--top', '3')
		unless $source eq 'module';

	my ($answer, $ran) = pages("$dir/nope", "$dir/dirty");
	is($ran->{exit}, 1, 'one of two is missing: exit status');
	like($ran->{err}, qr/\A[^\n]*nope[^\n]*\n\z/, 'one line');
	is($answer->{totals}{unknown_files}, 1, 'counted');
	check_schema($answer, 'pages.schema.json', 'one of two is missing');
	write_file("$dir/-v", 'x');
	is(qx(cd $dir && "$tool" pages --format csv -- -v | wc -l) + 0, 2, '-- ends options');
};

done_testing();
