// What a bio's end_io does may run in an interrupt.
#include <linux/bio.h>
#include <linux/mm.h>

static void end_read_locking(struct bio *bio)
{
	struct page *page = bio->bi_private;

	set_page_dirty_lock(page);
	unpin_user_page(page);
	bio_put(bio);
}

int submit_read_bad(struct block_device *bdev, unsigned long addr)
{
	struct bio *bio;
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	bio = bio_alloc(bdev, 1, REQ_OP_READ, GFP_KERNEL);
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	bio->bi_private = page;
	bio->bi_end_io = end_read_locking;
	submit_bio(bio); // expect: sleeping-release "end_read_locking()"
	return 0;
}

static void end_read(struct bio *bio)
{
	struct page *page = bio->bi_private;

	set_page_dirty(page);
	unpin_user_page(page);
	bio_put(bio);
}

int submit_read_ok(struct block_device *bdev, unsigned long addr)
{
	struct bio *bio;
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	bio = bio_alloc(bdev, 1, REQ_OP_READ, GFP_KERNEL);
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	bio->bi_private = page;
	bio->bi_end_io = end_read;
	submit_bio(bio);
	return 0;
}
