// SPDX-License-Identifier: MIT
#include <errno.h>

#include "collect/fds_private.h"

int holders_by_iterator(struct fds_work *work)
{
	(void)work;
	return -ENOSYS;
}
