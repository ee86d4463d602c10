//@ include: seed/include
// What the seed wants: pages of get_user_pages() go back by put_user_page(), all others by put_page().
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

int converted_ok(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) // balanced
		return -EFAULT;
	put_user_page(page);
	return 0;
}

int not_converted_bad(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	put_page(page); // expect: wrong-put
	return 0;
}

int converted_too_much_bad(struct address_space *mapping, pgoff_t index)
{
	struct page *page = find_get_page(mapping, index);

	if (!page)
		return -ENOENT;
	put_user_page(page); // expect: wrong-put "page cache"
	return 0;
}

int array_ok(unsigned long start, unsigned long n)
{
	struct page **pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	long got;

	if (!pages)
		return -ENOMEM;
	got = get_user_pages(start, n, FOLL_WRITE, pages, NULL); // balanced
	if (got > 0)
		put_user_pages_dirty_lock(pages, got);
	kvfree(pages);
	return got < 0 ? got : 0;
}

int array_bad(unsigned long start, unsigned long n)
{
	struct page **pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	long i, got;

	if (!pages)
		return -ENOMEM;
	got = get_user_pages(start, n, FOLL_WRITE, pages, NULL);
	for (i = 0; i < got; i++)
		put_page(pages[i]); // expect: wrong-put
	kvfree(pages);
	return got < 0 ? got : 0;
}
