// A callee of which one path is not understood: on the others it is known what it did.
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>

/* Keeps one page of each run. How the runs go on from each other is not understood. */
static bool thinned(struct page **pages, int nr, int run)
{
	int n, at;

	if (run < 2)
		return false;
	for (at = 0; at < nr; at += n) {
		n = page_to_pfn(pages[at]) & 1 ? 1 : min(nr - at, run);
		if (n > 1)
			unpin_user_pages(&pages[at + 1], n - 1);
	}
	return true;
}

int pin_bad(unsigned long addr, int nr, int run)
{
	struct page **pages = kvmalloc_array(nr, sizeof(*pages), GFP_KERNEL);
	int i, got;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(addr, nr, FOLL_WRITE, pages);
	if (got <= 0)
		goto free;
	if (!thinned(pages, got, run)) {
		for (i = 0; i < got; i++)
			put_page(pages[i]); // expect: wrong-put
		goto free;
	}
	unpin_user_pages(pages, got);
free:
	kvfree(pages);
	return got;
}

int pin_ok(unsigned long addr, int nr, int run)
{
	struct page **pages = kvmalloc_array(nr, sizeof(*pages), GFP_KERNEL);
	int got;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(addr, nr, FOLL_WRITE, pages); // unresolved: thinned() is not fully understood
	if (got > 0 && !thinned(pages, got, run))
		unpin_user_pages(pages, got);
	kvfree(pages);
	return got;
}
