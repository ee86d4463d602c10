// A completion that only says that it is done: what it was given stays with who waits for it, or goes to the function that it lets run.
#include <linux/bio.h>
#include <linux/closure.h>
#include <linux/mm.h>

struct read_io {
	struct closure cl;
	int ret;
	struct bio bio;
};

static void read_end_io(struct bio *bio)
{
	struct read_io *io = bio->bi_private;

	if (bio->bi_status)
		io->ret = -EIO;
	closure_put(&io->cl);
}

static void read_done(struct work_struct *work)
{
	struct closure *cl = container_of(work, struct closure, work);
	struct read_io *io = container_of(cl, struct read_io, cl);

	bio_release_pages(&io->bio, false);
	bio_put(&io->bio);
}

static void read_dropping_nothing(struct work_struct *work)
{
	struct closure *cl = container_of(work, struct closure, work);
	struct read_io *io = container_of(cl, struct read_io, cl);

	bio_put(&io->bio);
}

int read_ok(struct bio_set *set, struct iov_iter *iter, bool sync)
{
	struct bio *bio = bio_alloc_bioset(NULL, 16, REQ_OP_READ, GFP_KERNEL, set);
	struct read_io *io = container_of(bio, struct read_io, bio);
	int ret;

	closure_init(&io->cl, NULL);
	if (!sync)
		set_closure_fn(&io->cl, read_done);
	bio->bi_private = io;
	bio->bi_end_io = read_end_io;
	ret = bio_iov_iter_get_pages(bio, iter); // balanced
	if (ret) {
		bio_put(bio);
		return ret;
	}
	submit_bio(bio);
	if (!sync)
		return 0;
	closure_sync(&io->cl);
	ret = io->ret;
	bio_release_pages(bio, false);
	bio_put(bio);
	return ret;
}

/* Nobody drops them where nobody waits. */
int read_unreleased_bad(struct bio_set *set, struct iov_iter *iter, bool sync)
{
	struct bio *bio = bio_alloc_bioset(NULL, 16, REQ_OP_READ, GFP_KERNEL, set);
	struct read_io *io = container_of(bio, struct read_io, bio);
	int ret;

	closure_init(&io->cl, NULL);
	if (!sync)
		set_closure_fn(&io->cl, read_dropping_nothing);
	bio->bi_private = io;
	bio->bi_end_io = read_end_io;
	ret = bio_iov_iter_get_pages(bio, iter);
	if (ret) {
		bio_put(bio);
		return ret;
	}
	submit_bio(bio); // expect: end-io-mismatch "does not release them"
	if (!sync)
		return 0;
	closure_sync(&io->cl);
	bio_release_pages(bio, false);
	bio_put(bio);
	return 0;
}

/* What the completion writes is not what was there before. */
int read_failed_bad(struct bio_set *set, struct iov_iter *iter)
{
	struct bio *bio = bio_alloc_bioset(NULL, 16, REQ_OP_READ, GFP_KERNEL, set);
	struct read_io *io = container_of(bio, struct read_io, bio);
	int ret;

	closure_init(&io->cl, NULL);
	io->ret = 0;
	bio->bi_private = io;
	bio->bi_end_io = read_end_io;
	ret = bio_iov_iter_get_pages(bio, iter);
	if (ret) {
		bio_put(bio);
		return ret;
	}
	submit_bio(bio);
	closure_sync(&io->cl);
	if (io->ret) {
		bio_put(bio); // expect: leak
		return -EIO;
	}
	bio_release_pages(bio, false);
	bio_put(bio);
	return 0;
}

static void read_end_io_of_good(struct bio *bio)
{
	struct read_io *io = bio->bi_private;

	if (bio->bi_status) {
		io->ret = -EIO;
		return;
	}
	closure_put(&io->cl);
}

