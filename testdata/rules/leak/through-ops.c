// Ownership passes through a table of function pointers.
#include <linux/mm.h>
#include <linux/slab.h>

struct region;

struct region_ops {
	int (*attach)(struct region *region, struct page **pages, int n);
	void (*detach)(struct region *region);
};

struct region {
	const struct region_ops *ops;
	struct page **pages;
	int n_pages;
};

static int keep_attach(struct region *region, struct page **pages, int n)
{
	if (region->pages)
		return -EBUSY;
	region->pages = pages;
	region->n_pages = n;
	return 0;
}

static void keep_detach(struct region *region)
{
	unpin_user_pages(region->pages, region->n_pages);
	kvfree(region->pages);
	region->pages = NULL;
}

const struct region_ops keep_ops = {
	.attach = keep_attach,
	.detach = keep_detach,
};

int attach_ok(struct region *region, unsigned long start, int n)
{
	struct page **pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	int ret, got;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);
	ret = got < 0 ? got : -EFAULT;
	if (got == n) {
		ret = region->ops->attach(region, pages, n);
		if (!ret)
			return 0;
	}
	if (got > 0)
		unpin_user_pages(pages, got);
	kvfree(pages);
	return ret;
}

/* A refusal by the driver loses everything. */
int attach_bad(struct region *region, unsigned long start, int n)
{
	struct page **pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	int ret, got;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);
	if (got != n) {
		if (got > 0)
			unpin_user_pages(pages, got);
		kvfree(pages);
		return -EFAULT;
	}
	ret = region->ops->attach(region, pages, n);
	if (ret)
		kvfree(pages); // expect: leak
	return ret;
}

void detach(struct region *region)
{
	region->ops->detach(region);
}
