// Several branches that come to one return: each that lost its way to the release is a leak of its own.
#include <linux/device.h>
#include <linux/mm.h>
#include <linux/slab.h>

int two_gotos_bad(struct device *dev, unsigned long addr, int n)
{
	struct page *page;
	dma_addr_t dma;
	int ret = 0;

	if (pin_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	if (n > 4) {
		ret = -EINVAL;
		goto out;
	}
	dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, dma)) {
		ret = -EIO;
		goto out;
	}
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	unpin_user_page(page);
out:
	return ret; // expect: leak // expect: leak
}

/* What is decided after the last chance of a release is no leak of its own. */
int decided_before_bad(struct device *dev, unsigned long addr, int n, bool loud)
{
	struct page *page;
	int ret = 0;

	if (pin_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	if (n > 4) {
		ret = -EINVAL;
		goto out;
	}
	unpin_user_page(page);
out:
	if (loud)
		ret = -EIO;
	return ret; // expect: leak
}

int two_gotos_ok(struct device *dev, unsigned long addr, int n)
{
	struct page *page;
	dma_addr_t dma;
	int ret = 0;

	if (pin_user_pages_fast(addr, 1, 0, &page) != 1) // balanced
		return -EFAULT;
	if (n > 4) {
		ret = -EINVAL;
		goto unpin;
	}
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

struct region {
	struct page **pages;
	unsigned int n;
};

/* What frees the array is common, what drops the pages in it is not. */
long freed_with_pages_bad(struct region *region, unsigned long addr, int n, int max)
{
	int i, ret = 0;

	region->pages = kvcalloc(n, sizeof(*region->pages), GFP_KERNEL);
	if (!region->pages)
		return -ENOMEM;
	if (pin_user_pages_fast(addr, n, 0, region->pages) != n) {
		ret = -EFAULT;
		goto free;
	}
	if (n > max) {
		ret = -EINVAL;
		goto free;
	}
	if (addr & 1) {
		ret = -EIO;
		goto free;
	}
	for (i = 0; i < n; i++)
		unpin_user_page(region->pages[i]);
free:
	kvfree(region->pages); // expect: leak // expect: leak // expect: partial-leak
	region->pages = NULL;
	return ret;
}
