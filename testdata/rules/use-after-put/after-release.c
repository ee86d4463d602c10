// The page is somebody else's once the last reference is gone.
#include <linux/highmem.h>
#include <linux/mm.h>

int dirty_after_bad(unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	unpin_user_page(page);
	set_page_dirty_lock(page); // expect: use-after-put
	return 0;
}

int dirty_before_ok(unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	set_page_dirty_lock(page);
	unpin_user_page(page);
	return 0;
}

int write_after_bad(unsigned long addr, const void *from, int len)
{
	struct page *page;
	void *to;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	to = page_address(page);
	put_page(page);
	memcpy(to, from, len); // expect: use-after-put
	return 0;
}

int mapped_after_bad(unsigned long addr, void *to, int len)
{
	struct page *page;
	void *from;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	put_page(page);
	from = kmap_local_page(page); // expect: use-after-put
	memcpy(to, from, len);
	kunmap_local(from);
	return 0;
}

/* Another reference was taken before. */
int still_held_ok(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	get_page(page);
	put_page(page);
	set_page_dirty_lock(page);
	put_page(page);
	return 0;
}

/* All of an array released, one of it used. */
int array_after_bad(unsigned long start, int n, struct page **pages)
{
	int i, got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);

	if (got < 0)
		return got;
	unpin_user_pages(pages, got);
	for (i = 0; i < got; i++)
		set_page_dirty_lock(pages[i]); // expect: use-after-put
	return 0;
}

/* Another page in the same variable. */
int next_page_ok(unsigned long start, int n)
{
	struct page *page;
	int i;

	for (i = 0; i < n; i++) {
		if (pin_user_pages_fast(start + i * PAGE_SIZE, 1, FOLL_WRITE, &page) != 1)
			return -EFAULT;
		set_page_dirty_lock(page);
		unpin_user_page(page);
	}
	return 0;
}

static void dirty_and_drop(struct page *page)
{
	set_page_dirty_lock(page);
	unpin_user_page(page);
}

/* Dropped twice: that is told, not that the second one marks it dirty first. */
int dropped_twice_bad(unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	dirty_and_drop(page);
	dirty_and_drop(page); // expect: double-put
	return 0;
}

/* The number of a page that is gone is only a number. */
unsigned long number_after_ok(unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, 0, &page) != 1)
		return 0;
	unpin_user_page(page);
	return page_to_pfn(page);
}
