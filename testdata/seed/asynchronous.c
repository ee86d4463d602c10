//@ include: seed/include
// Case 2: the pages go with a bio, and the handler that runs at the end of the I/O drops them.
#include <linux/bio.h>

static void drop_user_end_io(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_user_page(bvec->bv_page);
	bio_put(bio);
}

int read_user_ok(struct block_device *bdev, unsigned long addr)
{
	struct bio *bio;
	struct page *page;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) // balanced
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = drop_user_end_io;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

/* Not converted: the handler drops what get_user_pages() took as if the kernel had taken it. */
static void put_end_io_bad(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_page(bvec->bv_page); // expect: end-io-mismatch
	bio_put(bio);
}

int read_user_unconverted(struct block_device *bdev, unsigned long addr)
{
	struct bio *bio;
	struct page *page;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = put_end_io_bad;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

/* Nobody drops anything: the handler only frees the bio. */
static void forget_end_io(struct bio *bio)
{
	bio_put(bio);
}

int read_user_forgotten_bad(struct block_device *bdev, unsigned long addr)
{
	struct bio *bio;
	struct page *page;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = forget_end_io;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio); // expect: end-io-mismatch "forget_end_io() ends what holds references"
	return 0;
}

/* The whole way of direct I/O: many pages, one bio, and a failure before the bio is sent. */
int read_many_ok(struct block_device *bdev, unsigned long start)
{
	struct page *pages[16];
	struct bio *bio;
	int i, n;

	n = get_user_pages_fast(start, 16, FOLL_WRITE, pages); // balanced
	if (n <= 0)
		return -EFAULT;
	bio = bio_alloc(GFP_NOWAIT, 16);
	if (!bio) {
		put_user_pages(pages, n);
		return -ENOMEM;
	}
	bio_set_dev(bio, bdev);
	bio->bi_end_io = drop_user_end_io;
	for (i = 0; i < n; i++)
		__bio_add_page(bio, pages[i], PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

int read_many_bad(struct block_device *bdev, unsigned long start)
{
	struct page *pages[16];
	struct bio *bio;
	int i, n;

	n = get_user_pages_fast(start, 16, FOLL_WRITE, pages);
	if (n <= 0)
		return -EFAULT;
	bio = bio_alloc(GFP_NOWAIT, 16);
	if (!bio)
		return -ENOMEM; // expect: leak
	bio_set_dev(bio, bdev);
	bio->bi_end_io = drop_user_end_io;
	for (i = 0; i < n; i++)
		__bio_add_page(bio, pages[i], PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}
