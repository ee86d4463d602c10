// A wrapper pair of its own file, as drivers with a "mem" module have.
#include <linux/slab.h>
#include "grab.h"

int grab_pages(struct grab *grab, unsigned long start, int n)
{
	int got;

	grab->pages = kvcalloc(n, sizeof(*grab->pages), GFP_KERNEL);
	if (!grab->pages)
		return -ENOMEM;

	got = pin_user_pages_fast(start, n, FOLL_WRITE | FOLL_LONGTERM, grab->pages);
	if (got == n) {
		grab->n_pages = n;
		return 0;
	}
	if (got > 0)
		unpin_user_pages(grab->pages, got);
	kvfree(grab->pages);
	grab->pages = NULL;
	return got < 0 ? got : -EFAULT;
}

void grab_drop(struct grab *grab)
{
	unpin_user_pages_dirty_lock(grab->pages, grab->n_pages, true);
	kvfree(grab->pages);
}
