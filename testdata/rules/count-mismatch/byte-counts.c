// Bytes turned into pages by the wrong rounding.
#include <linux/slab.h>
#include <linux/uio.h>

/* Floor: the last page, when only partly used, stays. */
ssize_t floor_bad(struct iov_iter *iter)
{
	struct page *pages[16];
	size_t offset;
	ssize_t bytes = iov_iter_get_pages2(iter, pages, 15 * PAGE_SIZE, 16, &offset);

	if (bytes <= 0)
		return bytes;
	release_pages(pages, (bytes + offset) >> PAGE_SHIFT);
	return bytes; // expect: count-mismatch
}

/* The offset in the first page is forgotten. */
ssize_t offset_forgotten_bad(struct iov_iter *iter)
{
	struct page *pages[16];
	size_t offset;
	ssize_t bytes = iov_iter_get_pages2(iter, pages, 15 * PAGE_SIZE, 16, &offset);

	if (bytes <= 0)
		return bytes;
	release_pages(pages, DIV_ROUND_UP(bytes, PAGE_SIZE));
	return bytes; // expect: count-mismatch
}

ssize_t ceiling_ok(struct iov_iter *iter)
{
	struct page *pages[16];
	size_t offset;
	ssize_t bytes = iov_iter_get_pages2(iter, pages, 15 * PAGE_SIZE, 16, &offset); // balanced

	if (bytes <= 0)
		return bytes;
	release_pages(pages, PFN_UP(bytes + offset));
	return bytes;
}
