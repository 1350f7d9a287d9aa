// SPDX-License-Identifier: GPL-2.0
/* /proc/copyscope/file: the page cache of one file, by ioctl or as text. */
#include <linux/cred.h>
#include <linux/dax.h>
#include <linux/file.h>
#include <linux/kdev_t.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "copyscope.h"

#define TEXT_EXTENTS 512 /* of one walk for text */
#define BATCH_EXTENTS 128u /* of one walk for the ioctl */

static const char help[] = "# write \"fd N\" or \"path P\" into this opening, then read: "
			   "copyscope(4)\n";

/* What an opening is asked about; all NULL: nothing. */
struct target {
	struct file *file;
	struct address_space *mapping; /* its pages; its inode is held */
	u32 facts;
};

/* One opening. */
struct query {
	struct mutex lock; /* of all below */
	struct target target;
	bool walked; /* position 0 was read */
	loff_t base; /* position of extents[0] */
	struct cs_walk walk;
	struct cs_residency totals; /* of the walks so far */
	struct cs_extent extents[TEXT_EXTENTS];
};

/*
 * The inode that owns the pages of @file, held: the one below an overlay, the block
 * device's own. An error if there is none.
 */
static struct inode *owner_of_pages(struct file *file, u32 *facts)
{
	struct inode *inode = file_inode(file), *owner = inode;

	*facts = 0;
	if (S_ISBLK(inode->i_mode)) {
		owner = file->f_mapping->host;
		if (!sb_is_blkdev_sb(owner->i_sb))
			return ERR_PTR(-EOPNOTSUPP); /* O_PATH: not opened */
		*facts |= CS_RESIDENCY_BLOCK_DEVICE;
	} else if (S_ISREG(inode->i_mode)) {
		owner = d_real_inode(file->f_path.dentry);
		if (owner && owner == inode)
			owner = file->f_mapping->host;
		if (owner != inode)
			*facts |= CS_RESIDENCY_REAL_INODE;
	} else if (!S_ISDIR(inode->i_mode)) {
		return ERR_PTR(-EOPNOTSUPP);
	}
	/* This file itself would hold itself for ever; and nothing is cached there. */
	if (inode->i_sb->s_magic == PROC_SUPER_MAGIC)
		return ERR_PTR(-EOPNOTSUPP);
	owner = owner ? igrab(owner) : NULL;
	if (!owner)
		return ERR_PTR(-ESTALE);
	if (owner->i_sb->s_magic == TMPFS_MAGIC)
		*facts |= CS_RESIDENCY_SWAP;
	if (dax_mapping(&owner->i_data))
		*facts |= CS_RESIDENCY_NOT_COVERED;
	return owner;
}

/* The rule of mincore(2), for the credentials of the moment. */
static bool may_know(struct file *file)
{
	return cs_owner_or_capable(file) || !file_permission(file, MAY_WRITE);
}

static u64 pages_of_size(struct inode *inode)
{
	return DIV_ROUND_UP((u64)i_size_read(inode), PAGE_SIZE);
}

/* Where the pages are, for both ways to ask. */
static void describe(struct cs_residency *q, struct inode *owner, u32 facts)
{
	bool is_device = facts & CS_RESIDENCY_BLOCK_DEVICE;

	q->facts = facts;
	q->dev = new_encode_dev(is_device ? owner->i_rdev : owner->i_sb->s_dev);
	q->ino = is_device ? 0 : owner->i_ino;
	q->file_size = i_size_read(owner);
}

static void add_totals(struct cs_residency *q, const struct cs_walk *walk)
{
	q->resident += walk->resident << PAGE_SHIFT;
	q->dirty += walk->dirty << PAGE_SHIFT;
	q->writeback += walk->writeback << PAGE_SHIFT;
	q->mapped += walk->mapped << PAGE_SHIFT;
	q->evicted += walk->evicted;
	q->filling += walk->filling << PAGE_SHIFT;
}

/* The ioctl: */

static int check_question(const struct cs_residency *q)
{
	if (q->size != sizeof(*q) || q->reserved || q->capacity > CS_EXTENTS_MAX)
		return -EINVAL;
	if (q->offset > S64_MAX || q->length > S64_MAX - q->offset)
		return -EINVAL;
	return 0;
}

/* Sets the range; an empty one has its end before its beginning. */
static void set_range(struct cs_walk *walk, const struct cs_residency *q, struct inode *owner)
{
	u64 end = q->length ? DIV_ROUND_UP(q->offset + q->length, PAGE_SIZE) : pages_of_size(owner);

	walk->first = q->offset >> PAGE_SHIFT;
	walk->last = end - 1;
	if (!end) { /* an empty file */
		walk->first = 1;
		walk->last = 0;
	}
}

