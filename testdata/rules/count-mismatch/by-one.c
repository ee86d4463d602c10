// One more or one less than was obtained.
#include <linux/mm.h>
#include <linux/slab.h>

/* One by one, and one too many. */
int loop_too_far_bad(unsigned long start, int n)
{
	struct page *pages[17];
	int i, got = pin_user_pages_fast(start, min(n, 16), 0, pages);

	if (got <= 0)
		return -EFAULT;
	for (i = 0; i <= got; i++)
		unpin_user_page(pages[i]); // fixme-missing: count-mismatch may_be_end() tells it only in the turn that is tried out, and lets go of the rest there, so that the loop does not settle
	return 0;
}

int first_forgotten_bad(unsigned long start, int n)
{
	struct page *pages[16];
	int i, got = pin_user_pages_fast(start, min(n, 16), 0, pages);

	if (got <= 0)
		return -EFAULT;
	for (i = 1; i < got; i++)
		unpin_user_page(pages[i]);
	return 0; // expect: count-mismatch
}

int countdown_misses_zero_bad(unsigned long start, int n)
{
	struct page *pages[16];
	int i, got = get_user_pages_fast(start, min(n, 16), 0, pages);

	if (got <= 0)
		return -EFAULT;
	for (i = got - 1; i > 0; i--)
		put_page(pages[i]);
	return 0; // expect: count-mismatch
}

int countdown_ok(unsigned long start, int n)
{
	struct page *pages[16];
	int i, got = get_user_pages_fast(start, min(n, 16), 0, pages); // balanced

	if (got <= 0)
		return -EFAULT;
	for (i = got - 1; i >= 0; i--)
		put_page(pages[i]);
	return 0;
}

int bulk_one_less_bad(unsigned long start, int n)
{
	struct page **pages = kmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	int got;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, n, 0, pages);
	if (got > 1)
		unpin_user_pages(pages, got - 1);
	else if (got == 1)
		unpin_user_page(pages[0]);
	kfree(pages); // expect: count-mismatch
	return got;
}

int two_parts_ok(unsigned long start, int n)
{
	struct page **pages = kmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	int got;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, n, 0, pages); // balanced
	if (got > 0) {
		unpin_user_pages(pages + 1, got - 1);
		unpin_user_page(pages[0]);
	}
	kfree(pages);
	return got;
}
