//@ policy: get-put
// Before references of user pages were told apart, put_page was right for all of them.
#include <linux/mm.h>

int get_then_put_ok(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1) // balanced
		return -EFAULT;
	put_page(page);
	return 0;
}

int get_then_free_bad(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	__free_page(page); // expect: wrong-put
	return 0;
}
