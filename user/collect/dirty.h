/* SPDX-License-Identifier: MIT */
/* What of the written files waits in the page cache to be written back. */
#ifndef COLLECT_DIRTY_H
#define COLLECT_DIRTY_H

#include "model/recording.h"

/*
 * Asks the module or cachestat(2) now, and fills in recording->dirty, which
 * dirty_release() frees.  A file that cannot be reached, or is another one by
 * now, and every file where neither answers, stays unknown.  A child does the
 * asking and has two seconds: a network or FUSE file system whose server is dead
 * makes whoever names its files wait for ever.
 */
void dirty_read(struct recording *recording);
void dirty_release(struct recording *recording);

#endif
