// One page, every pairing of how it was taken with how it is dropped.
#include <linux/mm.h>

int pin_then_put_bad(unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	set_page_dirty_lock(page);
	put_page(page); // expect: wrong-put "put_page"
	return 0;
}

int pin_then_unpin_ok(unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) // balanced
		return -EFAULT;
	set_page_dirty_lock(page);
	unpin_user_page(page);
	return 0;
}

int get_then_unpin_bad(unsigned long addr)
{
	struct page *page;
	int ret = get_user_pages_fast(addr, 1, 0, &page);

	if (ret < 1)
		return ret < 0 ? ret : -EFAULT;
	unpin_user_page(page); // expect: wrong-put "unpin_user_page"
	return 0;
}

int get_then_put_ok(unsigned long addr)
{
	struct page *page;
	int ret = get_user_pages_fast(addr, 1, 0, &page); // balanced

	if (ret < 1)
		return ret < 0 ? ret : -EFAULT;
	put_page(page);
	return 0;
}

/* The page's folio is the page: the reference is the same one. */
int get_then_folio_put_ok(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	folio_put(page_folio(page));
	return 0;
}

int pin_then_folio_put_bad(unsigned long addr)
{
	struct page *page;
	struct folio *folio;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	folio = page_folio(page);
	folio_put(folio); // expect: wrong-put
	return 0;
}

bool fast_only_then_unpin_bad(unsigned long addr)
{
	struct page *page;

	if (!get_user_page_fast_only(addr, FOLL_WRITE, &page))
		return false;
	unpin_user_page(page); // expect: wrong-put
	return true;
}
