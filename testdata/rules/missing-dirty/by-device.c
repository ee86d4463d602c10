// A device writes to the pages, or may; then somebody must mark them dirty.
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>

int run_transfer(struct device *dev, dma_addr_t dma);

int read_one_bad(struct device *dev, unsigned long addr)
{
	struct page *page;
	dma_addr_t dma;
	int ret;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_FROM_DEVICE);
	ret = run_transfer(dev, dma);
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_FROM_DEVICE);
	unpin_user_page(page); // expect: missing-dirty "unpin_user_page()"
	return ret;
}

int read_one_ok(struct device *dev, unsigned long addr)
{
	struct page *page;
	dma_addr_t dma;
	int ret;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) // balanced
		return -EFAULT;
	dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_FROM_DEVICE);
	ret = run_transfer(dev, dma);
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_FROM_DEVICE);
	set_page_dirty_lock(page);
	unpin_user_page(page);
	return ret;
}

/* Obtained for writing, but the device only reads. */
int write_one_ok(struct device *dev, unsigned long addr)
{
	struct page *page;
	dma_addr_t dma;
	int ret;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE);
	ret = run_transfer(dev, dma);
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	unpin_user_page(page);
	return ret;
}

/* The direction says which; so does the flag of the release. */
int either_ok(struct device *dev, unsigned long addr, enum dma_data_direction dir)
{
	struct page *page;
	dma_addr_t dma;
	int ret;

	if (pin_user_pages_fast(addr, 1, dir == DMA_FROM_DEVICE ? FOLL_WRITE : 0, &page) != 1)
		return -EFAULT;
	dma = dma_map_page(dev, page, 0, PAGE_SIZE, dir);
	ret = run_transfer(dev, dma);
	dma_unmap_page(dev, dma, PAGE_SIZE, dir);
	unpin_user_pages_dirty_lock(&page, 1, dir != DMA_TO_DEVICE);
	return ret;
}

/* The flag the wrong way round. */
int either_bad(struct device *dev, unsigned long addr, enum dma_data_direction dir)
{
	struct page *page;
	dma_addr_t dma;
	int ret;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	dma = dma_map_page(dev, page, 0, PAGE_SIZE, dir);
	ret = run_transfer(dev, dma);
	if (dir == DMA_TO_DEVICE)
		set_page_dirty_lock(page);
	unpin_user_page(page); // expect: missing-dirty
	return ret;
}

/* Nothing was transferred where this fails. */
int fails_early_ok(struct device *dev, unsigned long addr)
{
	struct page *page;
	dma_addr_t dma;
	void *descriptor;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_FROM_DEVICE);
	descriptor = kmalloc(64, GFP_KERNEL);
	if (!descriptor) {
		dma_unmap_page(dev, dma, PAGE_SIZE, DMA_FROM_DEVICE);
		unpin_user_page(page);
		return -ENOMEM;
	}
	run_transfer(dev, dma);
	kfree(descriptor);
	set_page_dirty_lock(page);
	unpin_user_page(page);
	return 0;
}

/* A device that may write: not proven, so not of high confidence. */
int both_ways_bad(struct device *dev, unsigned long addr)
{
	struct page *page;
	dma_addr_t dma;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_BIDIRECTIONAL);
	run_transfer(dev, dma);
	unpin_user_page(page); // expect: missing-dirty
	return 0;
}

int both_ways_for_reading_ok(struct device *dev, unsigned long addr)
{
	struct page *page;
	dma_addr_t dma;

	if (pin_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_BIDIRECTIONAL);
	run_transfer(dev, dma);
	unpin_user_page(page);
	return 0;
}
