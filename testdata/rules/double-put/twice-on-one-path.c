// The same references dropped twice on one path.
#include <linux/mm.h>
#include <linux/slab.h>

int check(struct page *page);

/* The failing branch releases, then jumps to the label that releases. */
int then_label_bad(unsigned long addr)
{
	struct page *page;
	int ret;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	ret = check(page);
	if (ret) {
		unpin_user_page(page);
		goto unpin;
	}
unpin:
	unpin_user_page(page); // expect: double-put
	return ret;
}

int then_label_ok(unsigned long addr)
{
	struct page *page;
	int ret;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) // balanced
		return -EFAULT;
	ret = check(page);
	if (ret) {
		unpin_user_page(page);
		goto out;
	}
	unpin_user_page(page);
out:
	return ret;
}

/* The variable says that there is nothing left. */
int cleared_ok(unsigned long addr)
{
	struct page *page = NULL;
	int ret = -EFAULT;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) { // balanced
		page = NULL;
		goto out;
	}
	ret = check(page);
	if (ret) {
		put_page(page);
		page = NULL;
	}
out:
	if (page)
		put_page(page);
	return ret;
}

static void drop_all(struct page **pages, int n)
{
	while (n--)
		unpin_user_page(pages[n]);
}

/* The helper released already. */
int helper_then_array_bad(unsigned long start)
{
	struct page *pages[4];
	int got = pin_user_pages_fast(start, 4, 0, pages);

	if (got <= 0)
		return -EFAULT;
	unpin_user_pages(pages, got);
	if (got < 4)
		drop_all(pages, got); // expect: double-put
	return 0;
}

int array_then_loop_bad(unsigned long start, struct page **pages, int n)
{
	int i, got = get_user_pages_fast(start, n, 0, pages);

	if (got < 0)
		return got;
	release_pages(pages, got);
	for (i = 0; i < got; i++)
		put_page(pages[i]); // expect: double-put
	return 0;
}

int two_loops_ok(unsigned long start, struct page **pages, int n)
{
	int i, got = get_user_pages_fast(start, n, 0, pages); // balanced

	if (got < 0)
		return got;
	for (i = 0; i < got / 2; i++)
		put_page(pages[i]);
	for (; i < got; i++)
		put_page(pages[i]);
	return 0;
}

/* One name for the page, another for its folio. */
int page_and_folio_bad(unsigned long addr)
{
	struct page *page;
	struct folio *folio;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	folio = page_folio(page);
	folio_put(folio);
	put_page(page); // expect: double-put
	return 0;
}

/* A short pin is undone, and undone again at the end by the wanted count being non-zero. */
int short_undone_twice_bad(unsigned long start, int n)
{
	struct page **pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	int got, ret = 0;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, n, 0, pages);
	if (got > 0 && got < n) {
		unpin_user_pages(pages, got);
		ret = -EFAULT;
	}
	if (got > 0)
		unpin_user_pages(pages, got); // expect: double-put
	kvfree(pages);
	return got < 0 ? got : ret;
}
