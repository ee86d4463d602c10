//@ include: seed/include
// Case 7: an iterator of whatever type, pages of which go to one common handler.
#include <linux/bio.h>

static void put_end_io_bad(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_page(bvec->bv_page); // expect: end-io-mismatch
	bio_put(bio);
}

/* Callers come with user memory, bvecs, pipes. */
ssize_t send_any(struct block_device *bdev, struct iov_iter *iter)
{
	struct page *page;
	struct bio *bio;
	size_t offset;
	ssize_t bytes = iov_iter_get_pages(iter, &page, PAGE_SIZE, 1, &offset);

	if (bytes <= 0)
		return bytes;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = put_end_io_bad;
	__bio_add_page(bio, page, bytes, offset);
	submit_bio(bio);
	return bytes;
}

static void put_user_end_io_bad(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_user_page(bvec->bv_page); // expect: end-io-mismatch
	bio_put(bio);
}

/* Converted without asking: wrong for a pipe. */
ssize_t send_any_as_user(struct block_device *bdev, struct iov_iter *iter)
{
	struct page *page;
	struct bio *bio;
	size_t offset;
	ssize_t bytes = iov_iter_get_pages(iter, &page, PAGE_SIZE, 1, &offset);

	if (bytes <= 0)
		return bytes;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = put_user_end_io_bad;
	__bio_add_page(bio, page, bytes, offset);
	submit_bio(bio);
	return bytes;
}

static void drop_user_end_io(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_user_page(bvec->bv_page);
	bio_put(bio);
}

/* Only user memory gets here, and the code says so. */
ssize_t send_user_ok(struct block_device *bdev, struct iov_iter *iter)
{
	struct page *page;
	struct bio *bio;
	size_t offset;
	ssize_t bytes;

	if (!iov_iter_get_pages_use_gup(iter))
		return -EINVAL;
	bytes = iov_iter_get_pages(iter, &page, PAGE_SIZE, 1, &offset); // balanced
	if (bytes <= 0)
		return bytes;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = drop_user_end_io;
	__bio_add_page(bio, page, bytes, offset);
	submit_bio(bio);
	return bytes;
}

/* Memory of the kernel by bvecs: an ordinary reference, whoever made the iterator. */
ssize_t send_bvec_ok(struct bio_vec *bvec)
{
	struct iov_iter iter;
	struct page *page;
	size_t offset;
	ssize_t bytes;

	iov_iter_bvec(&iter, ITER_SOURCE, bvec, 1, bvec->bv_len);
	bytes = iov_iter_get_pages(&iter, &page, PAGE_SIZE, 1, &offset); // balanced
	if (bytes <= 0)
		return bytes;
	put_page(page);
	return bytes;
}
