#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Names that files get after their bytes were moved: by a rename, by linkat(), by overlayfs.
use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use FileSystem;
use Test::More;

my $bytes = (1 << 20) + 7;

# Writes to new files of the folder, and gives them other names.
my $names = write_file("$dir/names.pl", <<'END');
my ($in, $bytes) = @ARGV;
chdir $in or die "$in: $!";
# O_RDWR; with O_CREAT or O_TMPFILE. Open until the end: no number is used twice.
sub fill
{
	my $fd = syscall 257, -100, my $at = $_[0], $_[1] // 0102, 0600;
	return $fd >= 0 && open($open{$_[0]}, '+<&=', $fd) && syswrite $open{$_[0]}, 'x' x $bytes;
}
fill($_) for qw(plain.new twice.new back left right kept over.new);
open my $over, '>', 'over'; close $over;
mkdir 'sub';
rename 'plain.new', 'plain' or die;
rename 'twice.new', 'twice.mid'; rename 'twice.mid', 'sub/twice';
rename 'back', 'forth'; rename 'forth', 'back';
syscall(316, -100, my $l = 'left', -100, my $r = 'right', 2) == 0 or die "exchange: $!" if !$ARGV[2];
link 'kept', 'linked';
rename 'over.new', 'over';
exit if !fill('.', 020200002);
syscall(265, -100, my $fd = '/proc/self/fd/' . fileno $open{'.'}, -100, my $to = 'born', 0x400) == 0 or die "linkat: $!";
END

# By their last part: [path, first path] of the files that were written to.
sub named ($folder, @arguments) {
    my ($report) = path_json([], $^X, $names, $folder, $bytes, @arguments);
    my @to = map { $_->{to} } grep { $_->{to}{kind} eq 'file' && $_->{delivered_bytes} >= $bytes }
        @{$report->{transfers}};
    my %named;
    for my $file (@to) {
        my ($path, $first) = map { defined ? s/^\Q$folder\E\/// ? $_ : "elsewhere: $_" : 'none' }
            map { $_ // undef } $file->{path}, $file->{first_path};
        $named{$path} = $first . ($file->{deleted} ? ', deleted' : '');
    }
    return \%named;
}

sub check ($folder, $what, %options) {
    mkdir $folder;
    my %expected = (plain => 'plain.new', 'sub/twice' => 'twice.new', back => 'none', left => 'right',
        right => 'left', kept => 'none', over => 'over.new', born => 'none');
    %expected = (%expected, left => 'none', right => 'none') if $options{overlay};
    # Not every overlayfs has O_TMPFILE.
    sysopen(my $nameless, $folder, 020200002) or delete $expected{born};
    my $named = named($folder, $options{overlay} // ());
    if (!measured()) {
        my ($nameless) = grep { /#/ } keys %$named;
        delete $named->{$nameless // ''};
        %expected = map { $_ => 'none' } qw(plain.new twice.new back left right kept over.new);
    }
    return is_deeply($named, \%expected, $what);
}

check("$dir/ext4", 'files that are renamed have their last name, and the first');

if (measured() && in_guest()) {
    my @changes = (
        [owner => 'chown', 'chown 1, -1, $f'],
        [mode => 'chmod', 'chmod 0700, $f'],
        [times => 'utimensat', 'utime 1, 1, $f'],
        [attribute => 'setxattr', 'syscall 188, $f, my $n = "user.a", my $v = "1", 1, 0'],
        [twin => 'link', 'link $f, "$f.2"'],
        [moved => 'rename', 'rename $f, "$f.2"'],
        [opened => 'openat', 'open my $h, "+<", $f'],
    );
    my ($overlay) = make_overlay(map { $_->[0] } @changes);
    check("$overlay/new", 'and those on an overlay', overlay => 1);
    my $program = join '; ', "chdir '$overlay'", map { "\$f = '$_->[0]'; $_->[2]" } @changes;
    my ($report) = path_json([], $^X, '-e', $program);
    for my $change (@changes) {
        my ($file, $call) = @$change;
        my $last = $file . ($file eq 'moved' ? '.2' : '');
        my @found = grep { ($_->{from}{path} // '') eq "$overlay/$file" } @{$report->{transfers}};

        is(scalar @found, 1, "$call: the file that is copied up has its name") or next;
        is($found[0]{delivered_bytes}, 8 << 20, "$call: all of it");
        is($found[0]{to}{path}, "$overlay/$last", "$call: and so has the copy");
        is($found[0]{to}{first_path}, $last eq $file ? undef : "$overlay/$file", "$call: and its first");
        like(join(' ', map { $_->{name} } @{$found[0]{calls}}), qr/^$call/, "$call: is what did it");
        is(join(' ', map { $_->{code} } @{$found[0]{findings}}), 'overlay-copy-up', "$call: and it is told");
    }
}
done_testing;
