// A user page is not the allocator's to free, and an allocated page was never pinned.
#include <linux/device.h>
#include <linux/mm.h>

void clear_page(void *address);
void flush(struct page *page);

int free_user_page_bad(struct device *dev, unsigned long addr)
{
	struct page *page;
	dma_addr_t dma;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_FROM_DEVICE); // expect: get-for-dma
	if (dma_mapping_error(dev, dma)) {
		__free_page(page); // expect: wrong-put "__free_pages"
		return -EIO;
	}
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_FROM_DEVICE);
	set_page_dirty_lock(page);
	put_page(page);
	return 0;
}

int unpin_allocated_bad(gfp_t gfp)
{
	struct page *page = alloc_page(gfp);

	if (!page)
		return -ENOMEM;
	clear_page(page_address(page));
	unpin_user_page(page); // expect: wrong-put
	return 0;
}

int free_allocated_ok(gfp_t gfp)
{
	struct page *page = alloc_page(gfp);

	if (!page)
		return -ENOMEM;
	__free_page(page);
	return 0;
}

/* put_page frees an order-0 page as well. */
int put_allocated_ok(gfp_t gfp)
{
	struct page *page = alloc_page(gfp);

	if (!page)
		return -ENOMEM;
	put_page(page);
	return 0;
}

/* A bounce page or the user's own: two kinds in one variable, told apart again. */
int bounce_or_pin_ok(unsigned long addr, bool bounce)
{
	struct page *page;

	if (bounce) {
		page = alloc_page(GFP_KERNEL);
		if (!page)
			return -ENOMEM;
	} else if (pin_user_pages_fast(addr, 1, 0, &page) != 1) { // balanced
		return -EFAULT;
	}
	flush(page);
	if (bounce)
		__free_page(page);
	else
		unpin_user_page(page);
	return 0;
}