/* A part of the answer: as many extents as there is room for. */
static int answer_some(struct cs_residency *q, struct cs_walk *walk)
{
	struct cs_extent __user *to = u64_to_user_ptr(q->extents);
	int error = cs_walk(walk);

	if (error)
		return error;
	if (copy_to_user(to + q->count, walk->extents, walk->count * sizeof(*walk->extents)))
		return -EFAULT;
	add_totals(q, walk);
	q->count += walk->count;
	q->next = walk->next << PAGE_SHIFT;
	return 0;
}

static int answer(struct cs_residency *q, struct inode *owner, u32 facts)
{
	struct cs_walk walk = { .mapping = &owner->i_data };
	int error;

	set_range(&walk, q, owner);
	describe(q, owner, facts);
	q->resident = q->dirty = q->writeback = q->mapped = q->evicted = q->filling = 0;
	q->count = q->next = 0;
	if (facts & CS_RESIDENCY_NOT_COVERED)
		return 0;
	if (q->capacity) {
		walk.extents = kmalloc_array(BATCH_EXTENTS, sizeof(*walk.extents), GFP_KERNEL);
		if (!walk.extents)
			return -ENOMEM;
	}
	do {
		walk.capacity = min(q->capacity - q->count, BATCH_EXTENTS);
		error = answer_some(q, &walk);
		walk.first = walk.next;
	} while (!error && walk.next && q->count < q->capacity);
	kfree(walk.extents);
	return error;
}

static int answer_about(struct cs_residency *q, struct file *file)
{
	struct inode *owner;
	u32 facts;
	int error;

	if (!(file->f_mode & FMODE_WRITE) && !may_know(file))
		return -EPERM;
	owner = owner_of_pages(file, &facts);
	if (IS_ERR(owner))
		return PTR_ERR(owner);
	error = answer(q, owner, facts);
	iput(owner);
	return error;
}

static long file_ioctl(struct file *self, unsigned int command, unsigned long argument)
{
	void __user *at = (void __user *)argument;
	struct cs_residency q;
	struct file *file;
	int error;

	if (command != CS_RESIDENCY)
		return -ENOTTY;
	if (copy_from_user(&q, at, sizeof(q)))
		return -EFAULT;
	error = check_question(&q);
	if (error)
		return error;
	file = fget_raw(q.fd);
	if (!file)
		return -EBADF;
	error = answer_about(&q, file);
	fput(file);
	if (!error && copy_to_user(at, &q, sizeof(q)))
		error = -EFAULT;
	return error;
}

/* The text: */

/* O_PATH opens nothing, so neither waits nor has an effect. */
static struct file *find_file(const char *command)
{
	struct file *file;
	int fd;

	if (!strncmp(command, "path ", 5))
		return command[5] ? filp_open(command + 5, O_PATH, 0) : ERR_PTR(-ENOENT);
	if (strncmp(command, "fd ", 3) || !isdigit(command[3]) || kstrtoint(command + 3, 10, &fd))
		return ERR_PTR(-EINVAL);
	file = fget_raw(fd);
	return file ?: ERR_PTR(-EBADF);
}

static int find_target(struct target *target, const char *command)
{
	struct inode *owner;

	target->file = find_file(command);
	if (IS_ERR(target->file))
		return PTR_ERR(target->file);
	owner = may_know(target->file) ? owner_of_pages(target->file, &target->facts) :
					 ERR_PTR(-EPERM);
	if (IS_ERR(owner)) {
		fput(target->file);
		return PTR_ERR(owner);
	}
	target->mapping = &owner->i_data;
	return 0;
}

/* Not with the credentials of a program that was made to write here. */
static int obey(struct target *target, const struct file *self, const char *command)
{
	const struct cred *saved = override_creds(self->f_cred);
	int error = find_target(target, command);

	revert_creds(saved);
	return error;
}

/* Takes the references of @next over. Files are opened and closed without the lock. */
static void set_target(struct query *q, struct target next)
{
	mutex_lock(&q->lock);
	swap(q->target, next);
	q->walked = false;
	mutex_unlock(&q->lock);
	if (next.file) {
		iput(next.mapping->host);
		fput(next.file);
	}
}

/* One command, without its newline; freed by the caller. */
static char *read_command(const char __user *from, size_t size)
{
	char *command;

	if (!size || size > PATH_MAX + sizeof("path \n"))
		return ERR_PTR(-EINVAL);
	command = memdup_user_nul(from, size);
	if (IS_ERR(command))
		return command;
	if (command[size - 1] == '\n')
		command[--size] = 0;
	if (strlen(command) == size)
		return command;
	kfree(command); /* a NUL within */
	return ERR_PTR(-EINVAL);
}

static ssize_t file_write(struct file *self, const char __user *from, size_t size, loff_t *at)
{
	struct seq_file *m = self->private_data;
	char *command = read_command(from, size);
	struct target target = { 0 };
	int error = PTR_ERR_OR_ZERO(command);

	if (!error) {
		error = obey(&target, self, command);
		kfree(command);
	}
	set_target(m->private, error ? (struct target){ 0 } : target);
	if (error)
		return error;
	*at = 0; /* what is read next is the answer's beginning */
	return size;
}

