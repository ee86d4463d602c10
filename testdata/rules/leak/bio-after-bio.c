// A loop that fills one bio after another: what the first was found with, each of the others is found with as well.
#include <linux/bio.h>
#include <linux/uio.h>

static void each_end_io(struct bio *bio)
{
	bio_release_pages(bio, false);
	bio_put(bio);
}

/* Both kinds of iterators: no bio is marked pinned before it was filled. */
int each_bio_ok(struct block_device *bdev, struct iov_iter *iter, int nowait)
{
	struct bio *bio = bio_alloc(bdev, 16, REQ_OP_READ, GFP_KERNEL);
	int ret;

	for (;;) {
		bio->bi_end_io = each_end_io;
		ret = bio_iov_iter_get_pages(bio, iter); // balanced
		if (ret) {
			bio_put(bio);
			return ret;
		}
		if (nowait && iov_iter_count(iter)) {
			bio_release_pages(bio, false);
			bio_put(bio);
			return -EAGAIN;
		}
		submit_bio(bio);
		if (!iov_iter_count(iter))
			return 0;
		bio = bio_alloc(bdev, 16, REQ_OP_READ, GFP_KERNEL);
	}
}

int each_bio_bad(struct block_device *bdev, struct iov_iter *iter, int nowait)
{
	struct bio *bio = bio_alloc(bdev, 16, REQ_OP_READ, GFP_KERNEL);
	int ret;

	for (;;) {
		bio->bi_end_io = each_end_io;
		ret = bio_iov_iter_get_pages(bio, iter);
		if (ret) {
			bio_put(bio);
			return ret;
		}
		if (nowait && iov_iter_count(iter)) {
			bio_put(bio); // expect: leak "freed while they are held"
			return -EAGAIN;
		}
		submit_bio(bio);
		if (!iov_iter_count(iter))
			return 0;
		bio = bio_alloc(bdev, 16, REQ_OP_READ, GFP_KERNEL);
	}
}
