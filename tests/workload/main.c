// SPDX-License-Identifier: MIT
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/workload/workload.h"

struct options options = {
	.to = "none",
	.bytes = 8 << 20,
	.chunk = 64 << 10,
	.count = 1,
};

static const struct workload *const families[] = {
	relay_workloads,   direct_workloads,	 map_workloads,	      link_workloads,
	process_workloads, many_workloads,	 zerocopy_workloads,  odirect_workloads,
	cow_workloads,	   fds_workloads,	 writeback_workloads, pipe_workloads,
	short_workloads,   zero_workloads,	 socket_workloads,    process_vm_workloads,
	peek_workloads,	   zc_receive_workloads, tls_workloads,	      fs_workloads,
	aio_workloads,	   device_workloads,	 uncached_workloads,  fuse_workloads,
	zcrx_workloads,	   slab_workloads,
};

static const struct option long_options[] = {
	{ "src", required_argument, NULL, 's' },
	{ "src2", required_argument, NULL, 'S' },
	{ "dst", required_argument, NULL, 'd' },
	{ "to", required_argument, NULL, 't' },
	{ "read", required_argument, NULL, 'r' },
	{ "write", required_argument, NULL, 'w' },
	{ "receive", required_argument, NULL, 'R' },
	{ "mode", required_argument, NULL, 'm' },
	{ "bytes", required_argument, NULL, 'b' },
	{ "chunk", required_argument, NULL, 'c' },
	{ "count", required_argument, NULL, 'n' },
	{ "cold", no_argument, NULL, 'C' },
	{ "pause", no_argument, NULL, 'p' },
	{ "ring", required_argument, NULL, 'u' },
	{ NULL, 0, NULL, 0 },
};

static const struct workload *find(const char *name)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (const struct workload *w = families[i]; w->name; w++)
			if (!strcmp(w->name, name))
				return w;
	return NULL;
}

static void usage(void)
{
	fprintf(stderr, "usage: workload NAME [OPTION...]\n\n");
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (const struct workload *w = families[i]; w->name; w++)
			fprintf(stderr, "  %-22s %s\n", w->name, w->text);
	fprintf(stderr, "\n  --src FILE --src2 FILE --dst FILE\n"
			"  --to none|file|pipe|tcp|tcp6|udp|udp6|unix|unix-dgram|unix-seqpacket|\n"
			"       tcp:ADDRESS:PORT|udp:ADDRESS:PORT\n"
			"  --read CALL --write CALL --receive CALL --mode "
			"peek|trunc|cut|shared|read|msync|fsync|direct|reflink|buffered|"
			"checksummed|bounced|...\n"
			"  --ring inline|async|sqpoll[,files]\n"
			"  --bytes N --chunk N --count N --cold --pause\n");
	exit(2);
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);

	if (*end || end == text || !n)
		die("'%s' is no number", text);
	return n;
}

static void parse(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (c) {
		case 's':
			options.src = optarg;
			break;
		case 'S':
			options.src2 = optarg;
			break;
		case 'd':
			options.dst = optarg;
			break;
		case 't':
			options.to = optarg;
			break;
		case 'r':
			options.read = optarg;
			break;
		case 'w':
			options.write = optarg;
			break;
		case 'R':
			options.receive = optarg;
			break;
		case 'm':
			options.mode = optarg;
			break;
		case 'u':
			options.ring = optarg;
			break;
		case 'b':
			options.bytes = number(optarg);
			break;
		case 'c':
			options.chunk = number(optarg);
			break;
		case 'n':
			options.count = number(optarg);
			break;
		case 'C':
			options.cold = true;
			break;
		case 'p':
			options.pause = true;
			break;
		default:
			usage();
		}
	}
}

int main(int argc, char **argv)
{
	const struct workload *workload = argc > 1 ? find(argv[1]) : NULL;

	if (!workload)
		usage();
	parse(argc - 1, argv + 1);
	pattern_init();
	truth_init();
	workload->run();
	if (!workload->silent)
		truth_print(workload->name);
	return 0;
}
