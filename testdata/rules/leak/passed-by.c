// A leak names the functions that had the references in hand on the way, and dropped none of them.
#include <linux/mm.h>
#include <linux/slab.h>

int copy_to(void *to, struct page **pages, int n);

static void put_all(struct page **pages, int n) // step: "put_all() was given the references on the way, and dropped none of them"
{
	int i;

	for (i = 0; i < n; i++)
		flush_dcache_page(pages[i]);
}

static void put_first(struct page **pages, int n)
{
	put_page(pages[0]);
}

int copy_bad(unsigned long addr, int n)
{
	struct page **pages = kcalloc(n, sizeof(*pages), GFP_KERNEL);
	int got;

	if (!pages)
		return -ENOMEM;
	got = get_user_pages_fast(addr, n, 0, pages); // step: "get_user_pages_fast() is called here"
	if (got > 0)
		put_all(pages, got);
	kfree(pages); // expect: leak
	return got;
}

int first_bad(unsigned long addr)
{
	struct page *pages[2];
	int got = get_user_pages_fast(addr, 2, 0, pages);

	if (got == 2)
		put_first(pages, got);
	else if (got == 1)
		put_page(pages[0]);
	return got; // expect: count-mismatch
}
