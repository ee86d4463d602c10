// The count that batches add up to, and what is made of it.
#include <linux/mm.h>
#include <linux/slab.h>

static int lock_all(unsigned long start, unsigned int n, struct page **pages, unsigned int *locked)
{
	unsigned int left = n;
	int got;

	while (left) {
		got = pin_user_pages_fast(start, left, FOLL_WRITE, pages + (n - left));
		if (got <= 0)
			return got ? : -EFAULT;
		*locked += got;
		left -= got;
		start += (unsigned long)got << PAGE_SHIFT;
	}
	return 0;
}

/* Everything wanted is released though less was locked. */
int unlock_wanted_bad(unsigned long start, unsigned int n)
{
	struct page **pages = kcalloc(n, sizeof(*pages), GFP_KERNEL);
	unsigned int locked = 0;
	int ret;

	if (!pages)
		return -ENOMEM;
	ret = lock_all(start, n, pages, &locked);
	if (locked)
		unpin_user_pages(pages, n); // expect: count-mismatch
	kfree(pages);
	return ret;
}

int unlock_locked_ok(unsigned long start, unsigned int n)
{
	struct page **pages = kcalloc(n, sizeof(*pages), GFP_KERNEL);
	unsigned int locked = 0;
	int ret;

	if (!pages)
		return -ENOMEM;
	ret = lock_all(start, n, pages, &locked);
	unpin_user_pages(pages, locked);
	kfree(pages);
	return ret;
}
