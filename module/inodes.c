// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/copyscope/inodes. The walk over a superblock's inodes is that of
 * drop_caches: the inode that is looked at is held while the list is not locked,
 * so that its place in the list lasts. No inode and no superblock is held
 * between calls.
 *
 * Order of the locks, the outermost first:
 *
 *	snapshot.lock		of one opening; nobody takes it within another lock
 *	sb->s_umount		shared, by iterate_supers_type()
 *	sb->s_inode_list_lock	keeps what is on the list
 *	inode->i_lock		by igrab() and count_opens(), not while i_pages is locked
 *	mapping->i_pages	by cs_walk(), interrupts off; not while i_lock is held
 *
 * iput() may write to a disk, so it comes only after s_inode_list_lock was let go.
 */
#include <linux/blkdev.h>
#include <linux/dax.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "compat.h"
#include "copyscope.h"

#define CHUNK 512 /* records of one allocation */
#define RECORD_TEXT (11 * 21) /* numbers of one record, the longest there are */
#define LOCKED_MAX 512 /* inodes that the list is locked for */
#define SMALL_WEIGHT 7 /* more that a small file with pages counts for */
#define NAMES_MAX 8192 /* bytes of names of types of file systems */

struct record {
	u64 ino, size, resident, dirty, writeback, evicted;
	dev_t dev;
	u32 generation, links, opens;
	u32 type; /* offset of its name */
};

/* What one opening has to tell. Once full, the records are a heap, fewest pages first. */
struct snapshot {
	struct mutex lock; /* of the taking; afterwards nothing changes */
	bool taken;
	int error;
	struct record **chunks;
	u32 count;
	u64 left_out, left_out_pages, left_out_most;
	u32 type; /* of the superblock that is walked */
	u32 names_length;
	char names[NAMES_MAX]; /* each with its NUL */
};

static const char header[] = "# copyscope/inodes/1 device inode generation size resident dirty "
			     "writeback evicted links opens type\n";

static struct record *record_at(struct snapshot *s, u32 i)
{
	return &s->chunks[i / CHUNK][i % CHUNK];
}

static void sift_down(struct snapshot *s, u32 at)
{
	u32 child;

	for (; (child = 2 * at + 1) < s->count; at = child) {
		if (child + 1 < s->count &&
		    record_at(s, child + 1)->resident < record_at(s, child)->resident)
			child++;
		if (record_at(s, at)->resident <= record_at(s, child)->resident)
			break;
		swap(*record_at(s, at), *record_at(s, child));
	}
}

static void leave_out(struct snapshot *s, const struct record *r)
{
	s->left_out++;
	s->left_out_pages += r->resident;
	s->left_out_most = max(s->left_out_most, r->resident);
}

static int keep(struct snapshot *s, const struct record *r)
{
	struct record **chunk = &s->chunks[s->count / CHUNK];

	if (s->count == cs_inodes_max) {
		if (r->resident <= record_at(s, 0)->resident) {
			leave_out(s, r);
			return 0;
		}
		leave_out(s, record_at(s, 0));
		*record_at(s, 0) = *r;
		sift_down(s, 0);
		return 0;
	}
	if (!*chunk)
		*chunk = kvmalloc_array(CHUNK, sizeof(**chunk), GFP_KERNEL_ACCOUNT);
	if (!*chunk)
		return -ENOMEM;
	*record_at(s, s->count++) = *r;
	if (s->count == cs_inodes_max)
		for (u32 i = s->count / 2; i-- > 0;)
			sift_down(s, i);
	return 0;
}

/* Descriptions that are open on its names, and what else holds these. */
static u32 count_opens(struct inode *inode)
{
	struct dentry *dentry;
	u32 opens = 0;

	if (sb_is_blkdev_sb(inode->i_sb))
		return atomic_read(&I_BDEV(inode)->bd_openers);
	spin_lock(&inode->i_lock);
	/* One that dies has a count below 0. */
	hlist_for_each_entry(dentry, &inode->i_dentry, cs_d_alias)
		opens += max(READ_ONCE(dentry->d_lockref.count), 0);
	spin_unlock(&inode->i_lock);
	return opens;
}

/* Can a record be kept without sleep or much work? */
static bool has_room(const struct snapshot *s)
{
	if (s->count + 1 < cs_inodes_max)
		return s->chunks[s->count / CHUNK];
	return s->count == cs_inodes_max;
}

/*
 * An inode that cannot go. Where the caller must not sleep, -EAGAIN says that
 * this takes to.
 */
