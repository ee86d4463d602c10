//@ include: seed/include
//@ policy: get-put
// Pages are put in a bio one by one. Those that it merges inside the page that it ends in are in it already; where it takes no more, the
// rest is dropped.
#include <linux/bio.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/uio.h>

struct request_queue;
int bio_add_hw_page(struct request_queue *q, struct bio *bio, struct page *page, unsigned int len, unsigned int offset,
		    unsigned int max_sectors, bool *same_page);

static int add_page(struct request_queue *q, struct bio *bio, struct page *page, unsigned int len, unsigned int offset)
{
	bool same_page = false;

	if (bio_add_hw_page(q, bio, page, len, offset, 256, &same_page) <= 0)
		return -EINVAL;
	if (same_page)
		put_page(page);
	return 0;
}

int add_all_ok(struct request_queue *q, struct bio *bio, struct iov_iter *iter, size_t most)
{
	struct page *pages[16];
	size_t start;
	ssize_t size, left;
	unsigned int nr, len, i;
	int ret = 0;

	size = iov_iter_get_pages(iter, pages, most, 16, &start); // balanced
	if (size <= 0)
		return size ? size : -EFAULT;
	nr = DIV_ROUND_UP(start + size, PAGE_SIZE);
	size -= size & 511;
	for (left = size, i = 0; left > 0; left -= len, i++) {
		len = min_t(size_t, PAGE_SIZE - start, left);
		if (q)
			ret = add_page(q, bio, pages[i], len, start);
		else if (bio_add_page(bio, pages[i], len, start) != len)
			ret = -ENOMEM;
		if (ret)
			break;
		start = 0;
	}
	while (i < nr)
		put_page(pages[i++]);
	bio_clear_flag(bio, BIO_NO_PAGE_REF);
	bio_release_pages(bio, false);
	return ret;
}

int add_all_bad(struct request_queue *q, struct bio *bio, struct iov_iter *iter, size_t most)
{
	struct page *pages[16];
	size_t start;
	ssize_t size, left;
	unsigned int len, i;
	int ret = 0;

	size = iov_iter_get_pages(iter, pages, most, 16, &start);
	if (size <= 0)
		return size ? size : -EFAULT;
	size -= size & 511;
	for (left = size, i = 0; left > 0; left -= len, i++) {
		len = min_t(size_t, PAGE_SIZE - start, left);
		if (q)
			ret = add_page(q, bio, pages[i], len, start);
		else if (bio_add_page(bio, pages[i], len, start) != len)
			ret = -ENOMEM;
		if (ret)
			break;
		start = 0;
	}
	bio_clear_flag(bio, BIO_NO_PAGE_REF);
	bio_release_pages(bio, false);
	return ret; // expect: count-mismatch "fewer pages" // expect: count-mismatch "fewer pages"
}
