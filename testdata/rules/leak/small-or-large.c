// Storage that comes from one of two allocators is this function's own all the same, and so is what it hands back.
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/err.h>

struct request {
	int a, b, c, d;
};

static struct page **pin_some(struct request *req, unsigned long start, unsigned long n, unsigned long *count)
{
	unsigned int flags = 0;
	struct page **pages;
	int got;

	if (req->a)
		flags |= 0x100;
	if (req->b)
		flags |= 0x200;
	if (req->c)
		flags |= 0x400;
	if (req->d)
		flags |= 0x800;
	if (n > 512)
		pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	else
		pages = kmalloc(n * sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	got = pin_user_pages_fast(start, n, flags, pages);
	if (got != n)
		goto err;
	*count = n;
	return pages;
err:
	if (got > 0)
		unpin_user_pages(pages, got);
	kvfree(pages);
	return ERR_PTR(-ENOMEM);
}

static void unpin_some(struct page **pages, unsigned long n)
{
	unpin_user_pages(pages, n);
	kvfree(pages);
}

int copy_some_bad(struct request *req, unsigned long from, unsigned long to)
{
	unsigned long n;
	struct page **source = pin_some(req, from, 1, &n), **target;

	if (IS_ERR(source))
		return PTR_ERR(source);
	target = pin_some(req, to, 1, &n);
	if (IS_ERR(target))
		return PTR_ERR(target); // expect: leak
	unpin_some(source, n);
	unpin_some(target, n);
	return 0;
}

int copy_some_ok(struct request *req, unsigned long from, unsigned long to)
{
	unsigned long n;
	struct page **source = pin_some(req, from, 1, &n), **target;

	if (IS_ERR(source))
		return PTR_ERR(source);
	target = pin_some(req, to, 1, &n);
	if (IS_ERR(target)) {
		unpin_some(source, n);
		return PTR_ERR(target);
	}
	unpin_some(source, n);
	unpin_some(target, n);
	return 0;
}
