//@ clean
// A callee that changes an object in a way that is not known may have dropped what was kept there: nothing is certain then.
#include <linux/mm.h>
#include <linux/slab.h>

struct user_object {
	struct page **pages;
	int nr, users;
	int marks[16];
};

static void drop_users(struct user_object *obj)
{
	struct page **pages = NULL;

	if (!--obj->users) {
		pages = obj->pages;
		obj->pages = NULL;
	}
	if (pages) {
		unpin_user_pages(pages, obj->nr);
		kfree(pages);
	}
}

static int attach(struct user_object *obj, const void __user *from)
{
	obj->users++;
	if (copy_from_user(obj, from, sizeof(*obj))) {
		drop_users(obj);
		return -EFAULT;
	}
	return 0;
}

int submit_ok(struct user_object *obj, unsigned long start, int n, const void __user *from)
{
	struct page **pages = kcalloc(n, sizeof(*pages), GFP_KERNEL);
	int got, ret = 0;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, n, FOLL_WRITE, pages); // unresolved: a callee changes in a way that is not known
	if (got != n) {
		ret = -EFAULT;
		goto out;
	}
	if (!obj->users) {
		obj->pages = pages;
		obj->nr = got;
		pages = NULL;
		ret = attach(obj, from);
	}
out:
	if (pages) {
		if (got > 0)
			unpin_user_pages(pages, got);
		kfree(pages);
	}
	return ret;
}
