//@ include: seed/include
// Case 6: the current bio is created where there is none, and filled further by whoever comes next, from another iterator.
#include <linux/bio.h>
#include <linux/slab.h>

struct writer {
	struct block_device *bdev;
	struct bio *bio;
	bool is_gup;
};

static void put_user_end_io(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_user_page(bvec->bv_page);
	bio_put(bio);
}

static void put_end_io(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_page(bvec->bv_page);
	bio_put(bio);
}

static void writer_flush(struct writer *writer)
{
	if (!writer->bio)
		return;
	submit_bio(writer->bio);
	writer->bio = NULL;
}

/* The handler is that of the first page; nobody asks whether it fits the second. */
int writer_add_bad(struct writer *writer, struct iov_iter *iter)
{
	struct page *page;
	size_t offset;
	ssize_t bytes = iov_iter_get_pages(iter, &page, PAGE_SIZE, 1, &offset); // unresolved: left in struct writer.bio; no release out of it was found

	if (bytes <= 0)
		return bytes ? bytes : -EFAULT;
	if (!writer->bio) {
		writer->bio = bio_alloc(GFP_KERNEL, 16);
		bio_set_dev(writer->bio, writer->bdev);
		writer->bio->bi_end_io = iov_iter_get_pages_use_gup(iter) ? put_user_end_io : put_end_io;
	}
	// fixme-missing: mixed-origin a deposit in struct writer.bio is settled by class alone, and what submit_bio() in writer_flush() hands on is no withdrawal
	__bio_add_page(writer->bio, page, bytes, offset);
	return 0;
}

void writer_flush_all(struct writer *writer)
{
	writer_flush(writer);
}

/* A bio of the other kind is sent first. */
struct sorted_writer {
	struct block_device *bdev;
	struct bio *bio;
	bool is_gup;
};

static void sorted_writer_flush(struct sorted_writer *writer)
{
	if (!writer->bio)
		return;
	submit_bio(writer->bio);
	writer->bio = NULL;
}

int sorted_writer_add_ok(struct sorted_writer *writer, struct iov_iter *iter)
{
	bool is_gup = iov_iter_get_pages_use_gup(iter);
	struct page *page;
	size_t offset;
	ssize_t bytes = iov_iter_get_pages(iter, &page, PAGE_SIZE, 1, &offset); // unresolved: left in struct sorted_writer.bio; no release out of it was found

	if (bytes <= 0)
		return bytes ? bytes : -EFAULT;
	if (writer->is_gup != is_gup)
		sorted_writer_flush(writer);
	if (!writer->bio) {
		writer->bio = bio_alloc(GFP_KERNEL, 16);
		bio_set_dev(writer->bio, writer->bdev);
		writer->bio->bi_end_io = is_gup ? put_user_end_io : put_end_io;
		writer->is_gup = is_gup;
	}
	__bio_add_page(writer->bio, page, bytes, offset);
	return 0;
}

void sorted_writer_flush_all(struct sorted_writer *writer)
{
	sorted_writer_flush(writer);
}
