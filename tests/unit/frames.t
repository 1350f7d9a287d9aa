#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The frames of the eBPF programs: 6.1 takes eight, and 512 bytes in all, each rounded up to
# 32 (check_max_stack_depth() in kernel/bpf/verifier.c). Newer kernels take more; this tells
# without a guest what the oldest would refuse.
use v5.36;
use FindBin;
use Test::More;

use constant { MAX_FRAMES => 8, MAX_BYTES => 512, ROUNDED_TO => 32 };
# ELF: kinds of sections and of symbols.
use constant { SHT_SYMTAB => 2, SHT_REL => 9, STT_FUNC => 2, STT_SECTION => 3 };
# Instructions: opcodes, registers, and what a call or a load refers to.
use constant { CALL => 0x85, LOAD_64 => 0x18, MOVE => 0xbf, ADD => 0x07, FRAME => 10 };

my $object = $ARGV[0] // "$FindBin::Bin/../../build/copyscope.bpf.o";

sub contents ($path) {
    open my $f, '<:raw', $path or die "$path: $!\n";
    local $/;
    return scalar <$f>;
}

sub string_at ($table, $at) { return unpack 'Z*', substr $table, $at }

# Sections: name, type, size, link, info, data.
sub sections_of ($elf) {
    my ($at, $size, $nr, $names) = (unpack('x40Q<', $elf), unpack 'x58S<3', $elf);
    my @sections = map {
        my %s;
        @s{qw(name type flags addr offset size link info)} =
            unpack 'L<2Q<4L<2', substr $elf, $at + $_ * $size, $size;
        $s{data} = $s{type} == 8 ? '' : substr $elf, $s{offset}, $s{size};
        \%s;
    } 0 .. $nr - 1;
    $_->{name} = string_at($sections[$names]{data}, $_->{name}) for @sections;
    return @sections;
}

sub symbols_of (@sections) {
    my ($table) = grep { $_->{type} == SHT_SYMTAB } @sections;
    return map {
        my %s;
        @s{qw(name info other section value size)} = unpack 'L<CCS<Q<2', $_;
        $s{name} = string_at($sections[$table->{link}]{data}, $s{name});
        $s{type} = $s{info} & 15;
        \%s;
    } unpack '(a24)*', $table->{data};
}

# By name: { section, bytes of its own frame, callees }.
sub functions_of ($elf) {
    my @sections = sections_of($elf);
    my @symbols = symbols_of(@sections);
    my (%at, %relocated, %functions);
    $at{"$_->{section} $_->{value}"} = $_->{name} for grep { $_->{type} == STT_FUNC } @symbols;
    for my $r (grep { $_->{type} == SHT_REL } @sections) {
        $relocated{"$r->{info} $_->[0]"} = $symbols[$_->[1] >> 32]
            for map { [unpack 'Q<2', $_] } unpack '(a16)*', $r->{data};
    }
    for my $f (grep { $_->{type} == STT_FUNC } @symbols) {
        my $code = substr $sections[$f->{section}]{data}, $f->{value}, $f->{size};
        my %its = (section => $sections[$f->{section}]{name}, bytes => 0, calls => {});
        my $copied = -1; # the register that the instruction before made the frame's end
        my $second; # half of a load of 64 bits
        for (my $i = 0; $i < length $code; $i += 8) {
            my ($op, $registers, $offset, $value) = unpack 'CCs<l<', substr $code, $i, 8;
            my ($to, $from) = ($registers & 15, $registers >> 4);
            if ($second) {
                $second = 0;
                next;
            }
            my $symbol = $relocated{"$f->{section} " . ($f->{value} + $i)};
            my $class = $op & 7;
            # What is read (1) or written (2, 3) on the frame, or pointed to.
            my $deep = $class == 1 && $from == FRAME || ($class == 2 || $class == 3) && $to == FRAME ?
                -$offset : $op == ADD && $to == $copied ? -$value : 0;
            $its{bytes} = $deep if $deep > $its{bytes};
            my $callee;
            if ($op == CALL && $from == 1) {
                $callee = !$symbol ? $at{"$f->{section} " . ($f->{value} + $i + 8 + $value * 8)} :
                    $symbol->{type} == STT_FUNC ? $symbol->{name} :
                    $at{"$symbol->{section} " . ($value + 1) * 8};
                die "$f->{name}: a call of nobody\n" unless defined $callee;
            } elsif ($op == LOAD_64) {
                $second = 1;
                $callee = $at{"$symbol->{section} $value"}
                    if $symbol && $symbol->{type} == STT_SECTION;
            }
            $its{calls}{$callee} = 1 if defined $callee;
            $copied = $op == MOVE && $from == FRAME ? $to : -1;
        }
        $functions{$f->{name}} = \%its;
    }
    return \%functions;
}

my $functions = functions_of(contents($object));
my (%bytes, %frames);

# The chain of functions from @name on that takes most, by @cost of each.
sub chain ($name, $cost, $known) {
    return $known->{$name} //= do {
        my $most = [0];
        for my $callee (sort keys %{$functions->{$name}{calls}}) {
            my $below = chain($callee, $cost, $known);
            $most = $below if $below->[0] > $most->[0];
        }
        [$most->[0] + $cost->($name), $name, @$most[1 .. $#$most]];
    };
}

sub rounded ($name) {
    my $bytes = $functions->{$name}{bytes} || 1;
    return int(($bytes + ROUNDED_TO - 1) / ROUNDED_TO) * ROUNDED_TO;
}

my @programs = grep { $functions->{$_}{section} ne '.text' } sort keys %$functions;
my @deepest = sort { $b->[0] <=> $a->[0] } map { chain($_, \&rounded, \%bytes) } @programs;
my @longest = sort { $b->[0] <=> $a->[0] } map { chain($_, sub { 1 }, \%frames) } @programs;

# Else the reader of the object does not see calls, frames or callbacks any more.
cmp_ok(scalar @programs, '>', 60, 'programs are found');
ok($functions->{attribute}{calls}{attribute_piece}, 'a callback counts as a call');
cmp_ok($deepest[0][0], '>', 256, 'frames have bytes');
cmp_ok($deepest[0][0], '<=', MAX_BYTES, 'stack of ' . join ' > ',
    map { "$_:$functions->{$_}{bytes}" } @{$deepest[0]}[1 .. $#{$deepest[0]}]);
cmp_ok($longest[0][0], '<=', MAX_FRAMES, 'frames of ' . join ' > ', @{$longest[0]}[1 .. $#{$longest[0]}]);
done_testing();
