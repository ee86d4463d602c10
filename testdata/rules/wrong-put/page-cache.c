// References from a page-cache look-up, and extra ones from get_page, are ordinary.
#include <linux/pagemap.h>

int cache_then_unpin_bad(struct address_space *mapping, pgoff_t index)
{
	struct page *page = find_get_page(mapping, index);

	if (!page)
		return -ENOENT;
	unpin_user_page(page); // expect: wrong-put
	return 0;
}

int cache_then_put_ok(struct address_space *mapping, pgoff_t index)
{
	struct page *page = find_get_page(mapping, index);

	if (!page)
		return -ENOENT;
	put_page(page);
	return 0;
}

/* One more reference on a pinned page: each goes its own way, in either order. */
int extra_reference_ok(unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, 0, &page) != 1) // balanced
		return -EFAULT;
	get_page(page);
	unpin_user_page(page);
	put_page(page);
	return 0;
}

int extra_reference_bad(unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	get_page(page);
	put_page(page);
	put_page(page); // expect: wrong-put
	return 0;
}
