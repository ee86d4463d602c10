// What a helper writes through a pointer is not what it was, whether the helper is about references or not.
#include <linux/mm.h>

struct range {
	unsigned long start;
	int nr;
};

/* Loops, and knows nothing of pages: it is not executed. */
static int first_range(const struct range *ranges, int count, int *nr)
{
	int i;

	for (i = 0; i < count; i++) {
		if (!ranges[i].nr)
			continue;
		if (*nr > ranges[i].nr)
			*nr = ranges[i].nr;
		return i;
	}
	return -1;
}

int shortened_later_ok(unsigned long start, const struct range *ranges, int count)
{
	struct page *pages[4];
	int nr = 4, got;

	got = pin_user_pages_fast(start, 4, FOLL_WRITE, pages); // unresolved: could not be related
	if (got != 4) {
		if (got > 0)
			unpin_user_pages_dirty_lock(pages, got, true);
		return -EFAULT;
	}
	first_range(ranges, count, &nr);
	unpin_user_pages_dirty_lock(pages, nr, true);
	return 0;
}

int shortened_bad(unsigned long start, const struct range *ranges, int count)
{
	struct page *pages[4];
	int nr = 4, got;

	first_range(ranges, count, &nr);
	got = pin_user_pages_fast(start, nr, FOLL_WRITE, pages);
	if (got == 4)
		unpin_user_pages_dirty_lock(pages, got, true);
	return got; // expect: leak
}

int shortened_first_ok(unsigned long start, const struct range *ranges, int count)
{
	struct page *pages[4];
	int nr = 4, got;

	first_range(ranges, count, &nr);
	got = pin_user_pages_fast(start, nr, FOLL_WRITE, pages); // balanced
	if (got > 0)
		unpin_user_pages_dirty_lock(pages, got, true);
	return got;
}
