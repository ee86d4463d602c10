// A list of fragments, of which each knows where its page comes from.
#include <linux/mm.h>
#include <linux/slab.h>

struct fragment {
	struct fragment *next;
	struct page *page;
	bool is_user;
};

static void fragments_free(struct fragment *fragment)
{
	struct fragment *next;

	for (; fragment; fragment = next) {
		next = fragment->next;
		if (fragment->is_user)
			unpin_user_page(fragment->page);
		else
			__free_page(fragment->page);
		kfree(fragment);
	}
}

int one_of_each_ok(unsigned long addr)
{
	struct fragment *head = NULL, *fragment;
	int ret = -ENOMEM;

	fragment = kzalloc(sizeof(*fragment), GFP_KERNEL);
	if (!fragment)
		return -ENOMEM;
	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &fragment->page) != 1) {
		kfree(fragment);
		return -EFAULT;
	}
	fragment->is_user = true;
	head = fragment;

	fragment = kzalloc(sizeof(*fragment), GFP_KERNEL);
	if (!fragment)
		goto free;
	fragment->page = alloc_page(GFP_KERNEL);
	if (!fragment->page) {
		kfree(fragment);
		goto free;
	}
	fragment->next = head;
	head = fragment;
	ret = 0;
free:
	fragments_free(head);
	return ret;
}

/* One fragment, and its flag is never set. */
static void fragment_free(struct fragment *fragment)
{
	if (fragment->is_user)
		unpin_user_page(fragment->page);
	else
		put_page(fragment->page); // expect: wrong-put
	kfree(fragment);
}

int flag_not_set(unsigned long addr)
{
	struct fragment *fragment = kzalloc(sizeof(*fragment), GFP_KERNEL);

	if (!fragment)
		return -ENOMEM;
	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &fragment->page) != 1) {
		kfree(fragment);
		return -EFAULT;
	}
	fragment_free(fragment);
	return 0;
}

int flag_set_ok(unsigned long addr)
{
	struct fragment *fragment = kzalloc(sizeof(*fragment), GFP_KERNEL);

	if (!fragment)
		return -ENOMEM;
	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &fragment->page) != 1) { // balanced
		kfree(fragment);
		return -EFAULT;
	}
	fragment->is_user = true;
	fragment_free(fragment);
	return 0;
}