static int see_inode(struct snapshot *s, struct inode *inode, bool may_sleep)
{
	bool is_device = sb_is_blkdev_sb(inode->i_sb);
	struct cs_walk walk = {
		.mapping = &inode->i_data,
		.last = U64_MAX >> PAGE_SHIFT,
		.skip_mapped = true,
	};
	struct record r;
	int error = 0;

	if (may_sleep)
		error = cs_walk(&walk);
	else if (!has_room(s) || !cs_walk_briefly(&walk))
		error = -EAGAIN;
	if (error || !walk.resident)
		return error;
	r = (struct record){
		.ino = is_device ? 0 : inode->i_ino,
		.size = i_size_read(inode),
		.resident = walk.resident,
		.dirty = walk.dirty,
		.writeback = walk.writeback,
		.evicted = walk.evicted,
		.dev = is_device ? inode->i_rdev : inode->i_sb->s_dev,
		.generation = inode->i_generation,
		.links = inode->i_nlink,
		.opens = count_opens(inode),
		.type = s->type,
	};
	return keep(s, &r);
}

/*
 * With s_umount held, or of a superblock that never goes. What is on the list
 * lasts while that is locked, which is long enough for small files.
 */
static void see_superblock(struct super_block *sb, void *context)
{
	struct inode *inode, *held = NULL;
	struct snapshot *s = context;
	unsigned int locked = 0;
	bool is_large; /* needs a walk that sleeps */

	if (s->error)
		return;
	spin_lock(&sb->s_inode_list_lock);
	list_for_each_entry(inode, &sb->s_inodes, i_sb_list)
	{
		is_large = false;
		locked++;
		if (READ_ONCE(inode->i_data.nrpages) && !dax_mapping(&inode->i_data) &&
		    !cs_inode_is_leaving_or_new(inode)) {
			is_large = see_inode(s, inode, false) == -EAGAIN;
			locked += SMALL_WEIGHT;
		}
		if (!is_large && locked < LOCKED_MAX && !need_resched())
			continue;
		/*
		 * One that leaves cannot be held, so the list stays locked. A run of
		 * these is no longer than what is marked at a time: 1024 by reclaim, or
		 * what others mark with this same lock held until need_resched(). Each
		 * costs no more than the look at it.
		 */
		if (cs_inode_is_leaving_or_new(inode) || !igrab(inode))
			continue;
		spin_unlock(&sb->s_inode_list_lock);
		locked = 0;
		iput(held);
		held = inode;
		if (is_large)
			s->error = see_inode(s, inode, true);
		else if (fatal_signal_pending(current))
			s->error = -EINTR;
		cond_resched();
		spin_lock(&sb->s_inode_list_lock);
		if (s->error)
			break;
	}
	spin_unlock(&sb->s_inode_list_lock);
	iput(held);
}

/* Remembers a name for the records; they must not point into what can be unloaded. */
static int enter_type(struct snapshot *s, const char *name)
{
	size_t size = strlen(name) + 1;

	if (size > sizeof(s->names) - s->names_length)
		return -ENOSPC;
	s->type = s->names_length;
	memcpy(s->names + s->type, name, size);
	s->names_length += size;
	return 0;
}

static int see_type(struct snapshot *s, const char *name)
{
	struct file_system_type *type;
	int error = enter_type(s, name);

	if (error)
		return error;
	/*
	 * For a name that was unregistered since it was read, this asks modprobe for the
	 * module again: the lookup that does not ask is not exported. It is rare and
	 * harmless, as modprobe loads only what an administrator could mount.
	 */
	type = get_fs_type(name);
	if (!type)
		return 0; /* its module was unloaded meanwhile */
	iterate_supers_type(type, see_superblock, s);
	module_put(type->owner);
	return s->error;
}

/*
 * /proc/filesystems, of the mount that the listing was opened by: its reader may
 * live in a chroot. Names alone, each a line; freed by the caller.
 */
static char *read_types(const struct file *listing)
{
	struct path root = {
		.mnt = listing->f_path.mnt,
		.dentry = listing->f_path.mnt->mnt_sb->s_root,
	};
	struct file *file = file_open_root(&root, "filesystems", O_RDONLY, 0);
	char *text = kmalloc(NAMES_MAX, GFP_KERNEL);
	size_t length = 0;
	loff_t at = 0;
	ssize_t got = IS_ERR(file) ? PTR_ERR(file) : text ? 1 : -ENOMEM;

	while (got > 0 && length < NAMES_MAX - 1) {
		got = kernel_read(file, text + length, NAMES_MAX - 1 - length, &at);
		length += max_t(ssize_t, got, 0);
	}
	if (!IS_ERR(file))
		fput(file);
	if (got) { /* also if there is more */
		kfree(text);
		return ERR_PTR(got < 0 ? got : -ENOSPC);
	}
	text[length] = 0;
	return text;
}

/* Lines are "nodev\tNAME" and "\tNAME". */
static int see_types(struct snapshot *s, char *text)
{
	char *line, *name;
	int error = 0;

	while (!error && (line = strsep(&text, "\n"))) {
		name = strchr(line, '\t');
		if (name && name[1])
			error = see_type(s, name + 1);
	}
	return error;
}

