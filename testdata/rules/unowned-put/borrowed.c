// Pages that this code holds no reference on.
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>

/* Where a name of a page comes from proves nothing: the reference may have been taken elsewhere and kept as an address. */
void of_address_ok(void *buffer)
{
	struct page *page = virt_to_page(buffer);

	SetPageDirty(page);
	unpin_user_page(page);
}

/* A page that was handed on belongs to its new owner. */
struct item {
	struct list_head node;
	struct page *page;
};

static LIST_HEAD(items);

int handed_on_bad(unsigned long addr)
{
	struct item *item = kmalloc(sizeof(*item), GFP_KERNEL);

	if (!item)
		return -ENOMEM;
	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &item->page) != 1) {
		kfree(item);
		return -EFAULT;
	}
	list_add_tail(&item->node, &items);
	unpin_user_page(item->page); // fixme-missing: unowned-put what is in a published object stays held by this function as well, so that release() finds it
	return 0;
}

int handed_on_ok(unsigned long addr)
{
	struct item *item = kmalloc(sizeof(*item), GFP_KERNEL);

	if (!item)
		return -ENOMEM;
	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &item->page) != 1) {
		kfree(item);
		return -EFAULT;
	}
	list_add_tail(&item->node, &items);
	return 0;
}

void drain_items(void)
{
	struct item *item, *next;

	list_for_each_entry_safe(item, next, &items, node) {
		list_del(&item->node);
		unpin_user_page(item->page);
		kfree(item);
	}
}

/* The zero page may be unpinned though nobody pinned it. */
int zero_page_ok(unsigned long addr, bool hole)
{
	struct page *page;

	if (hole)
		page = ZERO_PAGE(addr);
	else if (pin_user_pages_fast(addr, 1, 0, &page) != 1) // balanced
		return -EFAULT;
	unpin_user_page(page);
	return 0;
}
