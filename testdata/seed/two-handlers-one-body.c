//@ include: seed/include
// Case 9: one body of the handler with a flag, two handlers that call it, and the choice where the bio is filled.
#include <linux/bio.h>

static void foo_end_io_common(struct bio *bio, bool gup)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter) {
		if (gup)
			put_user_page(bvec->bv_page);
		else
			put_page(bvec->bv_page); // expect: end-io-mismatch
	}
	bio_put(bio);
}

static void foo_end_io_normal(struct bio *bio)
{
	foo_end_io_common(bio, false);
}

static void foo_end_io_gup(struct bio *bio)
{
	foo_end_io_common(bio, true);
}

/* Chosen by the iterator that fills the bio. */
ssize_t foo_send_ok(struct block_device *bdev, struct iov_iter *iter)
{
	bool is_gup = iov_iter_get_pages_use_gup(iter);
	struct page *page;
	struct bio *bio;
	size_t offset;
	ssize_t bytes = iov_iter_get_pages(iter, &page, PAGE_SIZE, 1, &offset); // balanced

	if (bytes <= 0)
		return bytes;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	if (is_gup)
		bio->bi_end_io = foo_end_io_gup;
	else
		bio->bi_end_io = foo_end_io_normal;
	__bio_add_page(bio, page, bytes, offset);
	submit_bio(bio);
	return bytes;
}

/* The same choice in one expression. */
ssize_t foo_send_briefly_ok(struct block_device *bdev, struct iov_iter *iter)
{
	struct page *page;
	struct bio *bio;
	size_t offset;
	ssize_t bytes = iov_iter_get_pages(iter, &page, PAGE_SIZE, 1, &offset); // balanced

	if (bytes <= 0)
		return bytes;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = iov_iter_get_pages_use_gup(iter) ? foo_end_io_gup : foo_end_io_normal;
	__bio_add_page(bio, page, bytes, offset);
	submit_bio(bio);
	return bytes;
}

/* The wrong one of the two: what is wrong with it shows in the common body. */
int foo_send_user_page(struct block_device *bdev, unsigned long addr)
{
	struct page *page;
	struct bio *bio;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = foo_end_io_normal;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}
