// Pins that are left in an object when the call returns. All of these are hints: nobody can see how long they stay.
#include <linux/fs.h>
#include <linux/mm.h>

struct region {
	struct page *page;
	struct page *other;
};

int region_open_bad(struct region *region, unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) // expect: longterm-missing
		return -EFAULT;
	region->page = page;
	return 0;
}

int region_open_ok(struct region *region, unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_LONGTERM, &page) != 1)
		return -EFAULT;
	region->other = page;
	return 0;
}

void region_close(struct region *region)
{
	unpin_user_pages_dirty_lock(&region->page, 1, true);
	unpin_user_page(region->other);
}

/* Gone before the call returns. */
int look_ok(unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	unpin_user_page(page);
	return 0;
}
