// Scope cleanups free the array at every exit, and the pages at none.
#include <linux/cleanup.h>
#include <linux/mm.h>
#include <linux/slab.h>

int scoped_array_bad(unsigned long start, int n)
{
	struct page **pages __free(kfree) = kmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	int got;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);
	if (got <= 0)
		return -EFAULT;
	if (!pages[0]->mapping)
		return -EINVAL; // expect: leak
	unpin_user_pages(pages, got);
	return 0;
}

int scoped_array_ok(unsigned long start, int n)
{
	struct page **pages __free(kfree) = kmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	int got;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, n, FOLL_WRITE, pages); // balanced
	if (got <= 0)
		return -EFAULT;
	unpin_user_pages(pages, got);
	return 0;
}
