// Kept in an object: whoever takes the pages out again must mark them dirty.
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>

struct channel {
	struct device *dev;
	struct page **pages;
	int n;
	struct sg_table table;
	struct page *notify;
};

int channel_open(struct channel *channel, unsigned long start, int n)
{
	struct page **pages = kmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	int got;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, n, FOLL_WRITE | FOLL_LONGTERM, pages);
	if (got != n) {
		if (got > 0)
			unpin_user_pages(pages, got);
		kfree(pages);
		return -EFAULT;
	}
	channel->pages = pages;
	channel->n = n;
	return 0;
}

int channel_start(struct channel *channel)
{
	int ret = sg_alloc_table_from_pages(&channel->table, channel->pages, channel->n, 0, channel->n * PAGE_SIZE, GFP_KERNEL);

	if (ret)
		return ret;
	return dma_map_sgtable(channel->dev, &channel->table, DMA_FROM_DEVICE, 0);
}

void channel_close_bad(struct channel *channel)
{
	unpin_user_pages(channel->pages, channel->n); // expect: missing-dirty "unpin_user_pages()"
	kfree(channel->pages);
}

struct buffer {
	struct device *dev;
	struct page **pages;
	int n;
	struct sg_table table;
};

int buffer_open(struct buffer *buffer, unsigned long start, int n)
{
	struct page **pages = kmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	int got;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, n, FOLL_WRITE | FOLL_LONGTERM, pages); // balanced
	if (got != n) {
		if (got > 0)
			unpin_user_pages(pages, got);
		kfree(pages);
		return -EFAULT;
	}
	buffer->pages = pages;
	buffer->n = n;
	return 0;
}

int buffer_start(struct buffer *buffer)
{
	int ret = sg_alloc_table_from_pages(&buffer->table, buffer->pages, buffer->n, 0, buffer->n * PAGE_SIZE, GFP_KERNEL);

	if (ret)
		return ret;
	return dma_map_sgtable(buffer->dev, &buffer->table, DMA_FROM_DEVICE, 0);
}

void buffer_close_ok(struct buffer *buffer)
{
	unpin_user_pages_dirty_lock(buffer->pages, buffer->n, true);
	kfree(buffer->pages);
}

/* Only obtained for writing: a hint, of low confidence. */
struct region {
	struct page *page;
};

int region_open(struct region *region, unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE | FOLL_LONGTERM, &page) != 1) // balanced
		return -EFAULT;
	region->page = page;
	return 0;
}

void region_close(struct region *region)
{
	unpin_user_page(region->page); // expect: missing-dirty
}
