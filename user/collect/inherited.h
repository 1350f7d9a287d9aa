/* SPDX-License-Identifier: MIT */
/* What copyscope was started with and changes for itself: a command gets it back. */
#ifndef COLLECT_INHERITED_H
#define COLLECT_INHERITED_H

/*
 * Keeps the mask and the dispositions, and sets what copyscope needs: a write to
 * a closed pipe is an error (SIGPIPE), and children wait to be asked how they
 * ended (SIGCHLD). Called once, before anything else changes them.
 */
void inherited_keep(void);

/* As they were; for a child, before its exec. */
void inherited_restore(void);

#endif
