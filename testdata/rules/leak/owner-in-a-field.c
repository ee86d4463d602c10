//@ clean
// One piece of storage holds an array and, behind it, what says where the array is. That is kept in a field; whoever finds it there
// takes the references out.
#include <linux/mm.h>
#include <linux/slab.h>

struct pinned {
	struct page **pages;
	long nr;
};

struct transfer {
	struct pinned *remote;
	unsigned long start, nr;
};

static struct pinned *pinned_new(unsigned long start, unsigned long nr)
{
	struct page **pages = kzalloc(nr * sizeof(*pages) + sizeof(struct pinned), GFP_KERNEL);
	struct pinned *pinned;

	if (!pages)
		return NULL;
	pinned = (struct pinned *)(pages + nr);
	pinned->nr = pin_user_pages_fast(start, nr, FOLL_WRITE, pages); // balanced
	if (pinned->nr != nr) {
		if (pinned->nr > 0)
			unpin_user_pages(pages, pinned->nr);
		kfree(pages);
		return NULL;
	}
	pinned->pages = pages;
	return pinned;
}

int transfer_begin_ok(struct transfer *transfer)
{
	transfer->remote = pinned_new(transfer->start, transfer->nr);
	return transfer->remote ? 0 : -ENOMEM;
}

void transfer_end_ok(struct transfer *transfer)
{
	struct pinned *pinned = transfer->remote;

	unpin_user_pages_dirty_lock(pinned->pages, pinned->nr, true);
	kfree(pinned->pages);
}
