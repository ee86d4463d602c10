// The size of a GEM object does not change, so a callee that may write anything in it leaves the number of its pages alone
// (the [[invariant]] fields of the contracts). Of a field of this driver's own nothing is known then.
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

struct drm_gem_object {
	size_t size;
};

struct tile {
	struct drm_gem_object base;
	size_t length;
	int owner;
};

static int refresh(struct tile *tile, const void __user *from)
{
	return copy_from_user(tile, from, sizeof(*tile)) ? -EFAULT : 0;
}

int probe_ok(struct tile *tile, unsigned long start, const void __user *from)
{
	const unsigned long nr = tile->base.size >> PAGE_SHIFT;
	struct page **pages = kcalloc(nr, sizeof(*pages), GFP_KERNEL);
	int ret, got;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, nr, FOLL_WRITE, pages); // balanced
	if (got > 0 && got < nr)
		unpin_user_pages(pages, got);
	ret = got < 0 ? got : -EFAULT;
	if (got == nr) {
		ret = refresh(tile, from);
		unpin_user_pages_dirty_lock(pages, tile->base.size >> PAGE_SHIFT, true);
	}
	kfree(pages);
	return ret;
}

int probe_length_ok(struct tile *tile, unsigned long start, const void __user *from)
{
	const unsigned long nr = tile->length >> PAGE_SHIFT;
	struct page **pages = kcalloc(nr, sizeof(*pages), GFP_KERNEL);
	int ret, got;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, nr, FOLL_WRITE, pages); // unresolved: could not be related to what is held
	if (got > 0 && got < nr)
		unpin_user_pages(pages, got);
	ret = got < 0 ? got : -EFAULT;
	if (got == nr) {
		ret = refresh(tile, from);
		unpin_user_pages_dirty_lock(pages, tile->length >> PAGE_SHIFT, true);
	}
	kfree(pages);
	return ret;
}

int probe_bad(struct tile *tile, unsigned long start, const void __user *from)
{
	const unsigned long nr = tile->base.size >> PAGE_SHIFT;
	struct page **pages = kcalloc(nr, sizeof(*pages), GFP_KERNEL);
	int ret, got;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, nr, FOLL_WRITE, pages);
	if (got > 0 && got < nr)
		unpin_user_pages(pages, got);
	ret = got < 0 ? got : -EFAULT;
	if (got == nr) {
		ret = refresh(tile, from);
		unpin_user_pages_dirty_lock(pages, (tile->base.size >> PAGE_SHIFT) - 1, true);
	}
	kfree(pages); // expect: count-mismatch
	return ret;
}
