// One turn of a loop leaves its page in the array, while the others drop theirs or pass them on.
#include <linux/bio.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

bool is_wanted(struct page *page);

int all_but_one_bad(unsigned long start)
{
	struct page *pages[16];
	int i, got = pin_user_pages_fast(start, 16, 0, pages);

	for (i = 0; i < got; i++)
		if (is_wanted(pages[i]))
			unpin_user_page(pages[i]);
	return 0; // expect: count-mismatch
}

int either_way_ok(unsigned long start)
{
	struct page *pages[16];
	int i, got = pin_user_pages_fast(start, 16, 0, pages); // balanced

	for (i = 0; i < got; i++) {
		if (is_wanted(pages[i]))
			unpin_user_pages_dirty_lock(&pages[i], 1, true);
		else
			unpin_user_page(pages[i]);
	}
	return 0;
}

/* What the second loop does not skip is what the first one skipped: that is not known. */
int in_two_loops_bad(unsigned long start)
{
	struct page *pages[16];
	int i, got = pin_user_pages_fast(start, 16, 0, pages);

	for (i = 0; i < got; i++)
		if (is_wanted(pages[i]))
			unpin_user_page(pages[i]);
	for (i = 0; i < got; i++)
		unpin_user_page(pages[i]); // expect: double-put
	return 0;
}

/* What there was no room for in the bio. */
int into_a_bio_bad(struct bio *bio, unsigned long start)
{
	struct page *pages[16];
	int i, got = pin_user_pages_fast(start, 16, 0, pages);

	for (i = 0; i < got; i++)
		if (bio_add_page(bio, pages[i], PAGE_SIZE, 0) != PAGE_SIZE)
			continue;
	return 0; // expect: leak
}
