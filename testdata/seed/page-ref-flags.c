//@ include: seed/include
//@ policy: get-put
// Case 12, before 6.3: BIO_NO_PAGE_REF says that a bio has no references to drop. It is set by whoever adds pages of others.
#include <linux/bio.h>

static void drop_end_io(struct bio *bio)
{
	bio_release_pages(bio, true);
	bio_put(bio);
}

/* User pages are got, those of a bvec iterator only lent: the filler sets the flag, the handler asks it. */
int filled_ok(struct block_device *bdev, struct iov_iter *iter)
{
	struct bio *bio = bio_alloc(GFP_KERNEL, 16);
	int ret;

	bio_set_dev(bio, bdev);
	ret = bio_iov_iter_get_pages(bio, iter); // balanced
	if (ret) {
		bio_put(bio);
		return ret;
	}
	bio->bi_end_io = drop_end_io;
	submit_bio(bio);
	return 0;
}

/* The flag on a bio that has references: nobody will drop them. */
int flag_too_much_bad(struct block_device *bdev, unsigned long addr)
{
	struct page *page;
	struct bio *bio;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio_set_flag(bio, BIO_NO_PAGE_REF);
	bio->bi_end_io = drop_end_io;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	// expect: end-io-mismatch "drop_end_io() ends what holds references"
	submit_bio(bio);
	return 0;
}

/* The other way round: pages that stay their owner's, and no flag that says so. */
int flag_forgotten_bad(struct block_device *bdev, unsigned long addr)
{
	struct bio *bio = bio_alloc(GFP_KERNEL, 1);
	struct page *page;
	int ret;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1) {
		bio_put(bio);
		return -EFAULT;
	}
	bio_set_dev(bio, bdev);
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	ret = submit_bio_wait(bio);
	bio_release_pages(bio, false);
	bio_put(bio);
	put_page(page); // expect: double-put
	return ret;
}

int flag_set_ok(struct block_device *bdev, unsigned long addr)
{
	struct bio *bio = bio_alloc(GFP_KERNEL, 1);
	struct page *page;
	int ret;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1) { // balanced
		bio_put(bio);
		return -EFAULT;
	}
	bio_set_dev(bio, bdev);
	bio_set_flag(bio, BIO_NO_PAGE_REF);
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	ret = submit_bio_wait(bio);
	bio_release_pages(bio, false);
	bio_put(bio);
	put_page(page);
	return ret;
}
