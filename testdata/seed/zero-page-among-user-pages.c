//@ include: seed/include
// Case 4: one bio that carries pages of a user and, where the file has no more to give, the zero page.
#include <linux/bio.h>

#define N_PAGES 8

/* As direct I/O does it: a reference of its own for the zero page, and one release for all. */
static void drop_all_end_io(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_user_page(bvec->bv_page);
	bio_put(bio);
}

int write_padded_bad(struct block_device *bdev, unsigned long addr)
{
	struct page *page, *zero = ZERO_PAGE(0);
	struct bio *bio;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 2);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = drop_all_end_io;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	get_page(zero);
	__bio_add_page(bio, zero, PAGE_SIZE, 0); // fixme-missing: mixed-origin kinds in one carrier are not compared: release() takes the user's page, and get_page()'s reference is left alone
	submit_bio(bio);
	return 0;
}

/* The handler knows the zero page when it sees it. */
static void drop_each_end_io(struct bio *bio)
{
	struct page *zero = ZERO_PAGE(0);
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter) {
		if (bvec->bv_page == zero)
			put_page(bvec->bv_page);
		else
			put_user_page(bvec->bv_page);
	}
	bio_put(bio);
}

int write_padded_ok(struct block_device *bdev, unsigned long addr)
{
	struct page *page, *zero = ZERO_PAGE(0);
	struct bio *bio;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1) // balanced
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 2);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = drop_each_end_io;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	get_page(zero);
	__bio_add_page(bio, zero, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

/* No reference for the zero page, none dropped: it is always there. */
int write_padded_by_hand_ok(struct block_device *bdev, unsigned long addr)
{
	struct bio *bio = bio_alloc(GFP_KERNEL, 2);
	struct page *page;
	int ret;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1) { // balanced
		bio_put(bio);
		return -EFAULT;
	}
	bio_set_dev(bio, bdev);
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	__bio_add_page(bio, ZERO_PAGE(0), PAGE_SIZE, 0);
	ret = submit_bio_wait(bio);
	put_user_page(page);
	bio_put(bio);
	return ret;
}
