//@ include: seed/include
// Case 1: the pages of an iterator, I/O that is waited for, and a loop that drops them.
#include <linux/bio.h>
#include <linux/highmem.h>
#include <linux/uio.h>

#define AT_ONCE 16



/* The loop of before: right for pages of the kernel, wrong for those of a user. */
ssize_t send_and_put_bad(struct iov_iter *iter)
{
	struct page *pages[AT_ONCE];
	size_t offset;
	ssize_t bytes;
	unsigned int i, n;

	bytes = iov_iter_get_pages(iter, pages, AT_ONCE * PAGE_SIZE, AT_ONCE, &offset);
	if (bytes <= 0)
		return bytes;
	iov_iter_advance(iter, bytes);
	n = DIV_ROUND_UP(bytes + offset, PAGE_SIZE);
	for (i = 0; i < n; i++)
		flush_dcache_page(pages[i]);
	for (i = 0; i < n; i++)
		put_page(pages[i]); // expect: wrong-put
	return bytes;
}

/* The answer of the iterator chooses the release. */
ssize_t send_and_drop_ok(struct iov_iter *iter)
{
	bool is_gup = iov_iter_get_pages_use_gup(iter);
	struct page *pages[AT_ONCE];
	size_t offset;
	ssize_t bytes;
	unsigned int i, n;

	bytes = iov_iter_get_pages(iter, pages, AT_ONCE * PAGE_SIZE, AT_ONCE, &offset); // balanced
	if (bytes <= 0)
		return bytes;
	iov_iter_advance(iter, bytes);
	n = DIV_ROUND_UP(bytes + offset, PAGE_SIZE);
	for (i = 0; i < n; i++)
		flush_dcache_page(pages[i]);
	for (i = 0; i < n; i++) {
		if (is_gup)
			put_user_page(pages[i]);
		else
			put_page(pages[i]);
	}
	return bytes;
}

/* get_user_pages() itself leaves no doubt. */
int read_user_ok(struct block_device *bdev, unsigned long start)
{
	struct bio *bio = bio_alloc(GFP_KERNEL, AT_ONCE);
	struct page *pages[AT_ONCE];
	int i, n, ret;

	n = get_user_pages_fast(start, AT_ONCE, FOLL_WRITE, pages); // balanced
	if (n <= 0) {
		bio_put(bio);
		return -EFAULT;
	}
	bio_set_dev(bio, bdev);
	for (i = 0; i < n; i++)
		__bio_add_page(bio, pages[i], PAGE_SIZE, 0);
	ret = submit_bio_wait(bio);
	put_user_pages_dirty_lock(pages, n);
	bio_put(bio);
	return ret;
}

/* Failure of the I/O is no reason to keep the pages. */
int read_user_bad(struct block_device *bdev, unsigned long start)
{
	struct bio *bio = bio_alloc(GFP_KERNEL, AT_ONCE);
	struct page *pages[AT_ONCE];
	int i, n, ret;

	n = get_user_pages_fast(start, AT_ONCE, FOLL_WRITE, pages);
	if (n <= 0) {
		bio_put(bio);
		return -EFAULT;
	}
	bio_set_dev(bio, bdev);
	for (i = 0; i < n; i++)
		__bio_add_page(bio, pages[i], PAGE_SIZE, 0);
	ret = submit_bio_wait(bio);
	if (!ret)
		put_user_pages_dirty_lock(pages, n);
	bio_put(bio);
	return ret; // expect: leak
}
