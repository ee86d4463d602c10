// Bytes are taken in batches; each batch is spread over a list that grows, a page at a time.
#include <linux/bvec.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

static void put_list(struct bio_vec *list, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		put_page(list[i].bv_page);
	kvfree(list);
}

ssize_t fill_ok(struct iov_iter *iter, size_t most, struct bio_vec *list)
{
	size_t size = 0;
	int nr = 0;

	while (size < most) {
		struct page *pages[16];
		size_t start;
		int i = 0;
		ssize_t bytes = iov_iter_get_pages2(iter, pages, most - size, 16, &start); // balanced

		if (bytes <= 0)
			break;
		size += bytes;
		for (; bytes; i++, nr++) {
			int n = min_t(int, bytes, PAGE_SIZE - start);

			bvec_set_page(&list[nr], pages[i], n, start);
			bytes -= n;
			start = 0;
		}
	}
	put_list(list, nr);
	return size;
}

/* A batch that fails takes those before it along. */
ssize_t fill_bad(struct iov_iter *iter, size_t most)
{
	struct bio_vec *list = kvmalloc_array(most, sizeof(*list), GFP_KERNEL);
	size_t size = 0;
	int nr = 0;

	if (!list)
		return -ENOMEM;
	while (size < most) {
		struct page *pages[16];
		size_t start;
		int i = 0;
		ssize_t bytes = iov_iter_get_pages2(iter, pages, most - size, 16, &start);

		if (bytes < 0) {
			kvfree(list); // expect: leak
			return bytes;
		}
		size += bytes;
		for (; bytes; i++, nr++) {
			int n = min_t(int, bytes, PAGE_SIZE - start);

			bvec_set_page(&list[nr], pages[i], n, start);
			bytes -= n;
			start = 0;
		}
	}
	put_list(list, nr);
	return size;
}

/* All but the first page are put, which is none of a short batch's. */
ssize_t last_bad(struct iov_iter *iter, size_t most)
{
	struct page *pages[16];
	size_t start;
	int i;
	ssize_t bytes = iov_iter_get_pages2(iter, pages, 15 * PAGE_SIZE, 16, &start);
	ssize_t left = bytes;

	if (bytes <= 0)
		return bytes;
	for (i = 0; left; i++) {
		int n = min_t(int, left, PAGE_SIZE - start);

		left -= n;
		start = 0;
	}
	while (--i)
		put_page(pages[i]);
	return bytes; // expect: partial-leak
}
