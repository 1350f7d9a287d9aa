#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A kernel under lockdown, as with Secure Boot, takes the module only if it is
# signed. The last test, as such a kernel stays so until it ends.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Module;
use Residency;
use Test::More;

my $lockdown = '/sys/kernel/security/lockdown';

needs_module();
system('mount -t securityfs securityfs /sys/kernel/security 2>/dev/null') unless -e $lockdown;
BAIL_OUT('this kernel knows no lockdown') unless -e $lockdown;
my $file = page_file("$dir/file", 10);

read_pages($file, 3, 4);
write_file($lockdown, 'integrity');
like(qx(insmod $ko 2>&1), qr/^insmod: [^\n]*Operation not permitted\n\z/, 'an unsigned module is refused');
ok(!-e '/proc/copyscope', 'and does not run');
my ($answer, $ran) = pages("$dir/file");
is($ran->{status}, 0, 'the tool does without') or diag($ran->{err});
is(pages_of($answer->{files}[0]), '3 4', 'and sees the pages');
isnt($answer->{source}, 'module', 'by another way');
($answer, $ran) = pages('--top', 3);
is($ran->{exit}, 125, '--top cannot');
like($ran->{err}, qr/\Acopyscope: [^\n]*not loaded[^\n]*\n\z/, 'and says so in one line');
like($ran->{err}, qr/lockdown.*signed.*copyscope\(4\)/, 'with what the kernel wants');
done_testing();
