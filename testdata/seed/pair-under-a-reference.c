//@ include: seed/include
// Case 17: a lower driver takes and drops a reference of its own while the GUP reference is held above; and one more
// reference on a page of get_user_pages(), which is what a count with a bias must tell apart.
#include <linux/mm.h>
#include <linux/pagemap.h>

/* The driver below: its pair is its own. */
static void lower_send_ok(struct page *page)
{
	get_page(page);
	flush_dcache_page(page);
	put_page(page);
}

int send_user_ok(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1) // balanced
		return -EFAULT;
	lower_send_ok(page);
	put_user_page(page);
	return 0;
}

/* The pair in one function: each release takes the reference that it fits. */
int extra_reference_ok(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1) // balanced
		return -EFAULT;
	get_page(page);
	flush_dcache_page(page);
	put_user_page(page);
	put_page(page);
	return 0;
}

/* Converted too eagerly: get_page()'s reference is no user's. */
int extra_by_put_user_bad(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	get_page(page);
	flush_dcache_page(page);
	put_user_page(page);
	put_user_page(page); // expect: double-put
	return 0;
}

/* Converted too little: two put_page(), and the bias stays in the count for ever. */
int both_by_put_bad(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	get_page(page);
	flush_dcache_page(page);
	put_page(page);
	put_page(page); // expect: wrong-put
	return 0;
}

/* The driver below keeps its reference, and drops the user's instead: the count is right, the kinds are not. */
static void lower_swap(struct page *page)
{
	get_page(page);
	flush_dcache_page(page);
	put_user_page(page);
}

int send_user_swapped_bad(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	lower_swap(page);
	put_user_page(page); // expect: double-put
	return 0;
}
