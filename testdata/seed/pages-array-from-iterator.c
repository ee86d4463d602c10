//@ include: seed/include
// Case 14: iov_iter_get_pages_alloc() gives two things, an array and the references in it. Each has its own end.
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uio.h>

static void drop_pages(struct page **pages, unsigned int n, bool is_gup)
{
	unsigned int i;

	if (is_gup) {
		put_user_pages(pages, n);
		return;
	}
	for (i = 0; i < n; i++)
		put_page(pages[i]);
}

ssize_t both_dropped_ok(struct iov_iter *iter)
{
	bool is_gup = iov_iter_get_pages_use_gup(iter);
	struct page **pages;
	size_t offset;
	ssize_t bytes = iov_iter_get_pages_alloc(iter, &pages, 1 << 20, &offset); // balanced

	if (bytes <= 0)
		return bytes;
	drop_pages(pages, DIV_ROUND_UP(bytes + offset, PAGE_SIZE), is_gup);
	kvfree(pages);
	return bytes;
}

/* The array goes, the pages stay. */
ssize_t array_freed_bad(struct iov_iter *iter)
{
	struct page **pages;
	size_t offset;
	ssize_t bytes = iov_iter_get_pages_alloc(iter, &pages, 1 << 20, &offset);

	if (bytes <= 0)
		return bytes;
	kvfree(pages); // expect: leak
	return bytes;
}

/* The array is the acquisition's, known to nobody else: what is not kept is lost. */
struct request {
	struct page **pages;
};

int no_request_bad(struct iov_iter *iter)
{
	struct request *request;
	struct page **pages;
	size_t offset;
	ssize_t bytes = iov_iter_get_pages_alloc(iter, &pages, 1 << 20, &offset);

	if (bytes <= 0)
		return bytes;
	request = kmalloc(sizeof(*request), GFP_KERNEL);
	if (!request)
		return -ENOMEM; // expect: leak
	request->pages = pages;
	drop_pages(request->pages, DIV_ROUND_UP(bytes + offset, PAGE_SIZE), iov_iter_get_pages_use_gup(iter));
	kvfree(pages);
	kfree(request);
	return 0;
}

/* The pages have moved to an array of the caller's before theirs goes: no leak. */
struct kept {
	struct page *pages[16];
	unsigned int n_pages;
	bool is_gup;
};

ssize_t array_freed_pages_kept_ok(struct kept *kept, struct iov_iter *iter)
{
	struct page **pages;
	size_t offset;
	ssize_t bytes;
	unsigned int i;

	kept->is_gup = iov_iter_get_pages_use_gup(iter);
	bytes = iov_iter_get_pages_alloc(iter, &pages, 15 * PAGE_SIZE, &offset); // balanced
	if (bytes <= 0)
		return bytes;
	kept->n_pages = DIV_ROUND_UP(bytes + offset, PAGE_SIZE);
	for (i = 0; i < kept->n_pages; i++)
		kept->pages[i] = pages[i];
	kvfree(pages);
	return bytes;
}

void kept_drop_ok(struct kept *kept)
{
	drop_pages(kept->pages, kept->n_pages, kept->is_gup);
	kept->n_pages = 0;
}

/* The reverse: the pages go, the array stays for the next round. Memory is lost only if it never goes; that is not ours. */
ssize_t pages_dropped_array_kept_ok(struct page ***array, struct iov_iter *iter)
{
	bool is_gup = iov_iter_get_pages_use_gup(iter);
	size_t offset;
	ssize_t bytes = iov_iter_get_pages_alloc(iter, array, 1 << 20, &offset); // balanced

	if (bytes <= 0)
		return bytes;
	drop_pages(*array, DIV_ROUND_UP(bytes + offset, PAGE_SIZE), is_gup);
	return bytes;
}

/* What is in the array after that is nobody's. */
ssize_t pages_dropped_again_bad(struct iov_iter *iter)
{
	struct page **pages;
	size_t offset;
	ssize_t bytes;
	unsigned int n;

	if (!iov_iter_get_pages_use_gup(iter))
		return -EINVAL;
	bytes = iov_iter_get_pages_alloc(iter, &pages, 1 << 20, &offset);
	if (bytes <= 0)
		return bytes;
	n = DIV_ROUND_UP(bytes + offset, PAGE_SIZE);
	put_user_pages(pages, n);
	if (n > 1)
		put_user_pages(pages, n); // expect: double-put
	kvfree(pages);
	return bytes;
}
