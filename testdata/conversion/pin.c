//@ clean
//@ policy: pin
// From get_user_pages() to pin_user_pages(): both ends change, and only together with all other releases.
#include <linux/mm.h>
#include <linux/pagemap.h>

int both_ends(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	put_page(page); // converts: gup unpin_user_page
	return 0;
}

int pinned(unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	unpin_user_page(page); // converts: gup
	return 0;
}

/* The first release could be converted, but then the second would be wrong for the page of the page cache. */
int shared_release(struct address_space *mapping, unsigned long addr, bool user, bool now)
{
	struct page *page;

	if (user) {
		if (get_user_pages_fast(addr, 1, 0, &page) != 1)
			return -EFAULT;
		if (now) {
			put_page(page); // converts: gup unpin_user_page
			return 0;
		}
	} else {
		page = find_get_page(mapping, addr);
		if (!page)
			return -ENOENT;
	}
	put_page(page); // converts: mixed unpin_user_page
	return 0;
}

/* Dirtied on one path only: what takes a flag does both. */
int perhaps_dirty(unsigned long addr, bool write)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	if (write)
		set_page_dirty_lock(page);
	put_page(page); // converts: gup unpin_user_pages_dirty_lock
	return 0;
}
