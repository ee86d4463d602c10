#pragma once
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/uio.h>

struct inode {
	struct address_space *i_mapping;
	void *i_private;
};

struct file {
	void *private_data;
	unsigned int f_flags;
	struct inode *f_inode;
	struct address_space *f_mapping;
};

struct kiocb {
	struct file *ki_filp;
	loff_t ki_pos;
	void (*ki_complete)(struct kiocb *iocb, long ret);
	void *private;
	int ki_flags;
};
#define IOCB_NOWAIT 8

static inline bool is_sync_kiocb(struct kiocb *iocb)
{
	return iocb->ki_complete == NULL;
}

struct file_operations {
	int (*open)(struct inode *inode, struct file *file);
	int (*release)(struct inode *inode, struct file *file);
	ssize_t (*read)(struct file *file, char *buffer, size_t size, loff_t *pos);
	ssize_t (*write)(struct file *file, const char *buffer, size_t size, loff_t *pos);
	ssize_t (*read_iter)(struct kiocb *iocb, struct iov_iter *iter);
	ssize_t (*write_iter)(struct kiocb *iocb, struct iov_iter *iter);
	long (*unlocked_ioctl)(struct file *file, unsigned int command, unsigned long argument);
	int (*mmap)(struct file *file, struct vm_area_struct *vma);
};
