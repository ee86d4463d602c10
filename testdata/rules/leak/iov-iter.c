// Byte counts: what an iterator yields is pages(ret, offset) references.
#include <linux/slab.h>
#include <linux/uio.h>

void flush(struct page *page);

ssize_t send_bad(struct iov_iter *iter)
{
	struct page **pages;
	size_t offset;
	ssize_t bytes;

	bytes = iov_iter_get_pages_alloc2(iter, &pages, 1 << 20, &offset);
	if (bytes <= 0)
		return bytes;
	flush(pages[0]);
	kvfree(pages); // expect: leak
	return bytes;
}

ssize_t send_ok(struct iov_iter *iter)
{
	struct page **pages;
	size_t offset;
	ssize_t bytes;
	int i, n;

	bytes = iov_iter_get_pages_alloc2(iter, &pages, 1 << 20, &offset); // balanced
	if (bytes <= 0)
		return bytes;
	n = DIV_ROUND_UP(bytes + offset, PAGE_SIZE);
	flush(pages[0]);
	for (i = 0; i < n; i++)
		put_page(pages[i]);
	kvfree(pages);
	return bytes;
}

/* The rounding spelled out. */
ssize_t send_shift_ok(struct iov_iter *iter)
{
	struct page *pages[16];
	size_t offset;
	ssize_t bytes = iov_iter_get_pages2(iter, pages, 15 * PAGE_SIZE, 16, &offset); // balanced
	int n;

	if (bytes <= 0)
		return bytes;
	n = (bytes + offset + PAGE_SIZE - 1) >> PAGE_SHIFT;
	release_pages(pages, n);
	return bytes;
}

/* Extraction pins only what user memory backs. */
ssize_t extract_ok(struct iov_iter *iter, size_t len)
{
	struct page *stack_pages[8], **pages = stack_pages;
	size_t offset;
	ssize_t bytes = iov_iter_extract_pages(iter, &pages, len, 8, 0, &offset); // balanced

	if (bytes <= 0)
		return bytes;
	flush(pages[0]);
	if (iov_iter_extract_will_pin(iter))
		unpin_user_pages(pages, DIV_ROUND_UP(offset + bytes, PAGE_SIZE));
	return bytes;
}

ssize_t extract_bad(struct iov_iter *iter, size_t len)
{
	struct page *stack_pages[8], **pages = stack_pages;
	size_t offset;
	ssize_t bytes = iov_iter_extract_pages(iter, &pages, len, 8, 0, &offset);

	if (bytes <= 0)
		return bytes;
	flush(pages[0]);
	return bytes; // expect: leak
}
