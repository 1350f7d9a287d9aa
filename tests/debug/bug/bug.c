// SPDX-License-Identifier: GPL-2.0
/*
 * Mistakes on purpose: the debug kernel must report each, or its silence about
 * copyscope.ko says nothing.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

static char *kind = "";
module_param(kind, charp, 0444);
MODULE_PARM_DESC(kind, "use-after-free, sleep or locks");

static DEFINE_SPINLOCK(one);
static DEFINE_SPINLOCK(two);

static void use_after_free(void)
{
	int *freed = kmalloc(sizeof(*freed), GFP_KERNEL);

	kfree(freed);
	WRITE_ONCE(*freed, 1);
}

static void sleep_in_atomic(void)
{
	spin_lock(&one);
	kfree(kmalloc(8, GFP_KERNEL));
	spin_unlock(&one);
}

static void lock_both(spinlock_t *first, spinlock_t *second)
{
	spin_lock(first);
	spin_lock(second);
	spin_unlock(second);
	spin_unlock(first);
}

static int __init bug_init(void)
{
	if (!strcmp(kind, "use-after-free")) {
		use_after_free();
	} else if (!strcmp(kind, "sleep")) {
		sleep_in_atomic();
	} else if (!strcmp(kind, "locks")) {
		lock_both(&one, &two);
		lock_both(&two, &one);
	} else {
		return -EINVAL;
	}
	return 0;
}

static void __exit bug_exit(void)
{
}

module_init(bug_init);
module_exit(bug_exit);

MODULE_DESCRIPTION("Mistakes on purpose, for tests of a debug kernel");
MODULE_LICENSE("GPL");
