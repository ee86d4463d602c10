// A helper adds to a count that its caller hands in; the caller releases that many, whatever the helper returned.
#include <linux/mm.h>
#include <linux/slab.h>

struct span {
	unsigned long addr;
	unsigned int n;
};

static int lock_spans(struct span *spans, unsigned int n_spans, struct page **pages, unsigned int *locked)
{
	unsigned int i;
	int got;

	for (i = 0; i < n_spans; i++) {
		got = pin_user_pages_fast(spans[i].addr, spans[i].n, FOLL_WRITE, pages + *locked);
		if (got <= 0)
			return got ? : -EFAULT;
		*locked += got;
	}
	return 0;
}

static void unlock_spans(struct page **pages, unsigned int n)
{
	unpin_user_pages_dirty_lock(pages, n, true);
}

int spans_ok(struct span *spans, unsigned int n_spans, unsigned int n_pages)
{
	struct page **pages = kcalloc(n_pages, sizeof(*pages), GFP_KERNEL);
	unsigned int locked = 0;
	int ret;

	if (!pages)
		return -ENOMEM;
	ret = lock_spans(spans, n_spans, pages, &locked);
	unlock_spans(pages, locked);
	kfree(pages);
	return ret;
}

/* Here the failure is taken for "nothing was locked". */
int spans_bad(struct span *spans, unsigned int n_spans, unsigned int n_pages)
{
	struct page **pages = kcalloc(n_pages, sizeof(*pages), GFP_KERNEL);
	unsigned int locked = 0;
	int ret;

	if (!pages)
		return -ENOMEM;
	ret = lock_spans(spans, n_spans, pages, &locked);
	if (!ret)
		unlock_spans(pages, locked);
	kfree(pages); // expect: leak
	return ret;
}

/* The batch lives in a structure, and the ioctl loop empties it after each segment. */
struct batch {
	struct page *pages[16];
	unsigned int n_pages;
};

static int batch_add(struct batch *batch, unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	batch->pages[batch->n_pages++] = page;
	return 0;
}

static void batch_drop(struct batch *batch)
{
	unpin_user_pages(batch->pages, batch->n_pages);
	batch->n_pages = 0;
}

int segment_ok(unsigned long source, unsigned long target)
{
	struct batch batch = { .n_pages = 0 };
	int ret;

	ret = batch_add(&batch, source);
	if (!ret)
		ret = batch_add(&batch, target);
	batch_drop(&batch);
	return ret;
}

int segment_bad(unsigned long source, unsigned long target)
{
	struct batch batch = { .n_pages = 0 };
	int ret;

	ret = batch_add(&batch, source);
	if (ret)
		return ret;
	ret = batch_add(&batch, target);
	if (ret)
		return ret; // expect: leak
	batch_drop(&batch);
	return 0;
}
