// The kernel writes by way of a mapping of its own. A write right after the page was obtained for writing is lost only where
// the page is written back in between: of medium confidence.
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>

int poke_bad(unsigned long addr, const void *from, int len)
{
	struct page *page;
	void *to;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	to = kmap_local_page(page);
	memcpy(to + offset_in_page(addr), from, len);
	kunmap_local(to);
	unpin_user_page(page); // expect: missing-dirty
	return 0;
}

int poke_ok(unsigned long addr, const void *from, int len)
{
	struct page *page;
	void *to;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	to = kmap_local_page(page);
	memcpy(to + offset_in_page(addr), from, len);
	kunmap_local(to);
	unpin_user_pages_dirty_lock(&page, 1, true);
	return 0;
}

int peek_ok(unsigned long addr, void *to, int len)
{
	struct page *page;
	void *from;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	from = kmap_local_page(page);
	memcpy(to, from + offset_in_page(addr), len);
	kunmap_local(from);
	unpin_user_page(page);
	return 0;
}

/* Written as long as somebody keeps it. */
struct doorbell {
	struct page *page;
	bool *flag;
};

int doorbell_open(struct doorbell *bell, unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE | FOLL_LONGTERM, &page) != 1)
		return -EFAULT;
	bell->page = page;
	bell->flag = kmap(page) + offset_in_page(addr);
	*bell->flag = true;
	return 0;
}

void doorbell_close_bad(struct doorbell *bell)
{
	kunmap(bell->page);
	unpin_user_page(bell->page); // expect: missing-dirty
}
