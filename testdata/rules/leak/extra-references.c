// Another reference to each page of an array that is held: the pins are still what they were.
#include <linux/mm.h>
#include <linux/slab.h>

static void keep_all(struct page **pages, int n)
{
	int i;

	for (i = 0; i < n; i++)
		get_page(pages[i]);
}

static void put_all(struct page **pages, int n)
{
	int i;

	for (i = 0; i < n; i++)
		put_page(pages[i]);
}

int twice_ok(unsigned long addr, struct page **pages, int n)
{
	int got = pin_user_pages_fast(addr, n, FOLL_LONGTERM, pages); // balanced

	if (got <= 0)
		return got;
	keep_all(pages, got);
	put_all(pages, got);
	unpin_user_pages(pages, got);
	return 0;
}

int twice_bad(unsigned long addr, int n)
{
	struct page **pages = kcalloc(n, sizeof(*pages), GFP_KERNEL);
	int got;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(addr, n, FOLL_LONGTERM, pages);
	if (got > 0) {
		keep_all(pages, got);
		put_all(pages, got);
	}
	kfree(pages); // expect: leak
	return 0;
}
