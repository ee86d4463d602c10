// The page is remembered as a number and recovered for the release.
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>

struct mapping {
	struct list_head node;
	unsigned long pfn;
};

int by_pfn_ok(unsigned long addr)
{
	struct page *page;
	unsigned long pfn;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) // balanced
		return -EFAULT;
	pfn = page_to_pfn(page);
	if (!pfn_valid(pfn))
		pr_err("pfn %lx", pfn);
	unpin_user_page(pfn_to_page(pfn));
	return 0;
}

int by_pfn_bad(unsigned long addr)
{
	struct page *page;
	unsigned long pfn;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	pfn = page_to_pfn(page);
	put_page(pfn_to_page(pfn)); // expect: wrong-put
	return 0;
}

static LIST_HEAD(mappings);

int remember(unsigned long addr)
{
	struct mapping *mapping = kmalloc(sizeof(*mapping), GFP_KERNEL);
	struct page *page;

	if (!mapping)
		return -ENOMEM;
	if (pin_user_pages_fast(addr, 1, FOLL_WRITE | FOLL_LONGTERM, &page) != 1) {
		kfree(mapping);
		return -EFAULT;
	}
	mapping->pfn = page_to_pfn(page);
	list_add(&mapping->node, &mappings);
	return 0;
}

void forget_all_bad(void)
{
	struct mapping *mapping, *next;

	list_for_each_entry_safe(mapping, next, &mappings, node) {
		put_page(pfn_to_page(mapping->pfn)); // expect: wrong-put
		list_del(&mapping->node);
		kfree(mapping);
	}
}
