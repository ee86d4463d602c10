//@ include: seed/include
// Case 16: clones and parts of a bio share its pages and own none; who filled the bio drops them, once.
#include <linux/bio.h>

static void clone_end_io(struct bio *clone)
{
	struct bio *bio = clone->bi_private;

	bio_put(clone);
	bio_endio(bio);
}

static void drop_user_end_io(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_user_page(bvec->bv_page);
	bio_put(bio);
}

/* As a mapping driver does: the clone goes down, the bio itself ends when the clone has. */
int map_ok(struct bio *bio, struct block_device *below)
{
	struct bio *clone = bio_clone_fast(bio, GFP_KERNEL, &fs_bio_set);

	if (!clone)
		return -ENOMEM;
	bio_set_dev(clone, below);
	clone->bi_private = bio;
	clone->bi_end_io = clone_end_io;
	generic_make_request(clone);
	return 0;
}

int write_user_ok(struct block_device *bdev, struct block_device *below, unsigned long addr)
{
	struct bio *bio, *clone;
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1) // unresolved: handed to clone_end_io()
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = drop_user_end_io;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	clone = bio_clone_fast(bio, GFP_NOWAIT, &fs_bio_set);
	if (!clone) {
		bio_io_error(bio);
		return -ENOMEM;
	}
	bio_set_dev(clone, below);
	clone->bi_private = bio;
	clone->bi_end_io = clone_end_io;
	submit_bio(clone);
	return 0;
}

/* The clone's handler drops them, and then the bio's own does. */
static void clone_drop_end_io(struct bio *clone)
{
	struct bio *bio = clone->bi_private;
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, clone, iter)
		put_user_page(bvec->bv_page);
	bio_put(clone);
	bio_endio(bio);
}

int write_user_twice_bad(struct block_device *bdev, struct block_device *below, unsigned long addr)
{
	struct bio *bio, *clone;
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = drop_user_end_io;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	clone = bio_clone_fast(bio, GFP_NOWAIT, &fs_bio_set);
	if (!clone) {
		bio_io_error(bio);
		return -ENOMEM;
	}
	bio_set_dev(clone, below);
	clone->bi_private = bio;
	clone->bi_end_io = clone_drop_end_io;
	// fixme-missing: double-put later() does not run what clone_drop_end_io() hands on in turn: bio_endio(bio)
	submit_bio(clone);
	return 0;
}

/* Only the clone's handler drops them, and the bio is one that has none: not how it should be done, but balanced. */
static void clone_only_end_io(struct bio *clone)
{
	struct bio *bio = clone->bi_private;
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, clone, iter)
		put_user_page(bvec->bv_page);
	bio_put(clone);
	bio_put(bio);
}

int write_user_by_clone_ok(struct block_device *bdev, unsigned long addr)
{
	struct bio *bio, *clone;
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1) // balanced
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 1);
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	clone = bio_clone_fast(bio, GFP_NOWAIT, &fs_bio_set);
	if (!clone) {
		put_user_page(page);
		bio_put(bio);
		return -ENOMEM;
	}
	bio_set_dev(clone, bdev);
	clone->bi_private = bio;
	clone->bi_end_io = clone_only_end_io;
	submit_bio(clone);
	return 0;
}

/* A bio too large for the device: its front goes first, chained to the rest, whose handler drops all. */
int split_ok(struct block_device *bdev, unsigned long start)
{
	struct page *pages[16];
	struct bio *bio, *front;
	int i, n;

	n = get_user_pages_fast(start, 16, 0, pages); // unresolved: handed to a completion that is not known here
	if (n <= 0)
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 16);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = drop_user_end_io;
	for (i = 0; i < n; i++)
		__bio_add_page(bio, pages[i], PAGE_SIZE, 0);
	if (n > 8) {
		front = bio_split(bio, 64, GFP_KERNEL, &fs_bio_set);
		bio_chain(front, bio);
		generic_make_request(front);
	}
	submit_bio(bio);
	return 0;
}
