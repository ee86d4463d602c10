// A helper returns an object that holds zeroes but for what it wrote there: the count starts at zero.
#include <linux/mm.h>
#include <linux/slab.h>

struct batch {
	int max;
	int nr;
	int first;
	struct page *pages[16];
};

static struct batch *batch_new(int max)
{
	struct batch *batch = kzalloc(sizeof(*batch), GFP_KERNEL);

	if (!batch)
		return NULL;
	batch->max = max;
	return batch;
}

/* The count does not start at zero here. */
static struct batch *batch_with_header(int max)
{
	struct batch *batch = batch_new(max);

	if (batch)
		batch->nr = 1;
	return batch;
}

static int batch_fill(struct batch *batch, unsigned long start, int nr)
{
	int got = pin_user_pages_fast(start, nr, FOLL_WRITE, batch->pages + batch->nr); // balanced

	if (got > 0)
		batch->nr += got;
	return got;
}

static void batch_drain(struct batch *batch, int first)
{
	unpin_user_pages_dirty_lock(batch->pages + first, batch->nr - first, true);
	kfree(batch);
}

int counted_ok(unsigned long start, int nr)
{
	struct batch *batch = batch_new(nr);

	if (!batch)
		return -ENOMEM;
	if (batch_fill(batch, start, nr) <= 0) {
		kfree(batch);
		return -EFAULT;
	}
	batch_drain(batch, 0);
	return 0;
}

int behind_header_ok(unsigned long start, int nr)
{
	struct batch *batch = batch_with_header(nr);

	if (!batch)
		return -ENOMEM;
	if (batch_fill(batch, start, nr) <= 0) {
		kfree(batch);
		return -EFAULT;
	}
	batch_drain(batch, 1);
	return 0;
}

int behind_nothing_bad(unsigned long start, int nr)
{
	struct batch *batch = batch_new(nr);
	int got;

	if (!batch)
		return -ENOMEM;
	got = pin_user_pages_fast(start, nr, FOLL_WRITE, batch->pages + batch->nr);
	if (got > 0) {
		batch->nr += got;
		unpin_user_pages_dirty_lock(batch->pages + 1, batch->nr - 1, true);
	}
	kfree(batch); // expect: count-mismatch "fewer pages are released"
	return 0;
}
