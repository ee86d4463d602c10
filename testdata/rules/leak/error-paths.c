// The early returns and labels where a release was forgotten.
#include <linux/device.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

struct request {
	u64 addr;
	u32 n;
};

int early_return_bad(struct device *dev, unsigned long addr)
{
	struct page *page;
	dma_addr_t dma;

	if (pin_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, dma))
		return -EIO; // expect: leak
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	unpin_user_page(page);
	return 0;
}

int early_return_ok(struct device *dev, unsigned long addr)
{
	struct page *page;
	dma_addr_t dma;
	int ret = 0;

	if (pin_user_pages_fast(addr, 1, 0, &page) != 1) // balanced
		return -EFAULT;
	dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, dma)) {
		ret = -EIO;
		goto unpin;
	}
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
unpin:
	unpin_user_page(page);
	return ret;
}

/* The label above the right one: the array goes, the pages stay. */
int wrong_label_bad(unsigned long start, int n)
{
	struct page **pages;
	void *bounce;
	int got, ret = 0;

	pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);
	if (got != n) {
		ret = -EFAULT;
		goto unpin;
	}
	bounce = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!bounce) {
		ret = -ENOMEM;
		goto free;
	}
	kfree(bounce);
unpin:
	if (got > 0)
		unpin_user_pages(pages, got);
free:
	kvfree(pages); // expect: leak
	return ret;
}

int labels_ok(unsigned long start, int n)
{
	struct page **pages;
	void *bounce;
	int got, ret = 0;

	pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, n, FOLL_WRITE, pages); // balanced
	if (got != n) {
		ret = got < 0 ? got : -EFAULT;
		goto unpin;
	}
	bounce = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!bounce) {
		ret = -ENOMEM;
		goto unpin;
	}
	kfree(bounce);
unpin:
	if (got > 0)
		unpin_user_pages(pages, got);
	kvfree(pages);
	return ret;
}

/* Two acquisitions; when the second fails, the first is forgotten. */
int second_fails_bad(unsigned long src, unsigned long dst)
{
	struct page *from, *to;

	if (pin_user_pages_fast(src, 1, 0, &from) != 1)
		return -EFAULT;
	if (pin_user_pages_fast(dst, 1, FOLL_WRITE, &to) != 1)
		return -EFAULT; // expect: leak
	unpin_user_page(to);
	unpin_user_page(from);
	return 0;
}

int second_fails_ok(unsigned long src, unsigned long dst)
{
	struct page *from, *to;
	int ret = -EFAULT;

	if (pin_user_pages_fast(src, 1, 0, &from) != 1) // balanced
		return -EFAULT;
	if (pin_user_pages_fast(dst, 1, FOLL_WRITE, &to) == 1) { // balanced
		ret = 0;
		unpin_user_page(to);
	}
	unpin_user_page(from);
	return ret;
}

/* A request's own loop: one turn ends early. */
int per_request_bad(struct request *requests, int n)
{
	struct page *page;
	int i;

	for (i = 0; i < n; i++) {
		if (get_user_pages_fast(requests[i].addr, 1, 0, &page) != 1)
			return -EFAULT;
		if (requests[i].n == 0)
			return -EINVAL; // expect: leak
		put_page(page);
	}
	return 0;
}

int per_request_continue_bad(struct request *requests, int n)
{
	struct page *page;
	int i;

	for (i = 0; i < n; i++) {
		if (get_user_pages_fast(requests[i].addr, 1, 0, &page) != 1)
			continue;
		if (requests[i].n == 0) // expect: leak
			continue;
		put_page(page);
	}
	return 0;
}

int per_request_ok(struct request *requests, int n)
{
	struct page *page;
	int i, ret = 0;

	for (i = 0; i < n && !ret; i++) {
		if (get_user_pages_fast(requests[i].addr, 1, 0, &page) != 1)
			return -EFAULT;
		if (requests[i].n == 0)
			ret = -EINVAL;
		put_page(page);
	}
	return ret;
}

/* The signal case among three exits. */
int interrupted_bad(unsigned long start, struct page **pages)
{
	long got = get_user_pages(start, 4, FOLL_WRITE, pages);
	int i;

	if (got < 4) {
		for (i = 0; i < got; i++)
			put_page(pages[i]);
		return -EFAULT;
	}
	if (fatal_signal_pending(current)) {
		kvfree(pages); // expect: leak
		return -EINTR;
	}
	release_pages(pages, 4);
	kvfree(pages);
	return 0;
}
