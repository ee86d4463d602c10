// What a function gives, against what its contract says: everybody who calls it releases by the contract.
#include <linux/mm.h>
#include <linux/uio.h>

static int extract_bad(unsigned long start, struct page **pages, unsigned int maxpages)
{
	return get_user_pages_fast(start, maxpages, 0, pages); // expect: wrong-put "iov_iter_extract_pages"
}

/* Said to pin. */
ssize_t iov_iter_extract_pages(struct iov_iter *i, struct page ***pages, size_t maxsize, unsigned int maxpages,
			       unsigned int extraction_flags, size_t *offset0)
{
	int got;

	*offset0 = 0;
	got = extract_bad(maxsize, *pages, maxpages);
	if (got <= 0)
		return got;
	return got * PAGE_SIZE;
}

static int get_ok(unsigned long start, struct page **pages, unsigned int maxpages)
{
	return get_user_pages_fast(start, maxpages, 0, pages); // balanced
}

/* Said to get. */
ssize_t iov_iter_get_pages2(struct iov_iter *i, struct page **pages, size_t maxsize, unsigned maxpages, size_t *start)
{
	int got;

	*start = 0;
	got = get_ok(maxsize, pages, maxpages);
	if (got <= 0)
		return got;
	return got * PAGE_SIZE;
}
