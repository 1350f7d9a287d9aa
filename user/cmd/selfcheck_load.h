/* SPDX-License-Identifier: MIT */
/* What the workload of the self-check and its judge agree on. */
#ifndef CMD_SELFCHECK_LOAD_H
#define CMD_SELFCHECK_LOAD_H

#define SELFCHECK_BYTES (1 << 20)
#define SELFCHECK_CHUNK (1 << 14)

#define SELFCHECK_READ "read"
#define SELFCHECK_MAP "map"
#define SELFCHECK_SENDFILE "sendfile"
#define SELFCHECK_FILE_FROM "from"
#define SELFCHECK_FILE_TO "to"
#define SELFCHECK_WRITE "written"
#define SELFCHECK_OVERLAID "overlaid" /* the file; below is the folder to mount in */
#define SELFCHECK_OVERLAY "overlay"
#define SELFCHECK_WAS_OVERLAID "was-overlaid" /* a file that says that it could be mounted */

#endif
