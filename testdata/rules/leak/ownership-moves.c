//@ clean
// Ownership moves in ways that a reader must follow: none of this loses a reference.
//@ clean
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/mm.h>

struct object {
	struct kref ref;
	struct page **pages;
	int n_pages;
};

static void object_free(struct kref *ref)
{
	struct object *object = container_of(ref, struct object, ref);

	if (object->pages) {
		unpin_user_pages(object->pages, object->n_pages);
		kvfree(object->pages);
	}
	kfree(object);
}

/* Only what the object does not own yet is released by hand. */
int either_local_or_kref_ok(unsigned long start, int n)
{
	struct object *object = kzalloc(sizeof(*object), GFP_KERNEL);
	struct page **pages = NULL;
	int got = 0, ret = -ENOMEM;

	if (!object)
		return -ENOMEM;
	kref_init(&object->ref);
	pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		goto put;
	got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);
	if (got != n) {
		ret = -EFAULT;
		goto unpin;
	}
	object->pages = pages;
	object->n_pages = n;
	ret = 0;
	goto put;

unpin:
	if (got > 0)
		unpin_user_pages(pages, got);
	kvfree(pages);
put:
	kref_put(&object->ref, object_free);
	return ret;
}

/* The local is cleared when the pages have a new owner. */
int cleared_local_ok(struct object *object, unsigned long start, int n)
{
	struct page **pages;
	int got, ret = 0;

	pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);
	if (got < n) {
		ret = -EFAULT;
		goto out;
	}
	object->n_pages = n;
	object->pages = pages;
	pages = NULL;
out:
	if (pages) {
		if (got > 0)
			unpin_user_pages(pages, got);
		kvfree(pages);
	}
	return ret;
}

void object_put(struct object *object)
{
	kref_put(&object->ref, object_free);
}

/* Taken out under a lock, released after it. */
struct device_state {
	struct mutex lock;
	struct page *notify;
};

static struct device_state state;

int set_notify_ok(unsigned long addr)
{
	struct page *page, *old;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	mutex_lock(&state.lock);
	old = state.notify;
	state.notify = page;
	mutex_unlock(&state.lock);
	if (old)
		put_page(old);
	return 0;
}

void clear_notify_ok(void)
{
	struct page *page;

	mutex_lock(&state.lock);
	page = state.notify;
	state.notify = NULL;
	mutex_unlock(&state.lock);
	if (page)
		put_page(page);
}

/* The better page replaces the first one. */
int replaced_ok(unsigned long addr, bool write)
{
	struct page *page, *writable;

	if (get_user_pages_unlocked(addr, 1, &page, 0) != 1) // balanced
		return -EFAULT;
	if (write && get_user_page_fast_only(addr, FOLL_WRITE, &writable)) {
		put_page(page);
		page = writable;
	}
	SetPageDirty(page);
	put_page(page);
	return 0;
}

/* Dropped at once: something else keeps the page alive; only its address is used from here on. */
void *address_of_ok(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1) // balanced
		return NULL;
	put_page(page);
	return page_address(page);
}
