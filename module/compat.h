/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernels, the newest difference first, by what Kbuild found
 * that compiles. The rest of the module is written for the newest kernel.
 */
#ifndef MODULE_COMPAT_H
#define MODULE_COMPAT_H

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/magic.h>
#include <linux/pagemap.h>
#include <linux/xarray.h>

/* Between 7.2 and 7.3: the union around d_alias lost its name, d_u. */
#ifdef CS_HAVE_D_ALIAS
#define cs_d_alias d_alias
#else
#define cs_d_alias d_u.d_alias
#endif

/* Between 6.18 and 7.2: i_state became a structure with accessors. */
static inline bool cs_inode_is_leaving_or_new(struct inode *inode)
{
#ifdef CS_HAVE_INODE_STATE_READ
	return inode_state_read_once(inode) & (I_FREEING | I_WILL_FREE | I_NEW);
#else
	return READ_ONCE(inode->i_state) & (I_FREEING | I_WILL_FREE | I_NEW);
#endif
}

/*
 * Is the caller the owner of the file, or may act as such? Between 6.12 and 7.2 came
 * file_owner_or_capable(); in 6.3, 01beba7957a2 ("fs: port inode_owner_or_capable() to
 * mnt_idmap").
 */
static inline bool cs_owner_or_capable(struct file *file)
{
#if defined(CS_HAVE_FILE_OWNER_OR_CAPABLE)
	return file_owner_or_capable(file);
#elif defined(CS_HAVE_MNT_IDMAP)
	return inode_owner_or_capable(file_mnt_idmap(file), file_inode(file));
#else
	return inode_owner_or_capable(file_mnt_user_ns(file), file_inode(file));
#endif
}

/*
 * Pages that an entry without a folio stands for: those of the folio that was there.
 * a4864671ca0b ("lib/xarray: introduce a new helper xas_get_order"), in 6.12 and in
 * stable kernels.
 */
static inline unsigned long cs_entry_pages(struct xa_state *xas)
{
#ifdef CS_HAVE_XAS_GET_ORDER
	return 1UL << xas_get_order(xas);
#else
	return 1;
#endif
}

/*
 * The order of what one index of the page cache stands for. hugetlbfs counted
 * in huge pages until 6.7, a08c7193e4f1 ("mm/filemap: remove hugetlb special casing
 * in filemap.c").
 */
static inline unsigned int cs_index_order(struct inode *inode)
{
#if defined(CS_HUGETLB_IN_HUGE_PAGES) && defined(CONFIG_HUGETLBFS)
	if (inode->i_sb->s_magic == HUGETLBFS_MAGIC)
		return huge_page_order(hstate_inode(inode));
#endif
	return 0;
}

#endif
