// What an iterator yields depends on what it is made of, and the release must ask.
#include <linux/slab.h>
#include <linux/uio.h>

struct registered {
	struct page **pages;
	size_t n_pages;
	bool is_pinned;
};

/* iov_iter_get_pages takes ordinary references, whatever the iterator. */
ssize_t got_then_unpinned_bad(struct iov_iter *iter)
{
	struct page *pages[16];
	size_t offset;
	ssize_t bytes = iov_iter_get_pages2(iter, pages, 15 * PAGE_SIZE, 16, &offset);

	if (bytes <= 0)
		return bytes;
	unpin_user_pages(pages, DIV_ROUND_UP(bytes + offset, PAGE_SIZE)); // expect: wrong-put
	return bytes;
}

/* Extraction pins user memory and takes nothing of kernel memory. */
ssize_t extracted_then_put_bad(struct iov_iter *iter)
{
	struct page *stack[16], **pages = stack;
	size_t offset, i;
	ssize_t bytes = iov_iter_extract_pages(iter, &pages, 15 * PAGE_SIZE, 16, 0, &offset);

	if (bytes <= 0)
		return bytes;
	if (iov_iter_extract_will_pin(iter)) {
		for (i = 0; i < DIV_ROUND_UP(bytes + offset, PAGE_SIZE); i++)
			put_page(pages[i]); // expect: wrong-put
	}
	return bytes;
}

/* The answer is kept beside the pages, and the teardown reads it. */
int register_ok(struct registered *registered, struct iov_iter *iter, size_t length)
{
	size_t offset;
	ssize_t bytes;

	registered->is_pinned = iov_iter_extract_will_pin(iter);
	registered->pages = kcalloc(iov_iter_npages(iter, INT_MAX), sizeof(*registered->pages), GFP_KERNEL);
	if (!registered->pages)
		return -ENOMEM;
	bytes = iov_iter_extract_pages(iter, &registered->pages, length, INT_MAX, 0, &offset);
	if (bytes <= 0) {
		kfree(registered->pages);
		registered->pages = NULL;
		return -EFAULT;
	}
	registered->n_pages = DIV_ROUND_UP(bytes + offset, PAGE_SIZE);
	if (bytes != length) {
		if (registered->is_pinned)
			unpin_user_pages(registered->pages, registered->n_pages);
		kfree(registered->pages);
		registered->pages = NULL;
		return -EFAULT;
	}
	return 0;
}

void unregister_ok(struct registered *registered)
{
	if (registered->is_pinned)
		unpin_user_pages(registered->pages, registered->n_pages);
	kfree(registered->pages);
}
