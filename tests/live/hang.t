#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A file system whose server is dead makes everybody wait who names a file in it: not the report.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

use Time::HiRes qw(time);

system('modprobe -q autofs4 2>/dev/null');
plan skip_all => 'no root, or no autofs here'
	unless $> == 0 && read_file('/proc/filesystems') =~ /\bautofs$/m;

# Mounts an autofs over the folder, and never answers the kernel's requests.
my $dead_server = write_file("$dir/server", <<'END');
setpgrp; $| = 1;
pipe my $requests, my $kernel or die;
my $options = 'fd=' . fileno($kernel) . ',pgrp=' . getpgrp() . ',minproto=5,maxproto=5,indirect';
my ($what, $where, $type) = ('dead', $ARGV[0], 'autofs');
syscall(165, $what, $where, $type, 0, $options) == 0 or die "mount: $!";
close $kernel;
print "mounted\n";
sleep 1000;
END

my ($folder, $near) = ("$dir/far", "$dir/near");
mkdir $folder;
my $server;
my $command = write_file("$dir/command", <<'END');
for (@ARGV) { open my $f, '>', $_ or die "$_: $!"; print $f 'x' x 100_000; close $f or die }
select undef, undef, undef, 0.05 until -e "$ARGV[1].go";
END
my $json = "$dir/hang.json";
my $p = start($tool, 'path', '--format', 'json', '-o', $json, tier_options(), '--',
	$^X, $command, "$folder/file", $near);

wait_until('the writes', sub { -e $near && -s $near == 100_000 });
$server = start($^X, $dead_server, $folder);
wait_for_line($server, 'out', qr/mounted/) or diag(read_file($server->{err}));
my $began = time;
write_file("$near.go", '');
is(stop($p, undef, 60), 0, 'the tool ends');
cmp_ok(time - $began, '<', 30, 'and soon');
my $report = slurp_json($json);
my %written = map { ($_->{file}{path} => $_) } @{$report->{written} // []};
my %delivered;
$delivered{$_->{to}{path} // ''} += $_->{delivered_bytes} for @{$report->{transfers}};
is($delivered{"$folder/file"}, 100_000, 'the report has what was written there');
is($delivered{$near}, 100_000, 'and elsewhere');
stop($server, 'KILL');
system('umount', '-l', $folder);
done_testing();
