//@ include: seed/include
// Case 18: pages of both kinds, sent as two bios, each with the handler that fits. Nobody has to tell them apart later.
#include <linux/bio.h>
#include <linux/pagemap.h>

static void drop_user_end_io(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_user_page(bvec->bv_page);
	bio_put(bio);
}

static void drop_cached_end_io(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_page(bvec->bv_page);
	bio_put(bio);
}

int write_both_ok(struct block_device *bdev, unsigned long addr, struct address_space *mapping, pgoff_t index)
{
	struct page *user, *cached = find_get_page(mapping, index);
	struct bio *bio;

	if (!cached)
		return -ENOENT;
	if (get_user_pages_fast(addr, 1, 0, &user) != 1) { // balanced
		put_page(cached);
		return -EFAULT;
	}
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = drop_user_end_io;
	__bio_add_page(bio, user, PAGE_SIZE, 0);
	submit_bio(bio);
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = drop_cached_end_io;
	__bio_add_page(bio, cached, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

/* One bio after all, with the handler of one kind. */
static void drop_all_end_io_bad(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_page(bvec->bv_page); // expect: mixed-origin "kind cache and get"
	bio_put(bio);
}

int write_both(struct block_device *bdev, unsigned long addr, struct address_space *mapping, pgoff_t index)
{
	struct page *user, *cached = find_get_page(mapping, index);
	struct bio *bio;

	if (!cached)
		return -ENOENT;
	if (get_user_pages_fast(addr, 1, 0, &user) != 1) {
		put_page(cached);
		return -EFAULT;
	}
	bio = bio_alloc(GFP_KERNEL, 2);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = drop_all_end_io_bad;
	__bio_add_page(bio, user, PAGE_SIZE, 0);
	__bio_add_page(bio, cached, PAGE_SIZE, 0); // told at the release
	submit_bio(bio);
	return 0;
}

/* Two bios, and the handlers have changed places. */
int write_both_crossed_bad(struct block_device *bdev, unsigned long addr, struct address_space *mapping, pgoff_t index)
{
	struct page *user, *cached = find_get_page(mapping, index);
	struct bio *bio;
	int ret;

	if (!cached)
		return -ENOENT;
	if (get_user_pages_fast(addr, 1, 0, &user) != 1) {
		put_page(cached);
		return -EFAULT;
	}
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	__bio_add_page(bio, user, PAGE_SIZE, 0);
	ret = submit_bio_wait(bio);
	put_page(user); // expect: wrong-put "get_user_pages_fast"
	bio_put(bio);
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	__bio_add_page(bio, cached, PAGE_SIZE, 0);
	ret = ret ? ret : submit_bio_wait(bio);
	put_user_page(cached); // expect: wrong-put "page cache"
	bio_put(bio);
	return ret;
}
