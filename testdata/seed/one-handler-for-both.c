//@ include: seed/include
// Case 3: one handler for the bios of two submitters, of which only one has pages of a user.
#include <linux/bio.h>
#include <linux/pagemap.h>

/* Before: put_page() fitted both. */
static void put_all_end_io_bad(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_page(bvec->bv_page); // expect: end-io-mismatch
	bio_put(bio);
}

int write_user_page(struct block_device *bdev, unsigned long addr)
{
	struct bio *bio;
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = put_all_end_io_bad;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

int write_cached_page(struct block_device *bdev, struct address_space *mapping, pgoff_t index)
{
	struct page *page = find_get_page(mapping, index);
	struct bio *bio;

	if (!page)
		return -ENOENT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = put_all_end_io_bad;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

/* Converted for one of the two: now it is wrong for the other. */
static void put_user_all_end_io_bad(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_user_page(bvec->bv_page); // expect: end-io-mismatch "page cache"
	bio_put(bio);
}

int read_user_page(struct block_device *bdev, unsigned long addr)
{
	struct bio *bio;
	struct page *page;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = put_user_all_end_io_bad;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

int read_cached_page(struct block_device *bdev, struct address_space *mapping, pgoff_t index)
{
	struct page *page = find_get_page(mapping, index);
	struct bio *bio;

	if (!page)
		return -ENOENT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = put_user_all_end_io_bad;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

/* A word beside the bio tells the handler. */
struct io {
	struct bio *bio;
	bool is_gup;
};

static void put_by_origin_end_io_ok(struct bio *bio)
{
	struct io *io = bio->bi_private;
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter) {
		if (io->is_gup)
			put_user_page(bvec->bv_page);
		else
			put_page(bvec->bv_page);
	}
	bio_put(bio);
}

int write_user_page_ok(struct block_device *bdev, struct io *io, unsigned long addr)
{
	struct page *page;
	struct bio *bio;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1) // balanced
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	io->is_gup = true;
	bio->bi_private = io;
	bio->bi_end_io = put_by_origin_end_io_ok;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

int write_cached_page_ok(struct block_device *bdev, struct io *io, struct address_space *mapping, pgoff_t index)
{
	struct page *page = find_get_page(mapping, index);
	struct bio *bio;

	if (!page)
		return -ENOENT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	io->is_gup = false;
	bio->bi_private = io;
	bio->bi_end_io = put_by_origin_end_io_ok;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}
