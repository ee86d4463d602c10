// A function that a header which is not read here has as well: callers get what this one gives.
#include <linux/errno.h>
#include <linux/mm.h>

struct page *frame_of(unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return NULL;
	return page;
}

int guest_touch_ok(unsigned long addr)
{
	struct page *page = frame_of(addr);

	if (!page)
		return -EFAULT;
	unpin_user_page(page);
	return 0;
}

int guest_touch_bad(unsigned long addr, int mode)
{
	struct page *page = frame_of(addr);

	if (!page)
		return -EFAULT;
	if (mode > 2)
		return -EINVAL; // expect: leak
	unpin_user_page(page);
	return 0;
}
