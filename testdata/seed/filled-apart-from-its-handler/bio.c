//@ include: seed/include
// Case 5, this file: the bio is allocated here, and here it gets its handler. What pages it will have is not to be seen.
#include "segment.h"

static void segment_put_end_io_bad(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		// fixme-missing: wrong-put the summary of segment_open() says that segment->bio is new, and nothing of its bi_end_io
		put_page(bvec->bv_page);
	bio_put(bio);
}

static void segment_put_user_end_io(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bvec;

	bio_for_each_segment_all(bvec, bio, iter)
		put_user_page(bvec->bv_page);
	bio_put(bio);
}

int segment_open(struct segment *segment, struct block_device *bdev, bool is_gup)
{
	segment->bio = bio_alloc(GFP_NOWAIT, 16);
	if (!segment->bio)
		return -ENOMEM;
	bio_set_dev(segment->bio, bdev);
	segment->bio->bi_end_io = is_gup ? segment_put_user_end_io : segment_put_end_io_bad;
	return 0;
}

void segment_submit(struct segment *segment)
{
	submit_bio(segment->bio);
	segment->bio = NULL;
}
