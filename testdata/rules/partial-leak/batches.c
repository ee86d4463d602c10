// A batch that came short in the middle of a long range.
#include <linux/mm.h>
#include <linux/slab.h>

/* Earlier batches are undone by the count, which does not hold the short one yet. */
long batch_bad(unsigned long start, unsigned long n)
{
	struct page **pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	unsigned long done = 0, batch;
	long got, ret = 0;

	if (!pages)
		return -ENOMEM;
	while (done < n) {
		batch = min(n - done, 512UL);
		got = pin_user_pages(start + done * PAGE_SIZE, batch, FOLL_WRITE, pages + done);
		if (got != batch) {
			ret = got < 0 ? got : -EFAULT;
			break;
		}
		done += batch;
	}
	unpin_user_pages(pages, done);
	// fixme-extra: count-mismatch told_apart() takes what a release left over before what a short return obtained
	kvfree(pages); // fixme-missing: partial-leak see above
	return ret;
}

long batch_ok(unsigned long start, unsigned long n)
{
	struct page **pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	unsigned long done = 0, batch;
	long got, ret = 0;

	if (!pages)
		return -ENOMEM;
	while (done < n) {
		batch = min(n - done, 512UL);
		got = pin_user_pages(start + done * PAGE_SIZE, batch, FOLL_WRITE, pages + done); // balanced
		if (got > 0)
			done += got;
		if (got != batch) {
			ret = got < 0 ? got : -EFAULT;
			break;
		}
	}
	unpin_user_pages(pages, done);
	kvfree(pages);
	return ret;
}

/* A window: the short batch is released where it fails. */
long window_short_ok(unsigned long start, unsigned long n)
{
	struct page *pages[64];
	unsigned long batch;
	long got;

	while (n) {
		batch = min_t(unsigned long, n, ARRAY_SIZE(pages));
		got = pin_user_pages(start, batch, FOLL_LONGTERM, pages); // balanced
		if (batch != got) {
			if (got < 0)
				return got;
			unpin_user_pages(pages, got);
			return -ENOMEM;
		}
		unpin_user_pages(pages, got);
		start += PFN_PHYS(got);
		n -= got;
	}
	return 0;
}

long window_short_bad(unsigned long start, unsigned long n)
{
	struct page *pages[64];
	unsigned long batch;
	long got;

	while (n) {
		batch = min_t(unsigned long, n, ARRAY_SIZE(pages));
		got = pin_user_pages(start, batch, FOLL_LONGTERM, pages);
		if (batch != got)
			return got < 0 ? got : -ENOMEM; // expect: partial-leak
		unpin_user_pages(pages, got);
		start += PFN_PHYS(got);
		n -= got;
	}
	return 0;
}
