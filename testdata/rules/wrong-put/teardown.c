// Pages live in an object between two ioctls; its teardown must know how they were taken.
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct region_bad {
	struct mutex lock;
	struct page **pages;
	unsigned long n_pages;
};

static long region_bad_register(struct region_bad *region, unsigned long start, unsigned long n)
{
	struct page **pages;
	long got;

	pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	got = pin_user_pages(start, n, FOLL_WRITE | FOLL_LONGTERM, pages);
	if (got != n) {
		if (got > 0)
			unpin_user_pages(pages, got);
		kvfree(pages);
		return got < 0 ? got : -EFAULT;
	}
	region->pages = pages;
	region->n_pages = n;
	return 0;
}

static void region_bad_teardown(struct region_bad *region)
{
	unsigned long i;

	for (i = 0; i < region->n_pages; i++) {
		set_page_dirty_lock(region->pages[i]);
		put_page(region->pages[i]); // expect: wrong-put
	}
	kvfree(region->pages);
	region->pages = NULL;
	region->n_pages = 0;
}

static long region_bad_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct region_bad *region = file->private_data;
	long ret = -EBUSY;

	mutex_lock(&region->lock);
	if (!region->pages)
		ret = region_bad_register(region, argument, 16);
	mutex_unlock(&region->lock);
	return ret;
}

static int region_bad_release(struct inode *inode, struct file *file)
{
	struct region_bad *region = file->private_data;

	region_bad_teardown(region);
	kfree(region);
	return 0;
}

const struct file_operations region_bad_fops = {
	.unlocked_ioctl = region_bad_ioctl,
	.release = region_bad_release,
};

struct region_ok {
	struct mutex lock;
	struct page **pages;
	unsigned long n_pages;
};

static long region_ioctl_ok(struct file *file, unsigned int command, unsigned long argument)
{
	struct region_ok *region = file->private_data;
	long got, ret = -EBUSY;

	mutex_lock(&region->lock);
	if (region->pages)
		goto unlock;
	ret = -ENOMEM;
	region->pages = kvmalloc_array(16, sizeof(*region->pages), GFP_KERNEL);
	if (!region->pages)
		goto unlock;
	got = pin_user_pages(argument, 16, FOLL_WRITE | FOLL_LONGTERM, region->pages); // balanced
	if (got == 16) {
		region->n_pages = 16;
		ret = 0;
		goto unlock;
	}
	if (got > 0)
		unpin_user_pages(region->pages, got);
	kvfree(region->pages);
	region->pages = NULL;
	ret = got < 0 ? got : -EFAULT;
unlock:
	mutex_unlock(&region->lock);
	return ret;
}

static int region_release_ok(struct inode *inode, struct file *file)
{
	struct region_ok *region = file->private_data;

	if (region->pages)
		unpin_user_pages_dirty_lock(region->pages, region->n_pages, true);
	kvfree(region->pages);
	kfree(region);
	return 0;
}

const struct file_operations region_ok_fops = {
	.unlocked_ioctl = region_ioctl_ok,
	.release = region_release_ok,
};