/* Fills the batch from page @first on. */
static int walk_from(struct query *q, u64 first, loff_t base)
{
	u64 end = pages_of_size(q->target.mapping->host);
	int error = 0;

	q->walk = (struct cs_walk){
		.mapping = q->target.mapping,
		.first = end ? first : 1,
		.last = end ? end - 1 : 0,
		.extents = q->extents,
		.capacity = TEXT_EXTENTS,
	};
	q->base = base;
	if (!(q->target.facts & CS_RESIDENCY_NOT_COVERED))
		error = cs_walk(&q->walk);
	if (!error)
		add_totals(&q->totals, &q->walk);
	return error;
}

/* Position 0 is the inode, then come the extents, then the totals. */
static void *file_at(struct query *q, loff_t at)
{
	int error;

	if (!q->target.file)
		return at ? NULL : (void *)help;
	if (!at) {
		memset(&q->totals, 0, sizeof(q->totals));
		q->walked = false;
		error = walk_from(q, 0, 1);
		if (error)
			return ERR_PTR(error);
		describe(&q->totals, q->target.mapping->host, q->target.facts);
		q->walked = true;
		return SEQ_START_TOKEN;
	}
	if (!q->walked || at < q->base)
		return NULL;
	if (at == q->base + q->walk.count && q->walk.next) {
		error = walk_from(q, q->walk.next, at);
		if (error)
			return ERR_PTR(error);
	}
	if (at < q->base + q->walk.count)
		return &q->extents[at - q->base];
	return at == q->base + q->walk.count ? &q->totals : NULL;
}

static void *file_start(struct seq_file *m, loff_t *at)
{
	struct query *q = m->private;

	mutex_lock(&q->lock);
	return file_at(q, *at);
}

static void *file_next(struct seq_file *m, void *v, loff_t *at)
{
	return file_at(m->private, ++*at);
}

static void file_stop(struct seq_file *m, void *v)
{
	struct query *q = m->private;

	mutex_unlock(&q->lock);
}

/* The names of the bits that are set, or @none. */
static void show_bits(struct seq_file *m, const char *const *names, u32 bits, const char *none)
{
	const char *between = "";

	seq_putc(m, ' ');
	if (!bits)
		seq_puts(m, none);
	for (u32 i = 0; bits >> i; i++)
		if (bits >> i & 1) {
			seq_puts(m, between);
			seq_puts(m, names[i]);
			between = ",";
		}
	seq_putc(m, '\n');
}

static void show_inode(struct seq_file *m, const struct query *q)
{
	static const char *const facts[] = { "real-inode", "not-covered", "swap", "block-device" };
	dev_t dev = new_decode_dev(q->totals.dev);

	seq_printf(m, "inode %u:%u %llu %llu", MAJOR(dev), MINOR(dev), q->totals.ino,
		   q->totals.file_size);
	show_bits(m, facts, q->totals.facts, "-");
}

static void show_extent(struct seq_file *m, const struct cs_extent *extent)
{
	static const char *const states[] = { "dirty",	    "writeback", "active",
					      "referenced", "mapped",	 "filling" };

	seq_put_decimal_ull(m, "extent ", extent->offset);
	seq_put_decimal_ull(m, " ", extent->length);
	seq_put_decimal_ull(m, " ", extent->order);
	show_bits(m, states, extent->state, "clean");
}

static int file_show(struct seq_file *m, void *v)
{
	const struct query *q = m->private;

	if (v == help)
		seq_puts(m, help);
	else if (v == SEQ_START_TOKEN)
		show_inode(m, q);
	else if (v == &q->totals)
		seq_printf(m, "total %llu %llu %llu %llu %llu %llu\n", q->totals.resident,
			   q->totals.dirty, q->totals.writeback, q->totals.mapped,
			   q->totals.evicted, q->totals.filling);
	else
		show_extent(m, v);
	return 0;
}

static const struct seq_operations file_seq = {
	.start = file_start,
	.next = file_next,
	.stop = file_stop,
	.show = file_show,
};

static int query_open(struct inode *inode, struct file *file)
{
	struct query *q = __seq_open_private(file, &file_seq, sizeof(*q));

	if (!q)
		return -ENOMEM;
	mutex_init(&q->lock);
	return 0;
}

static int query_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	set_target(m->private, (struct target){ 0 });
	return seq_release_private(inode, file);
}

const struct proc_ops cs_file_ops = {
	.proc_open = query_open,
	.proc_read_iter = seq_read_iter,
	.proc_write = file_write,
	.proc_lseek = seq_lseek,
	.proc_ioctl = file_ioctl,
#ifdef CONFIG_COMPAT
	.proc_compat_ioctl = compat_ptr_ioctl,
#endif
	.proc_release = query_release,
};
