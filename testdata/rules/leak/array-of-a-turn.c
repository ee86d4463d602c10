// An array that the body of a loop declares is another one each turn: pages that are still in it when the turn ends are lost.
#include <linux/mm.h>

int page_is_wanted(struct page *page, int number);

long each_in_turn_ok(unsigned long addr, long left)
{
	while (left > 0) {
		struct page *pages[8];
		long i, got = get_user_pages_fast(addr, left > 8 ? 8 : left, 0, pages); // balanced

		if (got <= 0)
			return got;
		for (i = 0; i < got; i++) {
			page_is_wanted(pages[i], i);
			put_page(pages[i]);
		}
		addr += got * PAGE_SIZE;
		left -= got;
	}
	return 0;
}

long some_in_turn_bad(unsigned long addr, long left)
{
	while (left > 0) {
		struct page *pages[8];
		long i, got = get_user_pages_fast(addr, left > 8 ? 8 : left, 0, pages);

		if (got <= 0)
			return got;
		for (i = 0; i < got; i++) { // expect: count-mismatch "fewer pages are released than get_user_pages_fast() obtained"
			if (page_is_wanted(pages[i], i))
				continue;
			put_page(pages[i]);
		}
		addr += got * PAGE_SIZE;
		left -= got;
	}
	return 0;
}

long none_in_turn_bad(unsigned long addr, long left)
{
	while (left > 0) {
		struct page *pages[8];
		long got = get_user_pages_fast(addr, left > 8 ? 8 : left, 0, pages); // expect: leak "never released on this path"

		if (got <= 0)
			return got;
		addr += got * PAGE_SIZE;
		left -= got;
	}
	return 0;
}

/* An array that the loop only borrows keeps what is in it. */
long one_by_one_ok(unsigned long addr, long left)
{
	struct page *pages[8], **all = pages;
	long i, n = 0;

	while (n < left && n < 8) {
		if (get_user_pages_fast(addr + n * PAGE_SIZE, 1, 0, &all[n]) != 1) // balanced
			break;
		n++;
	}
	for (i = 0; i < n; i++)
		put_page(all[i]);
	return n;
}

struct both_of {
	struct page *first, *second;
	struct both_of *next;
};

/* Each node keeps what the array of its turn had. */
int two_for_each_ok(struct both_of *node, unsigned long addr)
{
	for (; node; node = node->next) {
		struct page *pages[2];
		int got = get_user_pages_fast(addr, 2, 0, pages);

		if (got == 1)
			put_page(pages[0]);
		if (got != 2)
			return -EFAULT;
		node->first = pages[0];
		node->second = pages[1];
		addr += 2 * PAGE_SIZE;
	}
	return 0;
}

void drop_each(struct both_of *node)
{
	for (; node; node = node->next) {
		put_page(node->first);
		put_page(node->second);
	}
}
