//@ include: seed/include
// Case 13: where the page of a bio may come from when it is no user's: "there is not one simple story here".
#include <linux/bio.h>
#include <linux/pagemap.h>

/* Allocated, and the reference goes with the bio; the handler's put_page() frees the page. */
static void free_by_put_end_io_ok(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_page(bvec->bv_page);
	bio_put(bio);
}

int write_allocated_ok(struct block_device *bdev)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct bio *bio;

	if (!page)
		return -ENOMEM;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = free_by_put_end_io_ok;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

/* From the page cache, with the look-up's reference. */
int write_cached_ok(struct block_device *bdev, struct address_space *mapping, pgoff_t index)
{
	struct page *page = find_get_page(mapping, index);
	struct bio *bio;

	if (!page)
		return -ENOENT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = free_by_put_end_io_ok;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

/* Of unknown origin: one more reference, which is the bio's, whatever its owner has. */
int write_given_ok(struct block_device *bdev, struct page *page)
{
	struct bio *bio = bio_alloc(GFP_KERNEL, 1);

	bio_set_dev(bio, bdev);
	bio->bi_end_io = free_by_put_end_io_ok;
	get_page(page);
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

/* All three converted by mistake. */
static void converted_end_io_bad(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		// expect: end-io-mismatch "page allocator"
		// expect: end-io-mismatch "page cache"
		// fixme-missing: wrong-put release() leaves get_page()'s reference to other kinds of release: they may drop what the page's owner has
		put_user_page(bvec->bv_page);
	bio_put(bio);
}

int write_allocated_converted(struct block_device *bdev)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct bio *bio;

	if (!page)
		return -ENOMEM;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = converted_end_io_bad;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

int write_cached_converted(struct block_device *bdev, struct address_space *mapping, pgoff_t index)
{
	struct page *page = find_get_page(mapping, index);
	struct bio *bio;

	if (!page)
		return -ENOENT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = converted_end_io_bad;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

int write_given_converted(struct block_device *bdev, struct page *page)
{
	struct bio *bio = bio_alloc(GFP_KERNEL, 1);

	bio_set_dev(bio, bdev);
	bio->bi_end_io = converted_end_io_bad;
	get_page(page);
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

/* The user's page among them keeps its own handler. */
static void drop_user_end_io(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_user_page(bvec->bv_page);
	bio_put(bio);
}

int write_user_ok(struct block_device *bdev, unsigned long addr)
{
	struct page *page;
	struct bio *bio;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1) // balanced
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = drop_user_end_io;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}
