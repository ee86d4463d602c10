// An error code in a pointer is no page: whoever releases it goes by an address of the last page of memory.
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

struct page *make_page(struct address_space *mapping, unsigned long index);

int first_page_bad(unsigned long start)
{
	struct page *page;
	int got = get_user_pages_fast(start, 1, 0, &page);

	if (got != 1)
		page = ERR_PTR(-EFAULT);
	put_page(page); // expect: unowned-put "error code"
	return got;
}

int first_page_ok(unsigned long start)
{
	struct page *page;
	int got = get_user_pages_fast(start, 1, 0, &page); // balanced

	if (got != 1)
		page = ERR_PTR(-EFAULT);
	if (!IS_ERR(page))
		put_page(page);
	return got;
}

/* The code that may be passed over stays in the variable, and the next turn takes it for a page. */
int fill_range_bad(struct address_space *mapping, unsigned long nr)
{
	struct page *page = NULL;
	unsigned long i = 0;
	int ret;

	while (i < nr) {
		if (page) {
			put_page(page); // expect: unowned-put "error code"
			page = NULL;
		}
		page = find_get_page(mapping, i);
		if (!page) {
			page = make_page(mapping, i);
			if (IS_ERR(page)) {
				ret = PTR_ERR(page);
				if (ret != -EBUSY)
					return ret;
			}
		}
		i++;
	}
	return 0;
}

int fill_range_ok(struct address_space *mapping, unsigned long nr)
{
	struct page *page = NULL;
	unsigned long i = 0;
	int ret;

	while (i < nr) {
		if (page) {
			put_page(page);
			page = NULL;
		}
		page = find_get_page(mapping, i);
		if (!page) {
			page = make_page(mapping, i);
			if (IS_ERR(page)) {
				ret = PTR_ERR(page);
				if (ret != -EBUSY)
					return ret;
				page = NULL;
			}
		}
		i++;
	}
	return 0;
}

/* The acquisition before has nothing to do with it. */
int user_then_made_bad(struct address_space *mapping, unsigned long start)
{
	struct page *user, *page;

	if (get_user_pages_fast(start, 1, 0, &user) == 1) // balanced
		put_page(user);
	page = make_page(mapping, 0);
	if (IS_ERR(page))
		put_page(page); // expect: unowned-put "error code"
	return 0;
}

/* What callers give is their business: this only warns. */
void release_given_ok(struct page *page)
{
	WARN_ON(IS_ERR(page));
	put_page(page);
}
