# SPDX-License-Identifier: MIT
#
# What the live tests share of judging: workloads that tell the truth
# (tests/workload) under a trace, and the comparison of its report with theirs.
package Truth;

use strict;
use warnings;

use Exporter qw(import);
use Cpanel::JSON::XS;
use POSIX ();
use Run;
use Schema;
use Test::More;

our @EXPORT = qw(
	trace check_sources check_all check_all_unaudited
	check_all_overtaking check_schema check_report check_lost check_audit
	find_transfers hops_of calls_of same sum tell_measured
);

our ($unaudited, $overtakes);

# Are the workloads audited? The breakpoints need root and debug registers.
sub audited { return measured() && in_guest() && !$unaudited }

# Workloads, each [name, arguments...], under one trace: (report, truth...).
sub trace
{
	my (@workloads) = @_;

	for my $try (1 .. 5) {
		my ($report, @truth) = whole(sub { trace_once(@workloads) });
		my @unsure = $overtakes ? grep { $_->{from}{may_be_from} } @{$report->{transfers}} : ();

		return ($report, @truth) if !@unsure || $try == 5;
		is_deeply([map { $_->{verdict} } @unsure], [map { 'unknown' } @unsure],
			'the process overtook a worker, which is told: once more');
	}
}

sub trace_once
{
	my (@workloads) = @_;
	my $script = join "\n", map {
		join ' ', "'$workload'", map { s/'/'\\''/gr =~ s/^|$/'/gr } @$_
	} @workloads;
	my ($report, $ran) = path_json([audited() ? '--audit' : ()], '/bin/sh', '-ec', $script);
	my @truth = map { Cpanel::JSON::XS->new->decode($_) } split /\n/, $ran->{out};

	is($ran->{status}, 0, 'the tool ends well') or diag($ran->{err});
	check_sources($report) if $report;
	return ($report, @truth);
}

# Of a process and a source, what is carried on from buffers to one destination is
# never more than what was read of it. In a whole report: nothing is left out.
sub check_sources
{
	my ($report) = @_;
	my (%read, %sent, %skip, @wrong);

	for my $transfer (@{$report->{transfers}}) {
		my %from = %{$transfer->{from}};
		next if ($from{kind} // 'memory') eq 'memory';
		my $key = join ' ', $transfer->{process}{pid} // '?',
			map { $from{$_} // '' } qw(kind dev ino path local peer);

		for my $hop (@{$transfer->{hops}}) {
			$read{$key} += $hop->{bytes} if $hop->{to} eq 'user_buffer';
			# /dev/zero copies nothing; a direct read of a hole moves nothing.
			$skip{$key} = 1 if $from{kind} eq 'device' || $hop->{from} eq 'disk';
		}
		my $sent = sum(0, map { $_->{bytes} }
			grep { $_->{from} eq 'user_buffer' } @{$transfer->{hops}});
		$sent{$key} = $sent if $sent > ($sent{$key} // 0);
	}
	for (sort keys %sent) {
		push @wrong, "$_: $sent{$_} of " . ($read{$_} // 0)
			if !$skip{$_} && $sent{$_} > ($read{$_} // 0);
	}
	return is(join(', ', @wrong), '', 'no source delivers more than was read of it');
}

sub sum
{
	my $sum = 0;

	$sum += $_ for @_;
	return $sum;
}

sub hops_of
{
	return { map { ("$_->{from}>$_->{to} $_->{how}" => $_->{bytes}) } @{$_[0]{hops}} };
}

sub calls_of
{
	return { map { ($_->{name} => $_->{count}) } @{$_[0]{calls}} };
}

# Hashes of numbers with equal keys and values.
sub same
{
	my ($got, $expected, $what) = @_;
	my $text = sub { join ', ', map { "$_ $_[0]{$_}" } sort keys %{$_[0]} };

	return is($text->($got), $text->($expected), $what);
}

# Files of other file systems may have the same number.
sub same_inode
{
	my ($got, $expected) = @_;

	return 0 unless $expected->{ino} && ($got->{ino} // 0) == $expected->{ino};
	return 1 if ($got->{dev} // '') eq $expected->{dev};
	# btrfs tells stat() another device than its inodes have.
	return length($got->{path} // '') && $got->{path} eq pack('H*', $expected->{path_hex} // '');
}

sub place_matches
{
	my ($got, $expected) = @_;

	return 0 unless ($got->{kind} // 'lost') eq $expected->{kind};
	return 0 if $expected->{kind} eq 'memory' && exists $got->{resolved};
	return 0 unless ($got->{pid} // 0) == ($expected->{pid} // 0);
	return !$expected->{ino} || same_inode($got, $expected);
}

sub find_transfers
{
	my ($report, $flow) = @_;

	return grep {
		(!$flow->{pid} || ($_->{process}{pid} // 0) == $flow->{pid}) &&
			place_matches($_->{from}, $flow->{from}) &&
			place_matches($_->{to}, $flow->{to})
	} @{$report->{transfers}};
}

# The window of a workload ends with an operation on such a file.
sub is_fence { return $_[0] =~ m{/fence[01]$} }

# Who had the pages of a file written to the disk, and what is still dirty.
sub check_written
{
	my ($report, $truth, $what) = @_;

	for my $expected (@{$truth->{written}}) {
		my @found = grep { same_inode($_->{file}, $expected->{file}) }
			@{$report->{written_files}};

		is(scalar @found, 1, "$what: is one written file") or next;
		my %got = map { ("$_->{by} " . ($_->{process}{pid} // 'kernel') => $_->{bytes}) }
			@{$found[0]{written_back}};
		# "a|b": it depends on when the disk is ready whether it is one or the other.
		my @by = map { "$_ " . ($expected->{pid} // 'kernel') } split /\|/, $expected->{by} // '';

		if (@by > 1) {
			my %may = map { ($_ => 1) } @by;
			my @others = grep { !$may{$_} } keys %got;

			is("@others", '', "$what: who may have had the pages written back");
		} else {
			same(\%got, { map { ($_ => $expected->{bytes}) } @by },
				"$what: who had the pages written back");
		}
		is($found[0]{written_back_bytes}, $expected->{bytes}, "$what: written back");
		check_dirty($found[0], $expected->{dirty}, $what);
	}
}

# What stays in the page cache of files that RWF_DONTCACHE was used on.
sub check_stays
{
	my ($report, $truth, $what) = @_;

	for my $expected (@{$truth->{stays} // []}) {
		my @ends = grep { exists $_->{resident_bytes} && same_inode($_, $expected->{file}) }
			map { ($_->{from}, $_->{to}) } @{$report->{transfers}};

		cmp_ok(scalar @ends, '>', 0, "$what: was used by RWF_DONTCACHE");
		is($_->{resident_bytes}, $expected->{bytes}, "$what: stays in the page cache") for @ends;
	}
}

sub check_dirty
{
	my ($file, $dirty, $what) = @_;
	my $known = -e '/proc/copyscope/file' ? 'module' : kernel_version() >= 6005 ? 'cachestat' : undef;

	is($file->{dirty_source}, $known, "$what: who tells what is dirty");
	is($file->{dirty_bytes}, $known ? $dirty : undef, "$what: still dirty");
}

sub check_names
{
	my ($got, $expected, $what) = @_;

	for my $key (qw(local peer)) {
		is($got->{$key}, $expected->{$key}, "$what: $key address") if $expected->{$key};
	}
	return unless $expected->{path_hex};
	my $path = pack 'H*', $expected->{path_hex};
	is($got->{path}, $path, "$what: path") if $path =~ /^[\x20-\x7e]+$/;
}

# Does the derived tier see this hop?
sub hop_is_seen { return measured() || $_[0] !~ / (map|dirty)$/ }

sub check_provenance
{
	my ($transfer, $what) = @_;

	for my $hop (@{$transfer->{hops}}) {
		my $expected = measured() || $hop->{how} eq 'dma' ? 'measured' : 'derived';

		is($hop->{provenance}, $expected, "$what: $hop->{from} to $hop->{to} is $expected");
	}
}

# Bytes that were handed on without a copy, in part of a transfer at least.
sub handed_on
{
	my ($transfer) = @_;

	return sum(map { $_->{bytes} } grep { $_->{how} =~ /^(reference|transform)$/ ||
		($_->{how} eq 'map' && $_->{from} eq 'socket_buffer') ||
		($_->{how} eq 'dma' && "$_->{from} $_->{to}" =~ /disk/ &&
			"$_->{from} $_->{to}" =~ /user_buffer|pipe_buffer/) } @{$transfer->{hops}});
}

sub check_verdict
{
	my ($transfer, $what) = @_;
	my $copied = sum(map { $_->{bytes} } grep { $_->{how} eq 'copy' } @{$transfer->{hops}});
	my $delivered = $transfer->{delivered_bytes};
	my $verdict = $copied ? 'copied' : $delivered && measured() ? 'zero-copy' : 'unknown';

	# What was handed on may have been copied all the same, before or after.
	if ($copied && handed_on($transfer)) {
		my $part = measured() ? 'mixed' : 'unknown';

		$verdict = $copied < $delivered || $transfer->{verdict} eq $part ? $part : 'copied';
		cmp_ok($transfer->{copied_share}, '<', 1, "$what: a part was copied")
			if $transfer->{verdict} eq 'mixed';
	}
	is($transfer->{cpu_copied_bytes}, $copied, "$what: CPU-copied bytes");
	is($transfer->{verdict}, $verdict, "$what: verdict");
	return unless $delivered;
	cmp_ok(abs($transfer->{copies_per_byte} - $copied / $delivered), '<', 1e-6,
		"$what: copies per byte");
}

# Pages are mapped by windows of 64 KiB around a fault; a window that was
# mapped in part is counted again when the rest of it is needed. Since Linux 6.18 a
# fault maps all of a large folio.
sub check_mapped
{
	my ($hops, $expected, $faults, $what) = @_;
	my $name = 'page_cache>mapping map';
	my $least = delete $expected->{$name} // return;
	my $got = delete $hops->{$name} // 0;

	cmp_ok($got, '>=', $least, "$what: all that was written is mapped");
	# Without a call after them, faults are charged elsewhere: one a page at most.
	$faults = $least / 4096 unless $faults;
	my $folios = kernel_version() > 6012 ? $least : 0;
	cmp_ok($got, '<=', 65536 * $faults + $folios, "$what: by one window for each fault at the most");
}

# What TCP sends again is copied again.
sub check_copied_later
{
	my ($hops, $expected, $what) = @_;
	my $name = 'socket_buffer>socket_buffer copy';
	my $least = delete $expected->{$name} // return;
	my $got = delete $hops->{$name} // 0;

	cmp_ok($got, '>=', $least, "$what: all that was sent is copied later");
	cmp_ok($got, '<=', 1.05 * $least, "$what: and little more than once");
}

# Packets that wait while the socket is in use lose small pages to their head
# (skb_condense), and a head is copied: how many do, nobody can tell beforehand.
sub check_condensed
{
	my ($got, $expected, $what) = @_;
	my ($copy, $reference) = map { "socket_buffer>pipe_buffer $_" } qw(copy reference);
	my $copied = $got->{$copy} // 0;

	return if !$copied || !$expected->{$reference} || $expected->{$copy};
	return if grep { / transform$/ } keys %$expected; # records of TLS come from elsewhere
	cmp_ok($copied, '<', $expected->{$reference} / 100, "$what: little of it was in heads");
	$expected->{$copy} = $copied;
	$expected->{$reference} -= $copied;
}

# By getrusage, what the processes of a workload read from disks.
my $read_from_disks = 0;

# In place a file that was warm may be evicted by the host: what was read anew
# is no more than the processes were charged with.
sub check_evicted
{
	my ($got, $expected, $what) = @_;
	my $dma = 'disk>page_cache dma';

	return if in_guest() || $expected->{$dma} || !$got->{$dma};
	cmp_ok($got->{$dma}, '<=', $read_from_disks, "$what: what was evicted is read anew");
	delete $got->{$dma};
}

# One flow of the truth against the transfers that it must be.
sub check_flow
{
	my ($report, $flow, $what) = @_;
	my @found = find_transfers($report, $flow);
	my %hops = map { ($_ => $flow->{hops}{$_}) } grep { hop_is_seen($_) } keys %{$flow->{hops}};
	my (%got_hops, %got_calls);

	$what .= ": $flow->{from}{kind} to $flow->{to}{kind}";
	$flow->{pid} ? is(scalar @found, 1, "$what is one transfer")
		     : cmp_ok(scalar @found, '>', 0, "$what is found");
	for my $transfer (@found) {
		my ($hops, $calls) = (hops_of($transfer), calls_of($transfer));

		$got_hops{$_} += $hops->{$_} for keys %$hops;
		$got_calls{$_} += $calls->{$_} for keys %$calls;
	}
	# Write-back comes when it likes.
	delete $got_hops{'page_cache>disk dma'} unless $hops{'page_cache>disk dma'};
	is(sum(map { $_->{delivered_bytes} } @found), $flow->{delivered_bytes}, "$what: delivered");
	check_evicted(\%got_hops, \%hops, $what);
	check_mapped(\%got_hops, \%hops,
		sum(map { $_->{page_faults}{minor} + $_->{page_faults}{major} } @found), $what);
	check_copied_later(\%got_hops, \%hops, $what);
	check_condensed(\%got_hops, $_, $what) for \%hops, $flow->{hops};
	same(\%got_hops, \%hops, "$what: hops");
	same(\%got_calls, $flow->{calls}, "$what: calls");
	return @found unless @found == 1;
	check_names($found[0]{$_}, $flow->{$_}, "$what: $_") for qw(from to);
	check_provenance($found[0], $what);
	check_verdict($found[0], $what);
	return @found;
}

# Switches and faults of a process with one thread against getrusage.
sub check_actor
{
	my ($actor, $transfers, $what) = @_;
	my %got = map { ($_ => 0) } qw(voluntary involuntary minor major mode);

	for my $transfer (@$transfers) {
		next unless $transfer->{process}{pid} == $actor->{pid};
		$got{$_} += $transfer->{context_switches}{$_} for qw(voluntary involuntary);
		$got{$_} += $transfer->{page_faults}{$_} for qw(minor major);
		$got{mode} += $transfer->{mode_switches};
	}
	is($got{$_}, $actor->{$_}, "$what: $_ as getrusage has it")
		for qw(voluntary involuntary minor major);
	is($got{mode}, 2 * ($actor->{calls} + $actor->{minor} + $actor->{major}),
		"$what: mode switches");
}

# Each copy at a primitive was seen by a hook.
sub check_audit
{
	my ($report) = @_;

	return unless audited();
	is($report->{unattributed_bytes}, 0, 'no copy is unattributed')
		or diag(Cpanel::JSON::XS->new->canonical->encode($report->{audit}));
}

# For docs/measured.md: the path, and what was predicted, measured and audited, if it was.
sub tell_measured
{
	my ($report, $truth, $found, $what) = @_;

	return unless $ENV{COPYSCOPE_MEASURED} && measured();
	my %pids = map { ($_->{pid} => 1) } @{$truth->{flows}};
	my $predicted = by_how(map { $_->{hops} } grep { !is_fence(pack 'H*', $_->{from}{path_hex} // '') }
		@{$truth->{flows}});
	my $measured = by_how(map { hops_of($_) } grep { !is_fence($_->{from}{path} // '') } @$found);
	my $unseen = sum(map { $_->{copied_bytes} - $_->{seen_bytes} - $_->{kernel_own_bytes} }
		grep { $pids{$_->{pid}} } @{$report->{audit}{processes}});

	open my $out, '>>', $ENV{COPYSCOPE_MEASURED} or die "$ENV{COPYSCOPE_MEASURED}: $!";
	print $out join("\t", $0 =~ m{([^/]+)\.t$}, $what, (POSIX::uname())[2],
		(map { ($predicted->{$_}, $measured->{$_}) } qw(copy reference dma transform)),
		audited() ? $measured->{copy} + $unseen : 'unknown'), "\n";
	close $out;
}

# The bytes of hops ("disk>page_cache dma") by how they hopped.
sub by_how
{
	my %sum = map { ($_ => 0) } qw(copy reference dma transform map);

	for my $hops (@_) {
		$sum{(split / /, $_)[1]} += $hops->{$_} for keys %$hops;
	}
	return \%sum;
}

sub check_lost
{
	my ($report) = @_;
	my @lost = grep { $report->{lost}{$_} } sort keys %{$report->{lost}};

	is(join(' ', @lost), '', 'nothing is lost');
}

# Nothing else may touch what the workload moved: no byte is counted twice.
sub check_rest
{
	my ($report, $truth, $expected, $what) = @_;
	my %known = map { ("$_" => 1) } @$expected;
	my %pids = map { ($_->{pid} => 1) } @{$truth->{flows}};
	my @places = map { ($_->{from}, $_->{to}) } @{$truth->{flows}};

	for my $transfer (@{$report->{transfers}}) {
		next if $known{"$transfer"} || !$pids{$transfer->{process}{pid} // 0};
		for my $place (@{$transfer}{qw(from to)}) {
			next unless grep { same_inode($place, $_) } @places;
			fail("$what: a transfer too many: " . Cpanel::JSON::XS->new->canonical->encode($transfer));
		}
	}
}

# An answer of a command against its schema below docs/.
sub check_schema
{
	my ($answer, $file, $what) = @_;
	my $schema = slurp_json("docs/$file") or return fail("$file is JSON");
	my @complaints = schema_complaints($answer, $schema);

	is(join("\n", @complaints[0 .. ($#complaints < 9 ? $#complaints : 9)]), '',
		"$what: as the schema says");
}

sub check_report
{
	my ($report, $truth, $what) = @_;

	$read_from_disks = sum(map { $_->{disk_bytes} } @{$truth->{actors}});
	subtest $what => sub {
		my @found = map { check_flow($report, $_, $what) } @{$truth->{flows}};

		check_actor($_, \@found, "$what: process $_->{pid}") for @{$truth->{actors}};
		check_rest($report, $truth, \@found, $what);
		check_written($report, $truth, $what);
		check_stays($report, $truth, $what);
		tell_measured($report, $truth, \@found, $what);
	};
}

# Workloads [what, name, arguments...] under one trace, each compared.
sub check_all
{
	my (@workloads) = @_;

	return check_traced(\&check_audit, @workloads);
}

# The same without the audit: it counts what a primitive was asked for, also
# where that stopped half-way at a bad address.
sub check_all_unaudited
{
	local $unaudited = 1;

	return check_traced(sub {}, @_);
}

# The same of direct requests of io_uring to a file: the process may see the end of one that
# a worker queued, and fill its buffer anew, before the worker counts what it queued. What
# fills the buffer is not certain then (docs/hooks.md), so more tries are made.
sub check_all_overtaking
{
	local $overtakes = 1;

	return check_all(@_);
}

sub check_traced
{
	my ($audit, @workloads) = @_;
	my ($report, @truth) = trace(map { my ($what, @rest) = @$_; [@rest] } @workloads);

	is(scalar @truth, scalar @workloads, 'each workload ran to its end');
	ok($report, 'the report is JSON') or return;
	is($report->{hooks}{copies}, measured() ? 'measured' : 'derived', 'the tier is as asked');
	check_lost($report);
	$audit->($report);
	check_schema($report, 'report.schema.json', 'the report');
	check_report($report, $truth[$_], $workloads[$_][0]) for 0 .. $#truth;
	return $report;
}

1;
