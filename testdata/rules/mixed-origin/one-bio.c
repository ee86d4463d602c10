// One bio carries both pinned pages and pages with an ordinary reference.
#include <linux/bio.h>
#include <linux/gfp.h>
#include <linux/mm.h>

int both_kinds_bad(struct block_device *bdev, struct iov_iter *iter)
{
	struct bio *bio = bio_alloc(bdev, 16, REQ_OP_WRITE, GFP_KERNEL);
	struct page *page = alloc_page(GFP_KERNEL);
	int ret;

	if (!page) {
		bio_put(bio);
		return -ENOMEM;
	}
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	ret = bio_iov_iter_get_pages(bio, iter);
	if (ret) {
		__free_page(page);
		goto put;
	}
	ret = submit_bio_wait(bio);
	/* With an iterator that has no pins, only the other page is there: that, too, is told. */
	__bio_release_pages(bio, false); // expect: mixed-origin "references of kind pin and alloc out of one carrier" // expect: wrong-put "pages from the page allocator"
put:
	bio_put(bio);
	return ret;
}

/* One bio for each. */
int two_bios_ok(struct block_device *bdev, struct iov_iter *iter)
{
	struct bio *bio = bio_alloc(bdev, 16, REQ_OP_WRITE, GFP_KERNEL);
	struct bio *other = bio_alloc(bdev, 1, REQ_OP_WRITE, GFP_KERNEL);
	struct page *page = alloc_page(GFP_KERNEL);
	int ret = -ENOMEM;

	if (!page)
		goto put;
	__bio_add_page(other, page, PAGE_SIZE, 0);
	ret = submit_bio_wait(other);
	__free_page(page);
	if (ret)
		goto put;
	ret = bio_iov_iter_get_pages(bio, iter); // balanced
	if (ret)
		goto put;
	ret = submit_bio_wait(bio);
	bio_release_pages(bio, false);
put:
	bio_put(other);
	bio_put(bio);
	return ret;
}
