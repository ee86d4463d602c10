//@ include: seed/include
// Case 10: pages in a bio whose references are kept elsewhere: whoever took them also drops them, and the bio's handler does
// not touch them. There is nothing to convert in the layer below, and nothing to say of it.
#include <linux/bio.h>
#include <linux/slab.h>

struct request {
	struct page **pages;
	unsigned int n_pages;
	void (*done)(struct request *request);
};

/* The layer below: it lists the pages for the device. */
static void layer_end_io(struct bio *bio)
{
	struct request *request = bio->bi_private;

	request->done(request);
	bio_put(bio);
}

static void layer_submit(struct block_device *bdev, struct request *request)
{
	struct bio *bio = bio_alloc(GFP_KERNEL, request->n_pages);
	unsigned int i;

	bio_set_dev(bio, bdev);
	bio->bi_private = request;
	bio->bi_end_io = layer_end_io;
	for (i = 0; i < request->n_pages; i++)
		__bio_add_page(bio, request->pages[i], PAGE_SIZE, 0);
	submit_bio(bio);
}

/* The layer above: it has taken them, and it drops them. */
static void direct_done_ok(struct request *request)
{
	put_user_pages(request->pages, request->n_pages);
	kvfree(request->pages);
	kfree(request);
}

int direct_write_ok(struct block_device *bdev, unsigned long start, unsigned int n)
{
	struct request *request = kzalloc(sizeof(*request), GFP_KERNEL);
	int got;

	if (!request)
		return -ENOMEM;
	request->pages = kvmalloc_array(n, sizeof(*request->pages), GFP_KERNEL);
	if (!request->pages)
		goto free_request;
	got = get_user_pages_fast(start, n, 0, request->pages); // balanced
	if (got <= 0)
		goto free_pages;
	request->n_pages = got;
	request->done = direct_done_ok;
	layer_submit(bdev, request);
	return 0;

free_pages:
	kvfree(request->pages);
free_request:
	kfree(request);
	return -ENOMEM;
}

/* Simplest of all: taken and dropped around the call of the layer below. */
int direct_write_and_wait_ok(struct block_device *bdev, unsigned long addr)
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

/* Somebody converts the layer below all the same: now they are dropped twice. */
static void put_end_io(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_user_page(bvec->bv_page);
	bio_put(bio);
}

int direct_write_twice_bad(struct block_device *bdev, unsigned long addr)
{
	struct bio *bio = bio_alloc(GFP_KERNEL, 1);
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1) {
		bio_put(bio);
		return -EFAULT;
	}
	bio_set_dev(bio, bdev);
	bio->bi_end_io = put_end_io;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	put_user_page(page); // expect: double-put
	return 0;
}
