//@ include: seed/include
//@ policy: put-user-page
// The discussion's question: can the bios that one handler ends hold pages of both kinds?
#include <linux/bio.h>
#include <linux/pagemap.h>

static void both_end_io_bad(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_page(bvec->bv_page); // expect: end-io-mismatch // converts: mixed put_user_page
	bio_put(bio);
}

int write_user(struct block_device *bdev, unsigned long addr)
{
	struct bio *bio;
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = both_end_io_bad;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

int write_cached(struct block_device *bdev, struct address_space *mapping, pgoff_t index)
{
	struct page *page = find_get_page(mapping, index);
	struct bio *bio;

	if (!page)
		return -ENOENT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = both_end_io_bad;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

/* Only user pages were seen. Whoever else gets hold of the handler may do as he likes. */
static void user_end_io_bad(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_page(bvec->bv_page); // expect: end-io-mismatch // converts: gup? put_user_page
	bio_put(bio);
}

int read_user(struct block_device *bdev, unsigned long addr)
{
	struct bio *bio;
	struct page *page;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = user_end_io_bad;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}
