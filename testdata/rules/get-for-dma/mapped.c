// A device, or the kernel, works on what is in the pages: that is what pins are for.
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>

int send_bad(struct device *dev, unsigned long addr)
{
	struct page *page;
	dma_addr_t dma;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE); // expect: get-for-dma "mapped for a device"
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	put_page(page);
	return 0;
}

int send_ok(struct device *dev, unsigned long addr)
{
	struct page *page;
	dma_addr_t dma;

	if (pin_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE);
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	unpin_user_page(page);
	return 0;
}

int send_table_bad(struct device *dev, unsigned long start, int n, struct page **pages)
{
	struct sg_table table;
	int ret, got = get_user_pages_fast(start, n, 0, pages);

	if (got < 0)
		return got;
	ret = sg_alloc_table_from_pages(&table, pages, got, 0, got * PAGE_SIZE, GFP_KERNEL);
	if (!ret) {
		ret = dma_map_sgtable(dev, &table, DMA_TO_DEVICE, 0); // expect: get-for-dma
		if (!ret)
			dma_unmap_sgtable(dev, &table, DMA_TO_DEVICE, 0);
		sg_free_table(&table);
	}
	while (got > 0)
		put_page(pages[--got]);
	return ret;
}

/* Only the struct page matters. */
int node_ok(unsigned long addr)
{
	struct page *page;
	int node;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	node = page_to_nid(page);
	put_page(page);
	return node;
}

/* Written to by the kernel: a hint, of low confidence. */
int poke_bad(unsigned long addr)
{
	struct page *page;
	char *to;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	to = kmap_local_page(page);
	*to = 1; // expect: get-for-dma "written to by the kernel"
	kunmap_local(to);
	set_page_dirty_lock(page);
	put_page(page);
	return 0;
}
