// Pages of an array, dropped one by one in the loops that drivers write.
#include <linux/mm.h>
#include <linux/slab.h>

int put_upwards_bad(unsigned long start, struct page **pages, int n)
{
	int i, got;

	got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);
	if (got < 0)
		return got;
	for (i = 0; i < got; i++)
		put_page(pages[i]); // expect: wrong-put
	return 0;
}

int unpin_upwards_ok(unsigned long start, struct page **pages, int n)
{
	int i, got;

	got = pin_user_pages_fast(start, n, FOLL_WRITE, pages); // balanced
	if (got < 0)
		return got;
	for (i = 0; i < got; i++)
		unpin_user_page(pages[i]);
	return 0;
}

int put_downwards_bad(unsigned long start, struct page **pages, int n)
{
	int i, got;

	got = pin_user_pages_fast(start, n, 0, pages);
	if (got <= 0)
		return -EFAULT;
	for (i = got - 1; i >= 0; i--) {
		if (!PageReserved(pages[i]))
			SetPageDirty(pages[i]);
		put_page(pages[i]); // expect: wrong-put
	}
	return 0;
}

int put_countdown_ok(unsigned long start, struct page **pages, int n)
{
	int got = get_user_pages_fast(start, n, 0, pages); // balanced

	while (got > 0)
		put_page(pages[--got]);
	return 0;
}

int unpin_countdown_bad(unsigned long start, struct page **pages, int n)
{
	long got = get_user_pages(start, n, 0, pages);

	while (got-- > 0)
		unpin_user_page(pages[got]); // expect: wrong-put
	return 0;
}

int release_pages_bad(unsigned long start, int n)
{
	struct page *pages[16];
	int got = pin_user_pages_fast(start, min(n, 16), FOLL_WRITE, pages);

	if (got < 0)
		return got;
	release_pages(pages, got); // expect: wrong-put
	return 0;
}

int release_pages_ok(unsigned long start, int n)
{
	struct page *pages[16];
	int got = get_user_pages_fast(start, min(n, 16), FOLL_WRITE, pages); // balanced

	if (got < 0)
		return got;
	release_pages(pages, got);
	return 0;
}

int walking_pointer_bad(unsigned long start, struct page **pages, int n)
{
	struct page **pp, **end;
	int got = pin_user_pages_fast(start, n, 0, pages);

	if (got < 0)
		return got;
	end = pages + got;
	for (pp = pages; pp < end; pp++)
		put_page(*pp); // expect: wrong-put
	return 0;
}