/* On one path nobody runs who drops them; more than that it is not decided is not said. */
int read_one_path(struct bio_set *set, struct iov_iter *iter)
{
	struct bio *bio = bio_alloc_bioset(NULL, 16, REQ_OP_READ, GFP_KERNEL, set);
	struct read_io *io = container_of(bio, struct read_io, bio);
	int ret;

	closure_init(&io->cl, NULL);
	set_closure_fn(&io->cl, read_done);
	bio->bi_private = io;
	bio->bi_end_io = read_end_io_of_good;
	ret = bio_iov_iter_get_pages(bio, iter); // unresolved: does not release it on every path
	if (ret) {
		bio_put(bio);
		return ret;
	}
	submit_bio(bio);
	return 0;
}

/* A closure without a function puts its parent. */
int read_of_parent_ok(struct bio_set *set, struct iov_iter *iter, struct closure *parent)
{
	struct bio *bio = bio_alloc_bioset(NULL, 16, REQ_OP_READ, GFP_KERNEL, set);
	struct read_io *io = container_of(bio, struct read_io, bio);
	int ret;

	closure_init(&io->cl, parent);
	bio->bi_private = io;
	bio->bi_end_io = read_end_io;
	ret = bio_iov_iter_get_pages(bio, iter); // unresolved: does not release it on every path
	if (ret) {
		bio_put(bio);
		return ret;
	}
	submit_bio(bio);
	return 0;
}

/* Nor where somebody waits, and forgets them. */
int read_waiting_bad(struct bio_set *set, struct iov_iter *iter)
{
	struct bio *bio = bio_alloc_bioset(NULL, 16, REQ_OP_READ, GFP_KERNEL, set);
	struct read_io *io = container_of(bio, struct read_io, bio);
	int ret;

	closure_init(&io->cl, NULL);
	bio->bi_private = io;
	bio->bi_end_io = read_end_io;
	ret = bio_iov_iter_get_pages(bio, iter);
	if (ret) {
		bio_put(bio);
		return ret;
	}
	submit_bio(bio);
	closure_sync(&io->cl);
	bio_put(bio); // expect: leak
	return io->ret;
}

static void part_end_io(struct bio *bio)
{
	read_end_io(bio);
	bio_release_pages(bio, false);
	bio_put(bio);
}

static void part_end_io_dropping_nothing(struct bio *bio)
{
	read_end_io(bio);
	bio_put(bio);
}

/* The first bio of a loop has an end_io function of its own. */
int read_parts_ok(struct bio_set *set, struct iov_iter *iter)
{
	struct bio *bio = bio_alloc_bioset(NULL, 16, REQ_OP_READ, GFP_KERNEL, set);
	struct read_io *io = container_of(bio, struct read_io, bio);
	int ret;

	closure_init(&io->cl, NULL);
	bio->bi_end_io = read_end_io;
	goto start;
	while (iov_iter_count(iter)) {
		bio = bio_alloc_bioset(NULL, 16, REQ_OP_READ, GFP_KERNEL, set);
		bio->bi_end_io = part_end_io;
start:
		bio->bi_private = io;
		ret = bio_iov_iter_get_pages(bio, iter); // balanced
		if (ret) {
			bio->bi_status = 9;
			bio_endio(bio);
			break;
		}
		submit_bio(bio);
	}
	closure_sync(&io->cl);
	ret = io->ret;
	bio_release_pages(&io->bio, false);
	bio_put(&io->bio);
	return ret;
}

int read_parts_bad(struct bio_set *set, struct iov_iter *iter)
{
	struct bio *bio = bio_alloc_bioset(NULL, 16, REQ_OP_READ, GFP_KERNEL, set);
	struct read_io *io = container_of(bio, struct read_io, bio);
	int ret;

	closure_init(&io->cl, NULL);
	bio->bi_end_io = read_end_io;
	goto start;
	while (iov_iter_count(iter)) {
		bio = bio_alloc_bioset(NULL, 16, REQ_OP_READ, GFP_KERNEL, set);
		bio->bi_end_io = part_end_io_dropping_nothing;
start:
		bio->bi_private = io;
		ret = bio_iov_iter_get_pages(bio, iter);
		if (ret) {
			bio->bi_status = 9;
			bio_endio(bio);
			break;
		}
		submit_bio(bio); // expect: end-io-mismatch "does not release them"
	}
	closure_sync(&io->cl);
	ret = io->ret;
	bio_release_pages(&io->bio, false);
	bio_put(&io->bio);
	return ret;
}
