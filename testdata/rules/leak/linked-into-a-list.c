// A function without references of its own links an object into a list, by one field or another: whoever takes it out of one of them has
// the pages. Of a list that is walked, all but the first come out of the field that leads on.
#include <linux/bio.h>
#include <linux/mm.h>

struct command {
	struct bio *first;
	struct bio *last;
	unsigned int bytes;
	unsigned int vecs;
};

/* Large enough not to be executed: nothing here is about references. */
static int command_append(struct command *cmd, struct bio *bio)
{
	unsigned int i, vecs = 0;

	for (i = 0; i < bio->bi_vcnt; i++)
		vecs += bio->bi_io_vec[i].bv_len > PAGE_SIZE ? 2 : 1;
	if (!cmd->first) {
		cmd->first = cmd->last = bio;
	} else {
		if (cmd->vecs + vecs > 128)
			return -EINVAL;
		cmd->last->bi_next = bio;
		cmd->last = bio;
	}
	cmd->vecs += vecs;
	cmd->bytes += bio->bi_iter.bi_size;
	return 0;
}

int command_map_ok(struct command *cmd, struct iov_iter *iter)
{
	struct bio *bio = bio_alloc(NULL, 16, REQ_OP_READ, GFP_KERNEL);
	int ret = bio_iov_iter_get_pages(bio, iter); // balanced

	if (!ret)
		ret = command_append(cmd, bio);
	if (ret) {
		bio_release_pages(bio, false);
		bio_put(bio);
	}
	return ret;
}

int command_map_without_release_bad(struct command *cmd, struct iov_iter *iter)
{
	struct bio *bio = bio_alloc(NULL, 16, REQ_OP_READ, GFP_KERNEL);
	int ret = bio_iov_iter_get_pages(bio, iter);

	if (!ret)
		ret = command_append(cmd, bio);
	if (ret)
		bio_put(bio); // expect: leak "is freed while they are held"
	return ret;
}

/* Where it fails it linked nothing: but that is known only of what was executed. */
int command_map_and_forget(struct command *cmd, struct iov_iter *iter)
{
	struct bio *bio = bio_alloc(NULL, 16, REQ_OP_READ, GFP_KERNEL);
	int ret = bio_iov_iter_get_pages(bio, iter); // fixme-missing: leak command_append() may have linked it whatever it returns

	if (ret) {
		bio_put(bio);
		return ret;
	}
	return command_append(cmd, bio);
}

void command_unmap(struct bio *bio)
{
	struct bio *next;

	while (bio) {
		bio_release_pages(bio, false);
		next = bio->bi_next;
		bio_put(bio);
		bio = next;
	}
}

struct report {
	struct bio *newest;
	struct bio *oldest;
	unsigned int number;
};

static void report_append(struct report *report, struct bio *bio)
{
	unsigned int i;

	for (i = 0; i < bio->bi_vcnt; i++)
		report->number += bio->bi_io_vec[i].bv_len;
	if (!report->oldest)
		report->oldest = bio;
	report->newest = bio;
}

/* Nobody takes them out of a report. */
int report_map(struct report *report, struct iov_iter *iter)
{
	struct bio *bio = bio_alloc(NULL, 16, REQ_OP_READ, GFP_KERNEL);
	int ret = bio_iov_iter_get_pages(bio, iter); // unresolved: left in struct report.oldest; no release out of it was found

	if (ret) {
		bio_put(bio);
		return ret;
	}
	report_append(report, bio);
	return 0;
}

void report_drop(struct report *report)
{
	bio_put(report->oldest);
}
