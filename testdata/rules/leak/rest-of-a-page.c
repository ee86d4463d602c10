//@ clean
// What is left of the pages behind the offset in the first one is some: a size of 0 or less means that nothing was obtained.
#include <linux/mm.h>
#include <linux/slab.h>

static ssize_t get_array(unsigned long addr, size_t size, struct page ***pages, size_t *start)
{
	unsigned int n;
	int got;

	*start = addr % PAGE_SIZE;
	addr &= PAGE_MASK;
	n = DIV_ROUND_UP(size + *start, PAGE_SIZE);
	*pages = kvmalloc_array(n, sizeof(struct page *), GFP_KERNEL);
	if (!*pages)
		return -ENOMEM;
	got = get_user_pages_fast(addr, n, 0, *pages);
	if (got <= 0)
		return got;
	return min_t(size_t, size, got * PAGE_SIZE - *start);
}

ssize_t read_once_ok(unsigned long addr, size_t size)
{
	struct page **pages = NULL;
	size_t start;
	ssize_t len;
	int i, n;

	if (!size)
		return 0;
	len = get_array(addr, size, &pages, &start);
	if (len <= 0) {
		kvfree(pages);
		return len;
	}
	n = DIV_ROUND_UP(start + len, PAGE_SIZE);
	for (i = 0; i < n; i++)
		put_page(pages[i]);
	kvfree(pages);
	return len;
}
