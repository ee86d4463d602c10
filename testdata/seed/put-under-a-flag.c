//@ include: seed/include
// Case 15: a helper that marks pages dirty and drops them, how being told by its arguments.
#include <linux/bio.h>
#include <linux/slab.h>

/* One page of a bio_vec: what the series of 2019 adds. */
static void bvec_put_page_dirty(struct bio_vec *bvec, bool is_gup, bool dirty)
{
	struct page *page = bvec->bv_page;

	if (dirty)
		set_page_dirty(page);
	if (is_gup)
		put_user_page(page);
	else
		put_page(page); // expect: end-io-mismatch "get_user_pages_fast"
}

static void read_user_end_io(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		bvec_put_page_dirty(bvec, true, true);
	bio_put(bio);
}

int read_user_ok(struct block_device *bdev, unsigned long addr)
{
	struct page *page;
	struct bio *bio;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) // balanced
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = read_user_end_io;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

/* The two flags have changed places. */
static void write_user_end_io(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		bvec_put_page_dirty(bvec, false, true);
	bio_put(bio);
}

int write_user_mixed_up(struct block_device *bdev, unsigned long addr)
{
	struct page *page;
	struct bio *bio;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	bio = bio_alloc(GFP_KERNEL, 1);
	bio_set_dev(bio, bdev);
	bio->bi_end_io = write_user_end_io;
	__bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
	return 0;
}

/* A whole array, as a file system has it: pages of its own and pages of a user go through the same function. */
static void put_page_vector(struct page **pages, int n_pages, bool dirty)
{
	int i;

	for (i = 0; i < n_pages; i++) {
		if (dirty)
			set_page_dirty_lock(pages[i]);
		put_page(pages[i]); // expect: wrong-put "get_user_pages_fast"
	}
	kvfree(pages);
}

int copy_user_unconverted(unsigned long start, int n)
{
	struct page **pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	int got;

	if (!pages)
		return -ENOMEM;
	got = get_user_pages_fast(start, n, FOLL_WRITE, pages);
	if (got < 0) {
		kvfree(pages);
		return got;
	}
	put_page_vector(pages, got, true);
	return 0;
}

int copy_own_ok(int n)
{
	struct page **pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	int i;

	if (!pages)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		if (!pages[i])
			break;
	}
	put_page_vector(pages, i, false);
	return 0;
}

/* Converted: the vector of a user goes by put_user_pages(). */
static void put_user_page_vector(struct page **pages, int n_pages, bool dirty)
{
	if (dirty)
		put_user_pages_dirty_lock(pages, n_pages);
	else
		put_user_pages(pages, n_pages);
	kvfree(pages);
}

int copy_user_ok(unsigned long start, int n, bool write)
{
	struct page **pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	int got;

	if (!pages)
		return -ENOMEM;
	got = get_user_pages_fast(start, n, write ? FOLL_WRITE : 0, pages); // balanced
	if (got < 0) {
		kvfree(pages);
		return got;
	}
	put_user_page_vector(pages, got, write);
	return 0;
}
