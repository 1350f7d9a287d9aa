/* SPDX-License-Identifier: MIT */
/* The process and the places that most recordings of unit tests are about. */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "tests/unit/check.h"

struct world {
	struct fixture fixture;
	uint32_t p, file, other, tcp, tcp2, pipe, pipe2;
};

static inline struct world *begin(struct world *world)
{
	struct fixture *f = &world->fixture;

	fixture_begin(f);
	world->p = fixture_process(f, 812, "nginx");
	world->file = fixture_file(f, "/srv/a");
	world->other = fixture_file(f, "/srv/b");
	world->tcp = fixture_tcp(f, "10.0.0.1", 80, "10.0.0.2", 1);
	world->tcp2 = fixture_tcp(f, "10.0.0.1", 80, "10.0.0.2", 2);
	world->pipe = fixture_other(f, CS_KIND_PIPE, NULL);
	world->pipe2 = fixture_other(f, CS_KIND_PIPE, NULL);
	return world;
}

/* Of a world that is called w. */
#define ROW(...) fixture_row(&w.fixture, __VA_ARGS__)
#define SIDE(...) fixture_side(&w.fixture, __VA_ARGS__)

#endif
