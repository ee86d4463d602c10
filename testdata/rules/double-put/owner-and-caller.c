// A callee drops its argument on failure, or an object owns the pages; its caller drops them too.
#include <linux/slab.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

struct region {
	struct page **pages;
	int n_pages;
};

int device_map(struct page *page);

static int attach(struct page *page)
{
	int ret = device_map(page);

	if (ret)
		unpin_user_page(page);
	return ret;
}

int attach_bad(unsigned long addr)
{
	struct page *page;
	int ret;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	ret = attach(page);
	if (ret)
		unpin_user_page(page); // expect: double-put
	else
		unpin_user_page(page);
	return ret;
}

int attach_ok(unsigned long addr)
{
	struct page *page;
	int ret;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) // balanced
		return -EFAULT;
	ret = attach(page);
	if (ret)
		return ret;
	unpin_user_page(page);
	return 0;
}

static void region_free(struct region *region)
{
	unpin_user_pages(region->pages, region->n_pages);
	kvfree(region->pages);
	kfree(region);
}

/* The object was given the pages; freeing it freed them. */
int give_and_drop_bad(unsigned long start, int n, int *result)
{
	struct region *region = kzalloc(sizeof(*region), GFP_KERNEL);
	struct page **pages;
	int got;

	if (!region)
		return -ENOMEM;
	pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	if (!pages) {
		kfree(region);
		return -ENOMEM;
	}
	got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);
	if (got <= 0) {
		kvfree(pages);
		kfree(region);
		return -EFAULT;
	}
	region->pages = pages;
	region->n_pages = got;
	if (copy_to_user(result, &got, sizeof(got))) {
		region_free(region);
		unpin_user_pages(pages, got); // expect: double-put
		return -EFAULT;
	}
	region_free(region);
	return 0;
}

int give_ok(unsigned long start, int n, int *result)
{
	struct region *region = kzalloc(sizeof(*region), GFP_KERNEL);
	int got, ret = 0;

	if (!region)
		return -ENOMEM;
	region->pages = kvmalloc_array(n, sizeof(*region->pages), GFP_KERNEL);
	if (!region->pages) {
		kfree(region);
		return -ENOMEM;
	}
	got = pin_user_pages_fast(start, n, FOLL_WRITE, region->pages); // balanced
	if (got <= 0) {
		kvfree(region->pages);
		kfree(region);
		return -EFAULT;
	}
	region->n_pages = got;
	if (copy_to_user(result, &got, sizeof(got)))
		ret = -EFAULT;
	region_free(region);
	return ret;
}