static int take(struct snapshot *s, const struct file *listing)
{
	char *types = read_types(listing);
	int error;

	if (IS_ERR(types))
		return PTR_ERR(types);
	s->chunks = kvcalloc(DIV_ROUND_UP(cs_inodes_max, CHUNK) + 1, sizeof(*s->chunks),
			     GFP_KERNEL_ACCOUNT);
	error = s->chunks ? see_types(s, types) : -ENOMEM;
	kfree(types);
	if (!error)
		error = enter_type(s, "bdev");
	/* Of a type that is not registered. */
	if (!error && IS_ENABLED(CONFIG_BLOCK))
		see_superblock(blockdev_superblock, s);
	return error ?: s->error;
}

static void forget(struct snapshot *s)
{
	if (s->chunks)
		for (u32 i = 0; i < DIV_ROUND_UP(cs_inodes_max, CHUNK); i++)
			kvfree(s->chunks[i]);
	kvfree(s->chunks);
	s->chunks = NULL;
	s->count = s->names_length = s->error = 0;
	s->left_out = s->left_out_pages = s->left_out_most = 0;
}

/* Position 0 is the header, then come the records, then what was left out. */
static void *inodes_at(struct snapshot *s, loff_t at)
{
	if (!at)
		return SEQ_START_TOKEN;
	if (at <= s->count)
		return record_at(s, at - 1);
	return at == (loff_t)s->count + 1 && s->left_out ? s : NULL;
}

static void *inodes_start(struct seq_file *m, loff_t *at)
{
	return inodes_at(m->private, *at);
}

static void *inodes_next(struct seq_file *m, void *v, loff_t *at)
{
	return inodes_at(m->private, ++*at);
}

static void inodes_stop(struct seq_file *m, void *v)
{
}

/* A decimal number; seq_put_decimal_ull() takes twice as long. */
static char *put(char *at, u64 number, char after)
{
	char digits[20];
	int n = 0;
	u32 digit;

	do {
		number = div_u64_rem(number, 10, &digit);
		digits[n++] = '0' + digit;
	} while (number);
	while (n)
		*at++ = digits[--n];
	*at++ = after;
	return at;
}

static void show_record(struct seq_file *m, const struct record *r, const char *type)
{
	char *start, *at;

	if (seq_get_buf(m, &start) < RECORD_TEXT) {
		seq_commit(m, -1); /* again with more room */
		return;
	}
	at = put(start, MAJOR(r->dev), ':');
	at = put(at, MINOR(r->dev), ' ');
	at = put(at, r->ino, ' ');
	at = put(at, r->generation, ' ');
	at = put(at, r->size, ' ');
	at = put(at, r->resident, ' ');
	at = put(at, r->dirty, ' ');
	at = put(at, r->writeback, ' ');
	at = put(at, r->evicted, ' ');
	at = put(at, r->links, ' ');
	at = put(at, r->opens, ' ');
	seq_commit(m, at - start);
	seq_puts(m, type);
	seq_putc(m, '\n');
}

static int inodes_show(struct seq_file *m, void *v)
{
	struct snapshot *s = m->private;
	const struct record *r = v;

	if (v == SEQ_START_TOKEN)
		seq_puts(m, header);
	else if (v == s)
		seq_printf(m, "# left out %llu inodes with less than %llu pages each, %llu pages\n",
			   s->left_out, s->left_out_most + 1, s->left_out_pages);
	else
		show_record(m, r, s->names + r->type);
	return 0;
}

static const struct seq_operations inodes_seq = {
	.start = inodes_start,
	.next = inodes_next,
	.stop = inodes_stop,
	.show = inodes_show,
};

static int inodes_open(struct inode *inode, struct file *file)
{
	struct snapshot *s;

	if (!file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN))
		return -EPERM;
	s = __seq_open_private(file, &inodes_seq, sizeof(*s));
	if (!s)
		return -ENOMEM;
	mutex_init(&s->lock);
	return 0;
}

/*
 * Not by a method of the seq_file, which holds its lock: that one would come
 * before all locks of all file systems, and before that of /proc/filesystems.
 */
static int take_once(struct file *listing)
{
	struct snapshot *s = ((struct seq_file *)listing->private_data)->private;
	int error = 0;

	if (!file_ns_capable(listing, &init_user_ns, CAP_SYS_ADMIN))
		return -EPERM;
	mutex_lock(&s->lock);
	if (!s->taken) {
		error = take(s, listing);
		if (error)
			forget(s);
		s->taken = !error;
	}
	mutex_unlock(&s->lock);
	return error;
}

static ssize_t inodes_read(struct kiocb *iocb, struct iov_iter *to)
{
	int error = take_once(iocb->ki_filp);

	return error ?: seq_read_iter(iocb, to);
}

static loff_t inodes_seek(struct file *file, loff_t offset, int whence)
{
	int error = take_once(file);

	return error ?: seq_lseek(file, offset, whence);
}

static int inodes_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	forget(m->private);
	return seq_release_private(inode, file);
}

const struct proc_ops cs_inodes_ops = {
	.proc_open = inodes_open,
	.proc_read_iter = inodes_read,
	.proc_lseek = inodes_seek,
	.proc_release = inodes_release,
};
