// A wrapper allocates the array and pins its pages; whoever gets the array back is the only one who knows it.
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/err.h>

static struct page **pin_pages_of(unsigned long start, unsigned long n)
{
	struct page **pages = kcalloc(n, sizeof(*pages), GFP_KERNEL);
	int got;

	if (!pages)
		return ERR_PTR(-ENOMEM);
	got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);
	if (got != n) {
		if (got > 0)
			unpin_user_pages(pages, got);
		kfree(pages);
		return ERR_PTR(-EFAULT);
	}
	return pages;
}

static void unpin_pages_of(struct page **pages, unsigned long n)
{
	unpin_user_pages(pages, n);
	kfree(pages);
}

int copy_between_bad(unsigned long from, unsigned long to)
{
	struct page **source = pin_pages_of(from, 4), **target;

	if (IS_ERR(source))
		return PTR_ERR(source);
	target = pin_pages_of(to, 4);
	if (IS_ERR(target))
		return PTR_ERR(target); // expect: leak
	unpin_pages_of(source, 4);
	unpin_pages_of(target, 4);
	return 0;
}

int copy_between_ok(unsigned long from, unsigned long to)
{
	struct page **source = pin_pages_of(from, 4), **target;

	if (IS_ERR(source))
		return PTR_ERR(source);
	target = pin_pages_of(to, 4);
	if (IS_ERR(target)) {
		unpin_pages_of(source, 4);
		return PTR_ERR(target);
	}
	unpin_pages_of(source, 4);
	unpin_pages_of(target, 4);
	return 0;
}
