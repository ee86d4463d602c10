//@ include: seed/include
// The seed's own problem: a vector of pages of which somebody else must know later how they were obtained.
#include <linux/slab.h>
#include <linux/uio.h>

struct request {
	struct page **pages;
	unsigned int n_pages;
	bool is_gup;
};

/* The seed's answer: ask the iterator once, and keep the answer beside the pages. */
static int request_fill(struct request *request, struct iov_iter *iter)
{
	size_t offset;
	ssize_t bytes;

	request->is_gup = iov_iter_get_pages_use_gup(iter);
	bytes = iov_iter_get_pages_alloc(iter, &request->pages, 1 << 20, &offset);
	if (bytes <= 0)
		return bytes ? bytes : -EFAULT;
	iov_iter_advance(iter, bytes);
	request->n_pages = DIV_ROUND_UP(bytes + offset, PAGE_SIZE);
	return 0;
}

int drop_by_origin_ok(struct iov_iter *iter)
{
	struct request request;
	unsigned int i;
	int ret = request_fill(&request, iter);

	if (ret)
		return ret;
	if (request.is_gup) {
		put_user_pages(request.pages, request.n_pages);
	} else {
		for (i = 0; i < request.n_pages; i++)
			put_page(request.pages[i]);
	}
	kvfree(request.pages);
	return 0;
}

/* Before: one release for whatever it may be. */
int drop_all_alike_bad(struct iov_iter *iter)
{
	struct request request;
	unsigned int i;
	int ret = request_fill(&request, iter);

	if (ret)
		return ret;
	for (i = 0; i < request.n_pages; i++)
		put_page(request.pages[i]); // expect: wrong-put
	kvfree(request.pages);
	return 0;
}
