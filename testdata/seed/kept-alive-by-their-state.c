//@ include: seed/include
// Case 11: buffers of a log that never hold pages of a user, and pages that nobody counts because PageLocked or PageWriteback
// keeps them alive. Silence, but for a release that came in with a conversion and belongs to neither.
#include <linux/bio.h>
#include <linux/pagemap.h>

/* A log writes pages of its own, which the handler gives back to where they came from. */
static void log_end_io_ok(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		__free_page(bvec->bv_page);
	bio_put(bio);
}

int log_write_ok(struct block_device *bdev)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct bio *bio;

	if (!page)
		return -ENOMEM;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = log_end_io_ok;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

static void log_converted_end_io_bad(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_user_page(bvec->bv_page); // expect: end-io-mismatch "page allocator"
	bio_put(bio);
}

int log_write_converted(struct block_device *bdev)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct bio *bio;

	if (!page)
		return -ENOMEM;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = log_converted_end_io_bad;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

/* The page cache writes back: the page is in the cache, and stays there while it is under writeback. */
static void writeback_end_io_ok(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		end_page_writeback(bvec->bv_page);
	bio_put(bio);
}

int writeback_page_ok(struct block_device *bdev, struct page *page)
{
	struct bio *bio = bio_alloc(GFP_KERNEL, 1);

	bio_set_dev(bio, bdev);
	bio->bi_end_io = writeback_end_io_ok;
	set_page_writeback(page);
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	unlock_page(page);
	return 0;
}

/* Read ahead: the look-up's reference goes at once, the lock holds the page until the handler unlocks it. */
static void read_end_io_ok(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		unlock_page(bvec->bv_page);
	bio_put(bio);
}

int read_page_ok(struct block_device *bdev, struct address_space *mapping, pgoff_t index)
{
	struct page *page = find_lock_page(mapping, index);
	struct bio *bio;

	if (!page)
		return -ENOENT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = read_end_io_ok;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	put_page(page);
	return 0;
}

/* A release for a page on which no reference was ever taken. */
static void writeback_converted_end_io_bad(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter) {
		end_page_writeback(bvec->bv_page);
		put_user_page(bvec->bv_page); // fixme-missing: end-io-mismatch the page that writeback_page_converted() hands on has no segment, so that later() sees nothing released
	}
	bio_put(bio);
}

int writeback_page_converted(struct block_device *bdev, struct page *page)
{
	struct bio *bio = bio_alloc(GFP_KERNEL, 1);

	bio_set_dev(bio, bdev);
	bio->bi_end_io = writeback_converted_end_io_bad;
	set_page_writeback(page);
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	unlock_page(page);
	return 0;
}

/* The only user pages of this file, with another handler: they do not make those above suspicious. */
int write_user_page_ok(struct block_device *bdev, unsigned long addr)
{
	struct bio *bio = bio_alloc(GFP_KERNEL, 1);
	struct page *page;
	int ret;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1) { // balanced
		bio_put(bio);
		return -EFAULT;
	}
	bio_set_dev(bio, bdev);
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	ret = submit_bio_wait(bio);
	bio_put(bio);
	put_user_page(page);
	return ret;
}
