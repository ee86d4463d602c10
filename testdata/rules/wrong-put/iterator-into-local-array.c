// All that the iterator has, as far as the array goes: ~0UL is the largest size, no error number.
#include <linux/mm.h>
#include <linux/uio.h>

int consume_page(struct page *page);

int put_rest_ok(struct iov_iter *from)
{
	struct page *pages[16];
	size_t start;
	ssize_t left = iov_iter_get_pages2(from, pages, ~0UL, 16, &start); // balanced
	int i, n;

	if (left <= 0)
		return left;
	n = DIV_ROUND_UP(left + start, PAGE_SIZE);
	for (i = 0; i < n; i++)
		put_page(pages[i]);
	return 0;
}

int put_rest_bad(struct iov_iter *from)
{
	struct page *pages[16];
	size_t start;
	ssize_t left = iov_iter_get_pages2(from, pages, ~0UL, 16, &start);
	int i, n;

	if (left <= 0)
		return left;
	n = DIV_ROUND_UP(left + start, PAGE_SIZE);
	for (i = 0; i < n; i++)
		unpin_user_page(pages[i]); // expect: wrong-put
	return 0;
}
