#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A hook is taken away, as if the kernel refused its program: the self-check stays true, or
# the tool says that it cannot trace. Minutes long: it runs when COPYSCOPE_TEST_ALL is set,
# and takes away each in turn when that is 1.
use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Copyscope;
use Test::More;

plan skip_all => 'the derived tier has no hooks to take away' unless measured();
plan skip_all => 'COPYSCOPE_TEST_ALL is not set' unless defined $ENV{COPYSCOPE_TEST_ALL};

# One of each family, what makes a family unsure, halves of pairs, an alternative.
my @programs = qw(on_filemap_read on_generic_perform_write on_tcp_sendmsg_locked
    on_skb_zerocopy_iter_stream on_skb_splice_from_iter on_udp_recvmsg on_unix_stream_sendmsg
    on_anon_pipe_read,on_pipe_read on_splice_direct_to_actor on_perf_event_mmap on_request_end
    on_copy_mc_to_kernel on_block_bio_queue on_sys_exit);
if ($ENV{COPYSCOPE_TEST_ALL}) {
    my $table = read_file("$FindBin::Bin/../../user/collect/table.c");
    @programs = $table =~ /"(on_\w+)"/g;
}

$ENV{COPYSCOPE_PROOFS} = "$dir/proofs";
for my $program (@programs) {
    local $ENV{COPYSCOPE_TEST_WITHOUT} = $program;
    my $ran = run_tool('doctor', '--check');

    if ($ran->{exit} == 125) {
        like($ran->{err}, qr/^copyscope: the kernel refuses the hook on \w+, without which .*\n\z/,
            "$program: nothing can be traced, and that is said");
        next;
    }
    is($ran->{exit}, 0, "$program: the self-check holds") or diag($ran->{out});
    unlike($ran->{out}, qr/WRONG/, "$program: no count is wrong");
}

# What the report says of it: a family is measured or derived.
{
    local $ENV{COPYSCOPE_TEST_WITHOUT} = 'on_tcp_recvmsg';
    my ($report) = path_json([], 'true');

    is($report->{hooks}{tcp}, 'derived', 'a family without one of its hooks is derived');
    is($report->{hooks}{udp}, 'measured', 'the others are measured');
    local $ENV{COPYSCOPE_TEST_WITHOUT} = 'on_skb_zerocopy_iter_stream';
    ($report) = path_json([], 'true');
    is($report->{hooks}{tcp}, 'measured', 'one that makes unsure leaves its family measured');
}
done_testing();
