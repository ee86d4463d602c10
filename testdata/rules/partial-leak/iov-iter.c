// Fewer bytes than asked for are references all the same.
#include <linux/slab.h>
#include <linux/uio.h>

int all_or_nothing_bad(struct iov_iter *iter, size_t len)
{
	struct page **pages;
	size_t offset;
	ssize_t bytes;

	bytes = iov_iter_get_pages_alloc2(iter, &pages, len, &offset);
	if (bytes < 0)
		return bytes;
	if (bytes != len) {
		kvfree(pages); // expect: partial-leak
		return -EFAULT;
	}
	release_pages(pages, DIV_ROUND_UP(bytes + offset, PAGE_SIZE));
	kvfree(pages);
	return 0;
}

int all_or_nothing_ok(struct iov_iter *iter, size_t len)
{
	struct page **pages;
	size_t offset;
	ssize_t bytes;
	int ret = 0;

	bytes = iov_iter_get_pages_alloc2(iter, &pages, len, &offset); // balanced
	if (bytes <= 0)
		return bytes ? bytes : -EFAULT;
	if (bytes != len)
		ret = -EFAULT;
	release_pages(pages, DIV_ROUND_UP(bytes + offset, PAGE_SIZE));
	kvfree(pages);
	return ret;
}
