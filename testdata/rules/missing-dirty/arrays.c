// Arrays, tables, loops, and helpers that dirty and release under a flag.
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>

static void put_pages_dirty(struct page **pages, int n, bool dirty)
{
	int i;

	for (i = 0; i < n; i++) {
		if (dirty)
			set_page_dirty_lock(pages[i]);
		unpin_user_page(pages[i]);
	}
}

static void put_one(struct page *page, bool dirty)
{
	if (dirty)
		set_page_dirty_lock(page);
	unpin_user_page(page); // expect: missing-dirty
}

static int receive(struct device *dev, struct page **pages, int n)
{
	struct sg_table table;
	int ret = sg_alloc_table_from_pages(&table, pages, n, 0, n * PAGE_SIZE, GFP_KERNEL);

	if (ret)
		return ret;
	ret = dma_map_sgtable(dev, &table, DMA_FROM_DEVICE, 0);
	if (!ret)
		dma_unmap_sgtable(dev, &table, DMA_FROM_DEVICE, 0);
	sg_free_table(&table);
	return ret;
}

int dirty_loop_ok(struct device *dev, unsigned long start, int n, struct page **pages)
{
	int i, ret, got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);

	if (got < 0)
		return got;
	ret = receive(dev, pages, got);
	for (i = 0; i < got; i++)
		set_page_dirty_lock(pages[i]);
	unpin_user_pages(pages, got);
	return ret;
}

int dirty_and_put_loop_ok(struct device *dev, unsigned long start, int n, struct page **pages)
{
	int ret, got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);

	if (got < 0)
		return got;
	ret = receive(dev, pages, got);
	put_pages_dirty(pages, got, true);
	return ret;
}

int no_dirty_loop_bad(struct device *dev, unsigned long start, int n, struct page **pages)
{
	int i, ret, got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);

	if (got < 0)
		return got;
	ret = receive(dev, pages, got);
	for (i = 0; i < got; i++)
		unpin_user_page(pages[i]); // expect: missing-dirty
	return ret;
}

int flag_is_false_bad(struct device *dev, unsigned long start, int n, struct page **pages)
{
	int ret, got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);

	if (got < 0)
		return got;
	ret = receive(dev, pages, got);
	unpin_user_pages_dirty_lock(pages, got, false); // expect: missing-dirty
	return ret;
}

static int map_for_reading(struct device *dev, struct page *page)
{
	dma_addr_t dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_FROM_DEVICE);

	if (dma_mapping_error(dev, dma))
		return -EIO;
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_FROM_DEVICE);
	return 0;
}

/* Found in put_one(). */
int helper_without_flag(struct device *dev, unsigned long addr)
{
	struct page *page;
	int ret;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	ret = map_for_reading(dev, page);
	put_one(page, false);
	return ret;
}

int helper_with_flag_ok(struct device *dev, unsigned long addr)
{
	struct page *page;
	int ret;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	ret = map_for_reading(dev, page);
	put_one(page, true);
	return ret;
}
