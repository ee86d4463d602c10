// The release stands in a helper, the acquisition in its caller, or the other way round.
#include <linux/mm.h>
#include <linux/slab.h>

static void put_array(struct page **pages, int n)
{
	int i;

	for (i = 0; i < n; i++)
		put_page(pages[i]); // expect: wrong-put
}

int pin_and_put_array(unsigned long start, struct page **pages, int n)
{
	int got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);

	if (got > 0)
		put_array(pages, got);
	return got < 0 ? got : 0;
}

/* The same helper is right for these. */
int get_and_put_array_ok(unsigned long start, struct page **pages, int n)
{
	int got = get_user_pages_fast(start, n, FOLL_WRITE, pages); // balanced

	if (got > 0)
		put_array(pages, got);
	return got < 0 ? got : 0;
}

static void drop_dirty(struct page *page, bool dirty)
{
	if (dirty)
		set_page_dirty_lock(page);
	unpin_user_page(page); // expect: wrong-put
}

static struct page *look_up(unsigned long addr, bool write)
{
	struct page *page = NULL;

	if (get_user_pages_unlocked(addr, 1, &page, write ? FOLL_WRITE : 0) < 1)
		return NULL;
	return page;
}

int get_through_wrapper(unsigned long addr, bool write)
{
	struct page *page = look_up(addr, write);

	if (!page)
		return -EFAULT;
	drop_dirty(page, write);
	return 0;
}

int get_through_wrapper_ok(unsigned long addr, bool write)
{
	struct page *page = look_up(addr, write);

	if (!page)
		return -EFAULT;
	put_page(page);
	return 0;
}

static struct page *look_up_pinned(unsigned long addr)
{
	struct page *page;
	int ret = pin_user_pages_fast(addr, 1, FOLL_WRITE, &page);

	if (ret < 0)
		return ERR_PTR(ret);
	if (ret == 0)
		return ERR_PTR(-EFAULT);
	return page;
}

int err_ptr_wrapper_bad(unsigned long addr)
{
	struct page *page = look_up_pinned(addr);

	if (IS_ERR(page))
		return PTR_ERR(page);
	put_page(page); // expect: wrong-put
	return 0;
}

int err_ptr_wrapper_ok(unsigned long addr)
{
	struct page *page = look_up_pinned(addr);

	if (IS_ERR(page))
		return PTR_ERR(page);
	unpin_user_page(page);
	return 0;
}
