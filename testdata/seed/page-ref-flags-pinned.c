// Case 12, since 6.3: the opposite sense. BIO_PAGE_PINNED says that a bio has pins to drop; without it nothing is dropped.
#include <linux/bio.h>

static void drop_end_io(struct bio *bio)
{
	bio_release_pages(bio, true);
	bio_put(bio);
}

int filled_ok(struct block_device *bdev, struct iov_iter *iter)
{
	struct bio *bio = bio_alloc(bdev, 16, REQ_OP_READ, GFP_KERNEL);
	int ret = bio_iov_iter_get_pages(bio, iter); // balanced

	if (ret) {
		bio_put(bio);
		return ret;
	}
	bio->bi_end_io = drop_end_io;
	submit_bio(bio);
	return 0;
}

/* Pinned by hand, and said so. */
int flag_set_ok(struct block_device *bdev, unsigned long addr)
{
	struct page *page;
	struct bio *bio;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) // balanced
		return -EFAULT;
	bio = bio_alloc(bdev, 1, REQ_OP_READ, GFP_KERNEL);
	bio_set_flag(bio, BIO_PAGE_PINNED);
	bio->bi_end_io = drop_end_io;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

/* Pinned by hand, and nobody said so: what was right before 6.3 leaks. */
int flag_forgotten_bad(struct block_device *bdev, unsigned long addr)
{
	struct page *page;
	struct bio *bio;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	bio = bio_alloc(bdev, 1, REQ_OP_READ, GFP_KERNEL);
	bio->bi_end_io = drop_end_io;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	// expect: end-io-mismatch "drop_end_io() ends what holds references"
	submit_bio(bio);
	return 0;
}

/* The flag on a bio whose pages are got, not pinned. */
int flag_of_the_wrong_kind_bad(struct block_device *bdev, unsigned long addr)
{
	struct bio *bio = bio_alloc(bdev, 1, REQ_OP_WRITE, GFP_KERNEL);
	struct page *page;
	int ret;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1) {
		bio_put(bio);
		return -EFAULT;
	}
	bio_set_flag(bio, BIO_PAGE_PINNED);
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	ret = submit_bio_wait(bio);
	bio_release_pages(bio, false); // expect: wrong-put
	bio_put(bio);
	return ret;
}
