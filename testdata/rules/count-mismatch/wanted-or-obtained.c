// The number wanted is released where the number obtained is meant.
#include <linux/mm.h>
#include <linux/slab.h>

struct transfer {
	struct page **pages;
	unsigned long n_pages;
};

int wanted_on_short_bad(unsigned long start, int n)
{
	struct page **pages = kcalloc(n, sizeof(*pages), GFP_KERNEL);
	int got;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);
	if (got <= 0) {
		kfree(pages);
		return -EFAULT;
	}
	unpin_user_pages(pages, n); // expect: count-mismatch
	kfree(pages);
	return 0;
}

int obtained_on_short_ok(unsigned long start, int n)
{
	struct page **pages = kcalloc(n, sizeof(*pages), GFP_KERNEL);
	int got;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, n, FOLL_WRITE, pages); // balanced
	if (got <= 0) {
		kfree(pages);
		return -EFAULT;
	}
	unpin_user_pages(pages, got);
	kfree(pages);
	return 0;
}

static void transfer_free(struct transfer *transfer)
{
	unpin_user_pages(transfer->pages, transfer->n_pages); // expect: count-mismatch
	kvfree(transfer->pages);
	kfree(transfer);
}

/* The object keeps the number wanted, and the teardown believes it. */
struct transfer *transfer_new(unsigned long start, unsigned long n)
{
	struct transfer *transfer = kzalloc(sizeof(*transfer), GFP_KERNEL);
	long got;

	if (!transfer)
		return ERR_PTR(-ENOMEM);
	transfer->n_pages = n;
	transfer->pages = kvcalloc(n, sizeof(*transfer->pages), GFP_KERNEL);
	if (!transfer->pages) {
		kfree(transfer);
		return ERR_PTR(-ENOMEM);
	}
	got = pin_user_pages_fast(start, n, FOLL_WRITE, transfer->pages);
	if (got < 0) {
		kvfree(transfer->pages);
		kfree(transfer);
		return ERR_PTR(got);
	}
	if (got < n) {
		transfer_free(transfer);
		return ERR_PTR(-EFAULT);
	}
	return transfer;
}

/* Only the last batch is released. */
long last_batch_bad(unsigned long start, unsigned long n)
{
	struct page **pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	unsigned long pinned = 0;
	long got = 0;

	if (!pages)
		return -ENOMEM;
	while (pinned < n) {
		got = pin_user_pages(start + pinned * PAGE_SIZE, n - pinned, 0, pages + pinned);
		if (got <= 0) {
			unpin_user_pages(pages, pinned);
			kvfree(pages);
			return -EFAULT;
		}
		pinned += got;
	}
	unpin_user_pages(pages, got);
	kvfree(pages); // fixme-missing: count-mismatch after the loop nothing but got >= 0 is known of the last batch, so that [0..got) of [0..n) is unclear
	return 0;
}
