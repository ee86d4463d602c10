// Pages move into a bio, whose completion releases them by its flag; what the bio did not take stays with the array.
#include <linux/bio.h>
#include <linux/slab.h>

static void drop_end_io(struct bio *bio)
{
	bio_release_pages(bio, true);
	bio_put(bio);
}

/* Filled from the iterator: bio and flag are set by the filler. */
int filled_ok(struct bio *bio, struct iov_iter *iter)
{
	int ret = bio_iov_iter_get_pages(bio, iter);

	if (ret)
		return ret;
	bio->bi_end_io = drop_end_io;
	submit_bio(bio);
	return 0;
}

int filled_and_dropped_ok(struct block_device *bdev, struct iov_iter *iter)
{
	struct bio *bio = bio_alloc(bdev, 16, REQ_OP_READ, GFP_KERNEL);
	int ret;

	ret = bio_iov_iter_get_pages(bio, iter);
	if (ret)
		goto put;
	ret = submit_bio_wait(bio);
	bio_release_pages(bio, false);
put:
	bio_put(bio);
	return ret;
}

int filled_bad(struct block_device *bdev, struct iov_iter *iter)
{
	struct bio *bio = bio_alloc(bdev, 16, REQ_OP_READ, GFP_KERNEL);
	int ret;

	ret = bio_iov_iter_get_pages(bio, iter);
	if (!ret && iov_iter_count(iter)) {
		bio_put(bio); // expect: leak
		return -EAGAIN;
	}
	if (!ret) {
		ret = submit_bio_wait(bio);
		bio_release_pages(bio, false);
	}
	bio_put(bio);
	return ret;
}

/* bio_add_page() takes no reference: the array's owner still releases. */
int added_ok(struct bio *bio, unsigned long start)
{
	struct page *pages[4];
	int i, got = pin_user_pages_fast(start, 4, FOLL_WRITE, pages); // balanced

	if (got <= 0)
		return -EFAULT;
	for (i = 0; i < got; i++)
		__bio_add_page(bio, pages[i], PAGE_SIZE, 0);
	submit_bio_wait(bio);
	unpin_user_pages(pages, got);
	return 0;
}

int added_one_bad(struct bio *bio, unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	if (bio_add_page(bio, page, PAGE_SIZE, 0) != PAGE_SIZE)
		return -EIO; // expect: leak
	submit_bio_wait(bio);
	unpin_user_page(page);
	return 0;
}
