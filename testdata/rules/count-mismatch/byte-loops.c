// Loops that count bytes: the first page may begin anywhere, the last one may end anywhere.
#include <linux/bvec.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/uio.h>

/* As many elements as pages: the last turn takes what is left. */
ssize_t as_many_turns_as_pages_ok(struct iov_iter *iter)
{
	struct page *pages[16];
	size_t start;
	int idx;
	ssize_t bytes = iov_iter_get_pages2(iter, pages, 15 * PAGE_SIZE, 16, &start); // balanced

	if (bytes <= 0)
		return bytes;
	for (idx = 0; bytes; idx++) {
		int len = min_t(int, bytes, PAGE_SIZE - start);

		put_page(pages[idx]);
		bytes -= len;
		start = 0;
	}
	return 0;
}

ssize_t one_too_few_bad(struct iov_iter *iter)
{
	struct page *pages[16];
	size_t start;
	int i = 0;
	ssize_t bytes = iov_iter_get_pages2(iter, pages, 15 * PAGE_SIZE, 16, &start);

	if (bytes <= 0)
		return bytes;
	while (bytes) {
		unsigned n = min_t(unsigned, PAGE_SIZE - start, bytes);

		bytes -= n;
		start = 0;
		if (bytes)
			put_page(pages[i++]);
	}
	return 0; // expect: count-mismatch
}

/* What the first loop did not get to, the second releases. */
int stops_early_ok(struct iov_iter *iter, struct scatterlist *sg)
{
	struct page *pages[16];
	size_t start;
	int i = 0, npages;
	ssize_t bytes = iov_iter_get_pages2(iter, pages, 15 * PAGE_SIZE, 16, &start); // balanced

	if (bytes <= 0)
		return bytes;
	npages = DIV_ROUND_UP(bytes + start, PAGE_SIZE);
	while (bytes) {
		unsigned n = min_t(unsigned, PAGE_SIZE - start, bytes);

		if (n & 511)
			break;
		put_page(pages[i++]);
		bytes -= n;
		start = 0;
	}
	while (i < npages)
		put_page(pages[i++]);
	return 0;
}

int stops_early_bad(struct iov_iter *iter)
{
	struct page *pages[16];
	size_t start;
	int i = 0;
	ssize_t bytes = iov_iter_get_pages2(iter, pages, 15 * PAGE_SIZE, 16, &start);

	if (bytes <= 0)
		return bytes;
	while (bytes) {
		unsigned n = min_t(unsigned, PAGE_SIZE - start, bytes);

		if (n & 511)
			break;
		put_page(pages[i++]);
		bytes -= n;
		start = 0;
	}
	return 0; // expect: count-mismatch
}
