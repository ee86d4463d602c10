//@ clean
// Calls that take nothing, and failures after which nothing is held.
#include <linux/mm.h>

/* pages == NULL only faults the range in. */
int fault_in_ok(unsigned long start)
{
	long ret = get_user_pages_unlocked(start, 1, NULL, FOLL_WRITE); // balanced

	return ret == 1 ? 0 : -EFAULT;
}

/* -1, 0 and errors hold nothing. */
int failed_ok(unsigned long start, struct page **pages)
{
	int got = get_user_pages_fast_only(start, 8, 0, pages); // balanced

	if (got <= 0)
		return -EAGAIN;
	release_pages(pages, got);
	return 0;
}

/* The retry runs only where the first try took nothing. */
int retry_ok(unsigned long addr)
{
	struct page *page;
	int got = get_user_pages_fast(addr, 1, FOLL_WRITE, &page); // balanced

	if (got < 0)
		got = get_user_pages_fast(addr, 1, 0, &page); // balanced
	if (got <= 0)
		return -EFAULT;
	put_page(page);
	return 0;
}

int again_ok(unsigned long addr)
{
	struct page *page;

again:
	if (pin_user_pages_fast(addr, 1, 0, &page) != 1) // balanced
		return -EFAULT;
	if (!page->mapping) {
		unpin_user_page(page);
		cond_resched();
		goto again;
	}
	unpin_user_page(page);
	return 0;
}

/* Nothing asked for, nothing taken. */
int none_ok(unsigned long start, struct page **pages)
{
	return pin_user_pages_fast(start, 0, 0, pages); // balanced
}
