//@ clean
// Objects of one sort hold the user's pages, which are only read, and pages of the kernel's own, which a device writes to.
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>

struct message {
	unsigned int nr;
	struct scatterlist data[16];
};

int message_add_user_ok(struct message *message, unsigned long addr)
{
	struct page *page;

	if (message->nr == 16 || get_user_pages_fast(addr, 1, 0, &page) != 1) // balanced
		return -EFAULT;
	sg_set_page(&message->data[message->nr], page, PAGE_SIZE, 0);
	message->nr++;
	return 0;
}

int message_add_own_ok(struct message *message)
{
	struct page *page;

	if (message->nr == 16)
		return -ENOSPC;
	page = alloc_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	sg_set_page(&message->data[message->nr], page, PAGE_SIZE, 0);
	message->nr++;
	return 0;
}

int encrypt_ok(struct device *dev, struct message *source, struct message *target)
{
	dma_map_sg(dev, source->data, source->nr, DMA_TO_DEVICE);
	return dma_map_sg(dev, target->data, target->nr, DMA_FROM_DEVICE);
}

void message_drop_ok(struct message *message)
{
	while (message->nr > 0)
		put_page(sg_page(&message->data[--message->nr]));
}
