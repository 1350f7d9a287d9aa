# SPDX-License-Identifier: MIT
#
# What of a file is in the page cache, asked by ways that share nothing with
# the tool: mincore(2), and calls that fill and empty the page cache.
package Residency;

use strict;
use warnings;

use Copyscope;
use Exporter qw(import);
use Fcntl qw(:DEFAULT :mode SEEK_SET);
use IO::Handle;
use POSIX ();
use Test::More;

our @EXPORT = qw(
	PAGE page_file open_file forget read_pages write_pages resident_pages memfd
	pages pages_of bytes_of module_loaded expected_source
);

use constant {
	PAGE => 4096,
	SYS_MMAP => 9, SYS_MUNMAP => 11, SYS_MINCORE => 27, SYS_FADVISE => 221,
	SYS_MEMFD_CREATE => 319,
	PROT_NONE => 0, MAP_SHARED => 1, MAP_32BIT => 0x40,
	FADV_RANDOM => 1, FADV_DONTNEED => 4,
};

sub open_file
{
	my ($path) = @_;

	sysopen my $file, $path, O_RDWR | O_CREAT or die "$path: $!";
	syscall(SYS_FADVISE, fileno $file, 0, 0, FADV_RANDOM) == 0 or die "fadvise: $!";
	return $file;
}

# A file of so many pages, written, on the disk, and not in the page cache.
sub page_file
{
	my ($path, $pages) = @_;
	my $file = open_file($path);

	syswrite $file, chr(65 + $_ % 26) x PAGE or die "$path: $!" for 0 .. $pages - 1;
	forget($file);
	return $file;
}

sub forget
{
	my ($file) = @_;

	$file->sync or die "fsync: $!";
	syscall(SYS_FADVISE, fileno $file, 0, 0, FADV_DONTNEED) == 0 or die "fadvise: $!";
}

sub read_pages
{
	my ($file, @pages) = @_;

	for my $page (@pages) {
		sysseek $file, $page * PAGE, SEEK_SET;
		sysread $file, my $buffer, 1;
	}
}

sub write_pages
{
	my ($file, @pages) = @_;

	for my $page (@pages) {
		sysseek $file, $page * PAGE, SEEK_SET;
		syswrite $file, 'x' x PAGE or die "write: $!";
	}
}

# The numbers of the pages that mincore(2) calls resident, as a string.
sub resident_pages
{
	my ($file) = @_;
	my $pages = int(((-s $file) + PAGE - 1) / PAGE) or return '';
	my $bits = "\0" x $pages;
	# Low, as perl may keep no more than 32 bits of what a call returns.
	my $at = syscall(SYS_MMAP, 0, $pages * PAGE, PROT_NONE, MAP_SHARED | MAP_32BIT, fileno $file, 0);

	die "mmap: $!" if $at == -1;
	syscall(SYS_MINCORE, $at, $pages * PAGE, $bits) == 0 or die "mincore: $!";
	syscall(SYS_MUNMAP, $at, $pages * PAGE);
	return join ' ', grep { ord(substr $bits, $_, 1) & 1 } 0 .. $pages - 1;
}

sub memfd
{
	my ($name) = @_;
	my $text = "$name\0";
	my $fd = syscall(SYS_MEMFD_CREATE, $text, 0);

	die "memfd_create: $!" if $fd < 0;
	open my $file, '+<&=', $fd or die "memfd: $!";
	return $file;
}

# pages --format json: ({answer}, {process with texts}).
sub pages
{
	my (@arguments) = @_;
	my $json = "$dir/pages." . int(rand(1e9)) . '.json';
	my $ran = run_tool('pages', '--format', 'json', '-o', $json, @arguments);
	my $answer = slurp_json($json);

	unlink $json;
	return ($answer, $ran);
}

# The same as resident_pages(), of a file of the answer: up to its size, and
# without pages that hold no data yet, which mincore(2) does not count.
sub pages_of
{
	my ($file, $with_state) = @_;
	my $pages = int(($file->{size_bytes} + PAGE - 1) / PAGE);
	my @pages;

	return 'unknown' unless $file->{extents};
	for my $extent (@{$file->{extents}}) {
		my @state = @{$extent->{state} // []};

		next if grep { $_ eq 'filling' } @state;
		next if $with_state && !grep { $_ eq $with_state } @state;
		push @pages, $extent->{offset} / PAGE ..
			($extent->{offset} + $extent->{length}) / PAGE - 1;
	}
	return join ' ', grep { $_ < $pages } @pages;
}

# Of the extents, all or those in a state.
sub bytes_of
{
	my ($file, $state) = @_;

	return sum(0, map { $_->{length} }
		grep { !$state || grep { $_ eq $state } @{$_->{state} // []} } @{$file->{extents}});
}

sub module_loaded { return -e '/proc/copyscope/file' }

sub expected_source
{
	return 'module' if module_loaded();
	return kernel_version() >= 6005 ? 'cachestat' : 'mincore';
}

1;
