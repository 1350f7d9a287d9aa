// SPDX-License-Identifier: GPL-2.0
/* copyscope: what is in the page cache. abi/residency.h has the formats. */
#include <linux/module.h>
#include <linux/proc_fs.h>

#include "copyscope.h"

unsigned int cs_inodes_max = 1 << 17;
module_param_named(inodes_max, cs_inodes_max, uint, 0444);
MODULE_PARM_DESC(inodes_max, "inodes that one opening of inodes lists at most (131072, of 72 bytes "
			     "each)");

static bool everyone;
module_param(everyone, bool, 0444);
MODULE_PARM_DESC(everyone, "let all users ask about files that they own or may write (no)");

static struct proc_dir_entry *folder;

static int __init copyscope_init(void)
{
	if (!cs_inodes_max || cs_inodes_max > 1 << 24) {
		pr_err("copyscope: inodes_max=%u: 1 to %u\n", cs_inodes_max, 1 << 24);
		return -EINVAL;
	}
	folder = proc_mkdir("copyscope", NULL);
	if (!folder)
		return -ENOMEM;
	if (!proc_create("inodes", 0400, folder, &cs_inodes_ops) ||
	    !proc_create("file", everyone ? 0666 : 0600, folder, &cs_file_ops)) {
		proc_remove(folder);
		return -ENOMEM;
	}
	return 0;
}

/* procfs waits for calls under way and closes what is open. */
static void __exit copyscope_exit(void)
{
	proc_remove(folder);
}

module_init(copyscope_init);
module_exit(copyscope_exit);

MODULE_DESCRIPTION("What is in the page cache: inodes, extents and their state");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
