//@ clean
// An array is made for n; how many were stored in it is known to be no more. All n are looked at when it is emptied.
#include <linux/bvec.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

static ssize_t fill(struct iov_iter *iter, size_t most, struct bio_vec *list)
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
	return size;
}

static void empty(struct bio_vec *list, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (list[i].bv_page)
			put_page(list[i].bv_page);
	kvfree(list);
}

ssize_t fill_and_empty(struct iov_iter *iter, size_t most)
{
	int n = iov_iter_npages(iter, INT_MAX);
	struct bio_vec *list = kvcalloc(n, sizeof(*list), GFP_KERNEL);
	ssize_t size;

	if (!list)
		return -ENOMEM;
	size = fill(iter, most, list);
	empty(list, n);
	return size;
}
