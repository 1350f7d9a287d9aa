#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Character devices, and text that the kernel makes as it is read: what comes from
# them is theirs, whatever was in the buffer before.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

my $src = prepare("$dir/src");

check_all(
	(map { ["from /dev/$_", 'from-device', '--mode', $_, '--src', $src, '--dst', "$dir/$_",
		'--bytes', 1 << 20] } qw(zero urandom random)),
	(map { ["in an odd size, /dev/$_", 'from-device', '--mode', $_, '--src', $src, '--dst',
		"$dir/$_", '--bytes', 100_001, '--chunk', 3000] } qw(zero urandom)),
	['to /dev/null', 'to-null', '--src', $src],
	['through a terminal', 'terminal', '--src', $src, '--dst', "$dir/tty", '--bytes', 256 << 10,
		'--chunk', 1024],
	# The derived tier takes a file for a file.
	(map { [$_, 'from-device', '--mode', 'text', '--src', $src, '--dst', "$dir/text",
		'--chunk', $_ =~ /small/ ? 100 : 65536] }
		measured() ? ('from /proc', 'from /proc, in small chunks') : ()),
	(map { ["sendfile from /proc to $_", 'send-text', '--src', $src, '--to', $_] }
		measured() ? qw(tcp) : ()),
);
done_testing();
