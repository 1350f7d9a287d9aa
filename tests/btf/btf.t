#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The table of hooks against the types of each kernel of tests/btf/kernels: no guest runs.
# A routine whose arguments are others than its program was written for is a hook that
# would count wrong. Kernels come from where tests/vm/fetch keeps them.
use v5.36;
use FindBin;
use Test::More;

my $cache = $ENV{COPYSCOPE_CACHE} // ($ENV{XDG_CACHE_HOME} // "$ENV{HOME}/.cache") . '/copyscope';
my $build = "$FindBin::Bin/../../build";

# By program: the state that it has on the kernel; none if its types cannot be read.
sub states {
    my ($kernel) = @_;
    my $types = "$build/btf/$kernel";
    my $fetched = "$cache/kernel-$kernel";
    if (!-e "$types/vmlinux" || -M "$fetched/vmlinuz" < -M "$types/vmlinux") {
        system("$FindBin::Bin/extract", $fetched, $types) == 0 or return;
    }
    open my $out, '-|', "$build/check-hooks", "$types/vmlinux", "$types/modules" or return;
    my (%states, %fact);
    while (my $line = <$out>) {
        chomp $line;
        my ($program, $state, $fact) = split /\t/, $line;
        $states{$program} = $state;
        $fact{$program} = $fact;
    }
    close $out or return;
    # The same routine with the arguments of another kernel is another row of the fact.
    my %served = map { $fact{$_} => 1 } grep { $states{$_} eq 'fits' } keys %states;
    $states{$_} = 'another' for grep { $states{$_} eq 'changed' && $served{$fact{$_}} } keys %states;
    return %states;
}

open my $kernels, '<', "$FindBin::Bin/kernels" or die "no tests/btf/kernels: $!\n";
while (<$kernels>) {
    next if /^#/;
    my ($kernel, @absent) = split;
    subtest $kernel => sub {
        plan skip_all => "not fetched yet: tests/vm/fetch $kernel"
            if !-e "$cache/kernel-$kernel/vmlinuz";
        my %states = states($kernel);
        ok(%states, 'the types can be read');
        is_deeply([sort grep { $states{$_} eq 'changed' } keys %states], [sort map { s/^!//r } grep { /^!/ } @absent],
            'all routines take the arguments that their programs were written for');
        is_deeply([sort grep { $states{$_} eq 'absent' } keys %states], [sort grep { !/^!/ } @absent],
            'all that is absent is known to be');
    };
}
done_testing;
