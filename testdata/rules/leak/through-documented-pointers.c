// A call through a field that has a contract does what the contract says, whoever stands there: here, the bio is submitted.
#include <linux/bio.h>
#include <linux/uio.h>

struct iomap_iter;

struct iomap_dio_ops {
	void (*submit_io)(const struct iomap_iter *iter, struct bio *bio, loff_t offset);
};

static void read_end_io(struct bio *bio)
{
	bio_release_pages(bio, true);
	bio_put(bio);
}

static void forgetful_end_io(struct bio *bio)
{
	bio_put(bio);
}

int submit_ok(const struct iomap_dio_ops *ops, struct bio *bio, struct iov_iter *iter)
{
	int ret;

	bio->bi_end_io = read_end_io;
	ret = bio_iov_iter_get_pages(bio, iter); // balanced
	if (ret) {
		bio_put(bio);
		return ret;
	}
	ops->submit_io(NULL, bio, 0);
	return 0;
}

int submit_bad(const struct iomap_dio_ops *ops, struct bio *bio, struct iov_iter *iter)
{
	int ret;

	bio->bi_end_io = forgetful_end_io;
	ret = bio_iov_iter_get_pages(bio, iter);
	if (ret) {
		bio_put(bio);
		return ret;
	}
	ops->submit_io(NULL, bio, 0); // expect: end-io-mismatch "does not release them"
	return 0;
}
