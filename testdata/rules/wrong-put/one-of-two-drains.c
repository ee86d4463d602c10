// A field is drained in two places: after an error rightly, at the end by another kind of release.
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>

struct xfer_bad {
	struct page *page;
	struct list_head list;
};

static int xfer_bad_pin(struct xfer_bad *xfer, unsigned long addr)
{
	return get_user_pages_fast(addr, 1, FOLL_WRITE, &xfer->page) == 1 ? 0 : -EFAULT;
}

static void xfer_bad_undo(struct xfer_bad *xfer)
{
	set_page_dirty_lock(xfer->page);
	put_page(xfer->page);
	kfree(xfer);
}

void xfers_bad_free(struct list_head *head)
{
	struct xfer_bad *xfer, *next;

	list_for_each_entry_safe(xfer, next, head, list) {
		set_page_dirty_lock(xfer->page);
		unpin_user_page(xfer->page); // expect: wrong-put "pages from get_user_pages_fast() are released by unpin_user_page()"
		list_del(&xfer->list);
		kfree(xfer);
	}
}

int xfer_bad_start(unsigned long addr, struct list_head *head, int busy)
{
	struct xfer_bad *xfer = kzalloc(sizeof(*xfer), GFP_KERNEL);
	int ret;

	if (!xfer)
		return -ENOMEM;
	ret = xfer_bad_pin(xfer, addr);
	if (ret) {
		kfree(xfer);
		return ret;
	}
	if (busy) {
		xfer_bad_undo(xfer);
		return -EBUSY;
	}
	list_add_tail(&xfer->list, head);
	return 0;
}

// The same with a flag that says which it is: nobody sets it here, but that is no mistake of the release.
struct either_ok {
	struct page *page;
	bool is_pinned;
	struct list_head list;
};

static void either_ok_drop(struct either_ok *either)
{
	set_page_dirty_lock(either->page);
	if (either->is_pinned)
		unpin_user_page(either->page);
	else
		put_page(either->page);
}

void either_free_ok(struct list_head *head)
{
	struct either_ok *either, *next;

	list_for_each_entry_safe(either, next, head, list) {
		either_ok_drop(either);
		list_del(&either->list);
		kfree(either);
	}
}

int either_start_ok(unsigned long addr, struct list_head *head)
{
	struct either_ok *either = kzalloc(sizeof(*either), GFP_KERNEL);

	if (!either)
		return -ENOMEM;
	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &either->page) != 1) {
		kfree(either);
		return -EFAULT;
	}
	list_add_tail(&either->list, head);
	return 0;
}

// Pins come from one place and references from another, and each is dropped where it is known which it is.
struct both_ok {
	struct page *page;
	struct list_head list;
};

void both_free_pinned_ok(struct list_head *pinned)
{
	struct both_ok *both, *next;

	list_for_each_entry_safe(both, next, pinned, list) {
		set_page_dirty_lock(both->page);
		unpin_user_page(both->page);
		list_del(&both->list);
		kfree(both);
	}
}

void both_free_got_ok(struct list_head *got)
{
	struct both_ok *both, *next;

	list_for_each_entry_safe(both, next, got, list) {
		set_page_dirty_lock(both->page);
		put_page(both->page);
		list_del(&both->list);
		kfree(both);
	}
}

int both_start_ok(unsigned long addr, struct list_head *pinned, struct list_head *got, int pin)
{
	struct both_ok *both = kzalloc(sizeof(*both), GFP_KERNEL);

	if (!both)
		return -ENOMEM;
	if (pin) {
		if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &both->page) != 1) {
			kfree(both);
			return -EFAULT;
		}
		list_add_tail(&both->list, pinned);
	} else {
		if (get_user_pages_fast(addr, 1, FOLL_WRITE, &both->page) != 1) {
			kfree(both);
			return -EFAULT;
		}
		list_add_tail(&both->list, got);
	}
	return 0;
}
