// What an iterator describes, and so whether pages are pinned, is said in a helper with a loop.
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/uio.h>

struct part {
	void *at;
	size_t len;
};

int send(struct page **pages, size_t start, ssize_t bytes);

static void load_kernel(struct iov_iter *iter, struct kvec *kvec, const struct part *part, int n)
{
	size_t size = 0;
	int i;

	for (i = 0; i < n; i++) {
		kvec[i].iov_base = part[i].at;
		kvec[i].iov_len = part[i].len;
		size += part[i].len;
	}
	iov_iter_kvec(iter, ITER_SOURCE, kvec, n, size);
}

/* Of kernel memory nothing is pinned. */
int kernel_ok(struct kvec *kvec, const struct part *part, int n)
{
	struct page *list[8], **pages = list;
	struct iov_iter iter;
	ssize_t bytes;
	size_t start;

	load_kernel(&iter, kvec, part, n);
	bytes = iov_iter_extract_pages(&iter, &pages, 8 * PAGE_SIZE, 8, 0, &start); // balanced
	return bytes < 0 ? bytes : 0;
}

/* One iterator after the other. */
int user_then_kernel_ok(void *user, size_t len, struct kvec *kvec, const struct part *part, int n)
{
	struct page *list[8], **pages = list;
	struct iov_iter iter;
	ssize_t bytes;
	size_t start;

	if (import_ubuf(ITER_SOURCE, user, len, &iter))
		return -EFAULT;
	load_kernel(&iter, kvec, part, n);
	bytes = iov_iter_extract_pages(&iter, &pages, 8 * PAGE_SIZE, 8, 0, &start); // balanced
	return bytes < 0 ? bytes : 0;
}

int kernel_then_user_bad(void *user, size_t len, struct kvec *kvec, const struct part *part, int n)
{
	struct page *list[8], **pages = list;
	struct iov_iter iter;
	ssize_t bytes;
	size_t start;

	load_kernel(&iter, kvec, part, n);
	if (import_ubuf(ITER_SOURCE, user, len, &iter))
		return -EFAULT;
	bytes = iov_iter_extract_pages(&iter, &pages, 8 * PAGE_SIZE, 8, 0, &start);
	return bytes < 0 ? bytes : 0; // expect: leak
}
