#pragma once
// As of 5.2 and 5.3: who allocates a bio names no device, and a bio drops its pages unless BIO_NO_PAGE_REF says that it has none.
#include <linux/bvec.h>
#include <linux/uio.h>

struct block_device;
struct gendisk;
struct bio;
typedef void (bio_end_io_t)(struct bio *bio);
typedef unsigned int blk_qc_t;

struct bio {
	struct bio *bi_next;
	struct gendisk *bi_disk;
	unsigned int bi_opf;
	unsigned short bi_flags;
	blk_status_t bi_status;
	struct bvec_iter bi_iter;
	bio_end_io_t *bi_end_io;
	void *bi_private;
	unsigned short bi_vcnt;
	unsigned short bi_max_vecs;
	struct bio_vec *bi_io_vec;
};

enum {
	BIO_NO_PAGE_REF,
	BIO_SEG_VALID,
	BIO_CLONED,
};

#define REQ_OP_READ 0U
#define REQ_OP_WRITE 1U

static inline bool bio_flagged(struct bio *bio, unsigned int bit)
{
	return bio->bi_flags & (1U << bit);
}

static inline void bio_set_flag(struct bio *bio, unsigned int bit)
{
	bio->bi_flags |= 1U << bit;
}

static inline void bio_clear_flag(struct bio *bio, unsigned int bit)
{
	bio->bi_flags &= ~(1U << bit);
}

static inline void bio_set_dev(struct bio *bio, struct block_device *bdev)
{
	bio->bi_disk = (struct gendisk *)bdev;
}

struct bio_set;
extern struct bio_set fs_bio_set;
struct bio *bio_alloc_bioset(gfp_t gfp_mask, unsigned int nr_iovecs, struct bio_set *bs);

static inline struct bio *bio_alloc(gfp_t gfp_mask, unsigned int nr_iovecs)
{
	return bio_alloc_bioset(gfp_mask, nr_iovecs, &fs_bio_set);
}

void bio_init(struct bio *bio, struct bio_vec *table, unsigned short max_vecs);
void bio_put(struct bio *bio);
struct bio *bio_clone_fast(struct bio *bio, gfp_t gfp_mask, struct bio_set *bs);
struct bio *bio_split(struct bio *bio, int sectors, gfp_t gfp, struct bio_set *bs);
void bio_chain(struct bio *bio, struct bio *parent);

int bio_add_page(struct bio *bio, struct page *page, unsigned int len, unsigned int off);
void __bio_add_page(struct bio *bio, struct page *page, unsigned int len, unsigned int off);
int bio_iov_iter_get_pages(struct bio *bio, struct iov_iter *iter);
void bio_release_pages(struct bio *bio, bool mark_dirty);
void bio_set_pages_dirty(struct bio *bio);
void bio_check_pages_dirty(struct bio *bio);

blk_qc_t submit_bio(struct bio *bio);
blk_qc_t generic_make_request(struct bio *bio);
int submit_bio_wait(struct bio *bio);
void bio_endio(struct bio *bio);

static inline void bio_io_error(struct bio *bio)
{
	bio->bi_status = 10;
	bio_endio(bio);
}

/* Every page that was put into the bio, one by one. */
struct bio_vec *bvec_init_iter_all(struct bvec_iter_all *iter_all);
bool bio_next_segment(const struct bio *bio, struct bvec_iter_all *iter);
#define bio_for_each_segment_all(bvec, bio, iter_all)	\
	for (bvec = bvec_init_iter_all(&iter_all); bio_next_segment((bio), &iter_all);)
