//@ include: seed/include
//@ policy: put-user-page
// What a conversion to put_user_page() has to know of each release: who comes there, and what is to stand there.
#include <linux/bio.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

int one_page_bad(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	put_page(page); // expect: wrong-put // converts: gup put_user_page
	return 0;
}

int converted_ok(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	put_user_page(page); // converts: gup
	return 0;
}

int array_in_a_loop_bad(unsigned long start, struct page **pages, int n)
{
	int i, got = get_user_pages_fast(start, n, 0, pages);

	for (i = 0; i < got; i++)
		put_page(pages[i]); // expect: wrong-put // converts: gup put_user_pages
	return got < 0 ? got : 0;
}

int array_at_once_bad(unsigned long start, struct page **pages, int n)
{
	int got = get_user_pages_fast(start, n, 0, pages);

	if (got > 0)
		release_pages(pages, got); // expect: wrong-put // converts: gup put_user_pages
	return got < 0 ? got : 0;
}

/* Marking dirty and dropping become one call. */
int dirty_bad(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	set_page_dirty_lock(page);
	put_page(page); // expect: wrong-put // converts: gup put_user_pages_dirty_lock
	return 0;
}

/* The page beside it comes from the page cache: it stays. */
int neighbours_bad(struct address_space *mapping, unsigned long addr)
{
	struct page *page, *cached = find_get_page(mapping, addr);

	if (!cached)
		return -ENOENT;
	if (get_user_pages_fast(addr, 1, 0, &page) == 1)
		put_page(page); // expect: wrong-put // converts: gup put_user_page
	put_page(cached); // converts: never
	return 0;
}

/* One release for pages of both kinds. */
int mixed_bad(struct address_space *mapping, unsigned long addr, bool user)
{
	struct page *page;

	if (user) {
		if (get_user_pages_fast(addr, 1, 0, &page) != 1)
			return -EFAULT;
	} else {
		page = find_get_page(mapping, addr);
		if (!page)
			return -ENOENT;
	}
	put_page(page); // expect: wrong-put // converts: mixed put_user_page
	return 0;
}

/* All who call it are here, and all pass user pages. */
static void drop_bad(struct page *page)
{
	put_page(page); // expect: wrong-put // expect: wrong-put // converts: gup put_user_page
}

int first_caller(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	drop_bad(page);
	return 0;
}

int second_caller(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	drop_bad(page);
	return 0;
}

/* Who else calls this one, nobody can tell from this file. */
void drop_for_all_bad(struct page *page)
{
	put_page(page); // expect: wrong-put // converts: gup? put_user_page
}

int third_caller(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	drop_for_all_bad(page);
	return 0;
}

/* What is found in a field may be anybody's; of those who leave something there one is known. */
struct kept {
	struct page *page;
};

int keep(struct kept *kept, unsigned long addr)
{
	return get_user_pages_fast(addr, 1, 0, &kept->page) == 1 ? 0 : -EFAULT;
}

void drop_kept_bad(struct kept *kept)
{
	put_page(kept->page); // expect: wrong-put // converts: gup? put_user_page
}

/* Two leave something there, and one release serves both. */
struct shared {
	struct page *page;
};

int share_user(struct shared *shared, unsigned long addr)
{
	return get_user_pages_fast(addr, 1, 0, &shared->page) == 1 ? 0 : -EFAULT;
}

int share_cached(struct shared *shared, struct address_space *mapping, pgoff_t index)
{
	shared->page = find_get_page(mapping, index);
	return shared->page ? 0 : -ENOENT;
}

void drop_shared_bad(struct shared *shared)
{
	put_page(shared->page); // expect: wrong-put // converts: mixed? put_user_page
}
