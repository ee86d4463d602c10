// A loop that takes one page per turn and counts those it has; the error path releases by that count.
#include <linux/mm.h>
#include <linux/slab.h>

int check_page(struct page *page);

/* The count goes up at the end of the turn, so the page of the failing turn is not in it. */
int counted_late_bad(unsigned long start, unsigned long n)
{
	struct page **pages = kcalloc(n, sizeof(*pages), GFP_KERNEL);
	unsigned long i, n_pages = 0;
	int ret;

	if (!pages)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		ret = get_user_pages_fast(start + i * PAGE_SIZE, 1, FOLL_WRITE, pages + i);
		if (ret != 1)
			goto put_pages;
		ret = check_page(pages[i]);
		if (ret < 0)
			goto put_pages;
		n_pages++;
	}
	ret = 0;

put_pages:
	for (i = 0; i < n_pages; i++)
		put_page(pages[i]);
	kfree(pages); // expect: count-mismatch
	return ret;
}

int counted_at_once_ok(unsigned long start, unsigned long n, struct page **pages)
{
	unsigned long i, n_pages = 0;
	int ret = 0;

	for (i = 0; i < n; i++) {
		ret = get_user_pages_fast(start + i * PAGE_SIZE, 1, FOLL_WRITE, pages + i); // unresolved: returned by counted_at_once_ok
		if (ret != 1)
			goto put_pages;
		n_pages++;
		ret = check_page(pages[i]);
		if (ret < 0)
			goto put_pages;
	}
	ret = 0;

put_pages:
	for (i = 0; i < n_pages; i++)
		put_page(pages[i]);
	return ret;
}

/* Releases backwards from the turn that failed. */
int undo_backwards_ok(unsigned long start, int n, struct page **pages)
{
	int i;

	for (i = 0; i < n; i++) {
		if (pin_user_pages_fast(start + ((unsigned long)i << PAGE_SHIFT), 1, 0, &pages[i]) != 1) // balanced
			goto undo;
	}
	unpin_user_pages(pages, n);
	return 0;

undo:
	while (--i >= 0)
		unpin_user_page(pages[i]);
	return -EFAULT;
}

/* Earlier turns are forgotten. */
int no_undo_bad(unsigned long start, int n)
{
	struct page *pages[8];
	int i;

	for (i = 0; i < n && i < 8; i++) {
		if (pin_user_pages_fast(start + ((unsigned long)i << PAGE_SHIFT), 1, 0, &pages[i]) != 1)
			return -EFAULT; // expect: leak
	}
	unpin_user_pages(pages, i);
	return 0;
}

/* The variable is used again while it holds the only pointer. */
int overwritten_bad(unsigned long start, int n)
{
	struct page *page = NULL;
	int i;

	for (i = 0; i < n; i++) {
		if (get_user_pages_fast(start + i * PAGE_SIZE, 1, 0, &page) != 1) // expect: leak
			break;
	}
	if (page)
		put_page(page);
	return i;
}
