// A release of what was never obtained: the acquisition failed, or its negative result is read as a count.
#include <linux/mm.h>
#include <linux/slab.h>

/* -EFAULT as unsigned long is a huge number of pages. */
int negative_count_bad(unsigned long start, int n)
{
	struct page *pages[16];
	int got = pin_user_pages_fast(start, min(n, 16), 0, pages);

	if (got != n) {
		unpin_user_pages(pages, got); // expect: unowned-put
		return -EFAULT;
	}
	unpin_user_pages(pages, got);
	return 0;
}

int negative_count_ok(unsigned long start, int n)
{
	struct page *pages[16];
	int got;

	if (n > 16)
		return -EINVAL;
	got = pin_user_pages_fast(start, n, 0, pages); // balanced
	if (got != n) {
		if (got > 0)
			unpin_user_pages(pages, got);
		return -EFAULT;
	}
	unpin_user_pages(pages, got);
	return 0;
}

/* An unsigned loop bound: i < (unsigned)-14. */
int unsigned_bound_bad(unsigned long start, unsigned int n)
{
	struct page *pages[16];
	unsigned int i;
	int got;

	if (n > 16)
		return -EINVAL;
	got = get_user_pages_fast(start, n, 0, pages);
	if (got < (int)n) {
		for (i = 0; i < (unsigned int)got; i++)
			put_page(pages[i]); // expect: unowned-put
		return -EFAULT;
	}
	release_pages(pages, n);
	return 0;
}

/* The same loop with a signed counter does nothing for a negative bound. */
int signed_bound_ok(unsigned long start, int n)
{
	struct page *pages[16];
	int i, got;

	if (n > 16)
		return -EINVAL;
	got = get_user_pages_fast(start, n, 0, pages); // balanced
	if (got < n) {
		for (i = 0; i < got; i++)
			put_page(pages[i]);
		return -EFAULT;
	}
	release_pages(pages, n);
	return 0;
}

/* `got` is compared unsigned, so the error passes for a full count. */
int unsigned_compare_bad(unsigned long start, unsigned int n)
{
	struct page *pages[16];
	int got;

	if (n > 16)
		return -EINVAL;
	got = pin_user_pages_fast(start, n, 0, pages);
	if (got < n) {
		unpin_user_pages(pages, got);
		return -EFAULT;
	}
	unpin_user_pages(pages, n); // expect: unowned-put
	return 0;
}

/* The result goes into an unsigned variable: it is never negative then. */
int unsigned_variable_bad(unsigned long start, int n)
{
	struct page *pages[16];
	u32 got;

	got = pin_user_pages_fast(start, min(n, 16), 0, pages);
	if (got < 0)
		return -EFAULT;
	unpin_user_pages(pages, got); // expect: unowned-put
	return 0;
}

/* The label releases the page that could not be had. */
int label_bad(unsigned long addr)
{
	struct page *page = NULL;
	int ret = 0;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) {
		ret = -EFAULT;
		goto unpin;
	}
	SetPageDirty(page);
unpin:
	unpin_user_page(page); // expect: unowned-put
	return ret;
}

int label_ok(unsigned long addr)
{
	struct page *page = NULL;
	int ret = 0;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) { // balanced
		ret = -EFAULT;
		goto out;
	}
	SetPageDirty(page);
	unpin_user_page(page);
out:
	return ret;
}

/* The count from the request instead of the count obtained, where nothing was obtained. */
int wanted_count_bad(unsigned long start, int n)
{
	struct page **pages = kcalloc(n, sizeof(*pages), GFP_KERNEL);
	int got;

	if (!pages)
		return -ENOMEM;
	got = get_user_pages_fast(start, n, FOLL_WRITE, pages);
	if (got <= 0) {
		release_pages(pages, n); // expect: unowned-put
		kfree(pages);
		return -EFAULT;
	}
	release_pages(pages, got);
	kfree(pages);
	return 0;
}

struct queue {
	struct page **pages;
	unsigned long nr;
};

static void release_queue_pages(struct page **pages, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		put_page(pages[i]);
}

/* The memory is the caller's, and the number that of the failure. */
int others_memory_bad(struct queue *q, unsigned long start)
{
	int got = get_user_pages_fast(start, q->nr, FOLL_WRITE, q->pages);

	if (got < (int)q->nr) {
		release_queue_pages(q->pages, got); // expect: unowned-put
		return -ENOMEM;
	}
	release_queue_pages(q->pages, q->nr);
	return 0;
}

int others_memory_ok(struct queue *q, unsigned long start)
{
	int got = get_user_pages_fast(start, q->nr, FOLL_WRITE, q->pages); // balanced

	if (got < (int)q->nr) {
		if (got > 0)
			release_queue_pages(q->pages, got);
		return -ENOMEM;
	}
	release_queue_pages(q->pages, q->nr);
	return 0;
}
